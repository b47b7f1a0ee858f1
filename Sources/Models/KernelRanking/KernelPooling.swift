internal import CTrawlKernels
internal import Glibc

/// Counts of matches between the n-grams of a query and of a passage, in steps of how much they are alike (K-NRM, Xiong et al.
/// 2017, arXiv 1706.06613):
///
///     phi_k = sum over i of log(1e-6 + sum over j of exp(-(cos_ij - mean_k)^2 / (2 deviation_k^2)))
package struct KernelPooling {
    package let means: UnsafePointer<Float>
    package let deviations: UnsafePointer<Float>
    package let count: Int

    package init(means: UnsafePointer<Float>, deviations: UnsafePointer<Float>, count: Int) {
        (self.means, self.deviations, self.count) = (means, deviations, count)
    }

    /// What a row counts at least, so that its logarithm exists.
    package static let least: Float = 1e-6

    /// - Parameters:
    ///   - cosines: `[rows, columns]`, an n-gram of the query in each row; rows are `stride` apart.
    ///   - scratch: `[columns]`.
    ///   - sums: `[count, rows]`: the sums within the logarithms, without the least.
    ///   - features: `[count]`.
    /// - Complexity: O(count rows columns).
    package func pool(
        _ cosines: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, scratch: UnsafeMutablePointer<Float>,
        sums: UnsafeMutablePointer<Float>, into features: UnsafeMutablePointer<Float>
    ) {
        for kernel in 0..<count {
            var feature: Float = 0
            for row in 0..<rows {
                responses(kernel, cosines + row * stride, columns, into: scratch)
                let sum = Self.sum(scratch, columns)
                sums[kernel * rows + row] = sum
                feature += log(Self.least + sum)
            }
            features[kernel] = feature
        }
    }

    @inline(__always)
    private static func sum(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
        var lanes = SIMD8<Float>.zero
        let whole = count / 8 * 8
        for start in Swift.stride(from: 0, to: whole, by: 8) {
            lanes += UnsafeRawPointer(values + start).loadUnaligned(as: SIMD8<Float>.self)
        }
        return (whole..<count).reduce(lanes.sum()) { $0 + values[$1] }
    }

    /// exp(-(cos - mean)^2 / (2 deviation^2)) of a row of cosines.
    @inline(__always)
    package func responses(
        _ kernel: Int, _ cosines: UnsafePointer<Float>, _ columns: Int, into out: UnsafeMutablePointer<Float>
    ) {
        let (mean, scale) = (means[kernel], -0.5 / (deviations[kernel] * deviations[kernel]))
        for column in 0..<columns {
            let distance = cosines[column] - mean
            out[column] = distance * distance * scale
        }
        trawl_exp(out, columns)
    }
}
