internal import TrawlCore
internal import TrawlTensors

/// A vector of weights in single precision.
package struct WeightVector: Sendable {
    private let buffer: FloatBuffer
    package let count: Int
    /// A copy.
    package var values: [Float] { withPointer { Array(UnsafeBufferPointer(start: $0, count: count)) } }

    init(_ values: [Float]) {
        count = values.count
        buffer = FloatBuffer(capacity: values.count)
        values.withUnsafeBufferPointer { source in
            if let source = source.baseAddress { buffer.base.update(from: source, count: values.count) }
        }
    }

    @inline(__always)
    func withPointer<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
        withExtendedLifetime(buffer) { body(UnsafePointer(buffer.base)) }
    }

    init(_ tensor: Tensor, count: Int) throws {
        try tensor.requireShape([count])
        self.init(try tensor.floats())
    }

    /// A row of a matrix.
    init(_ matrix: WeightMatrix, row: Int) {
        count = matrix.columns
        buffer = FloatBuffer(capacity: matrix.columns)
        matrix.decode(row: row, count: 1, into: buffer.base)
    }
}
