import Foundation
import TrawlCore

/// A range that holds the true value with a given confidence.
public struct ConfidenceInterval: Sendable, Equatable {
    public let low: Double
    public let high: Double

    public init(low: Double, high: Double) { (self.low, self.high) = (low, high) }
}

/// Confidence intervals of means by resampling queries (Efron and Tibshirani 1993).
public struct Bootstrap: Sendable {
    public enum Method: String, CaseIterable, Sendable, Codable {
        /// The quantiles of the resampled means.
        case percentile
        /// The same, corrected for bias and skewness (BCa).
        case bca
    }

    private let columns: [[Double]]
    /// The resampled means of each column, in the order of the samples.
    private let means: [[Double]]

    /// Draws the samples. All columns see the same ones: a column of differences has the difference of the means.
    ///
    /// - Parameters:
    ///   - columns: Lists of equal length, a value for each query.
    ///   - seed: Of the random numbers; the same seed gives the same intervals.
    /// - Complexity: O(samples · values).
    public init(of columns: [[Double]], samples: Int = 10_000, seed: UInt64) {
        self.columns = columns
        let (width, height) = (columns.count, columns.first?.count ?? 0)
        precondition(columns.allSatisfy { $0.count == height }, "columns of different lengths")
        var values = [Double](repeating: 0, count: width * height)
        for (column, list) in columns.enumerated() {
            for (row, value) in list.enumerated() { values[row * width + column] = value }
        }
        var means = columns.map { _ in [Double](repeating: 0, count: height == 0 ? 0 : samples) }
        var random = SplitMix64(seed: seed)
        var sums = [Double](repeating: 0, count: width)
        for sample in 0..<(height == 0 ? 0 : samples) {
            values.withUnsafeBufferPointer { values in
                sums.withUnsafeMutableBufferPointer { sums in
                    sums.update(repeating: 0)
                    for _ in 0..<height {
                        let row = Int(random.next().multipliedFullWidth(by: UInt64(height)).high) * width
                        for column in 0..<width { sums[column] += values[row + column] }
                    }
                }
            }
            for column in 0..<width { means[column][sample] = sums[column] / Double(height) }
        }
        self.means = means
    }

    /// The interval of the mean of `column`.
    ///
    /// - Returns: Nil for fewer than two values. BCa falls back to percentiles where all samples lie on one side of the mean.
    public func interval(_ column: Int, confidence: Double = 0.95, _ method: Method = .bca) -> ConfidenceInterval? {
        let (values, means) = (columns[column], means[column].sorted())
        guard values.count > 1, let first = means.first, let last = means.last else { return nil }
        guard first < last else { return ConfidenceInterval(low: first, high: last) }
        let tail = (1 - confidence) / 2
        let (low, high) =
            switch method {
            case .percentile: (tail, 1 - tail)
            case .bca: Self.corrected(tail, values, means) ?? (tail, 1 - tail)
            }
        return ConfidenceInterval(low: Self.quantile(low, means), high: Self.quantile(high, means))
    }

    /// The percentile interval of the difference of two means, each of which was transformed: f(mean of `second`) - f(mean of `first`).
    ///
    /// - Returns: Nil for fewer than two values.
    public func interval(
        from first: Int, to second: Int, confidence: Double = 0.95, transformedBy transform: (Double) -> Double
    ) -> ConfidenceInterval? {
        guard columns[first].count > 1, !means[first].isEmpty else { return nil }
        let differences = zip(means[first], means[second]).map { transform($1) - transform($0) }.sorted()
        let tail = (1 - confidence) / 2
        return ConfidenceInterval(
            low: Self.quantile(tail, differences), high: Self.quantile(1 - tail, differences))
    }

    /// The shares of samples below the ends of a BCa interval (Efron 1987, doi 10.1080/01621459.1987.10478410).
    private static func corrected(_ tail: Double, _ values: [Double], _ means: [Double]) -> (Double, Double)? {
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        // Means of the same values in another order differ in their last bits.
        let slack = 1e-12 * max(1, abs(mean))
        let below = means.count { $0 < mean - slack }
        let equal = means.count { abs($0 - mean) <= slack }
        let bias = Distributions.normalQuantile((Double(below) + Double(equal) / 2) / Double(means.count))
        // The mean without one value, by the jackknife, differs from the mean by (value - mean) / (count - 1).
        var (cubes, squares) = (0.0, 0.0)
        for value in values {
            let influence = value - mean
            cubes += influence * influence * influence
            squares += influence * influence
        }
        guard bias.isFinite, squares > 0 else { return nil }
        let acceleration = cubes / (6 * pow(squares, 1.5))
        func share(_ p: Double) -> Double {
            let z = bias + Distributions.normalQuantile(p)
            return Distributions.normal(bias + z / (1 - acceleration * z))
        }
        let ends = (share(tail), share(1 - tail))
        return ends.0.isFinite && ends.1.isFinite ? ends : nil
    }

    /// Interpolates between the two nearest of `sorted`, as NumPy does.
    private static func quantile(_ share: Double, _ sorted: [Double]) -> Double {
        let position = min(1, max(0, share)) * Double(sorted.count - 1)
        let below = Int(position)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
    }
}
