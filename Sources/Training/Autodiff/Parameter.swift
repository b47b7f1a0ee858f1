internal import TrawlCore
internal import TrawlTensors

/// A matrix of weights that training may change, or one that it leaves as it is.
public final class Parameter {
    /// Its name in the checkpoint.
    public let name: String
    public let rows: Int
    public let columns: Int
    /// Whether it is a vector in the checkpoint, `[columns]`.
    public let isVector: Bool
    /// What the learning rate is multiplied by; 0 for a parameter that is not trained.
    public let rateFactor: Float
    let buffer: FloatBuffer
    private let gradientBuffer: FloatBuffer?

    public var count: Int { rows * columns }
    public var isTrained: Bool { rateFactor > 0 }

    /// - Parameter values: `[rows, columns]`, row-major; one row makes a vector.
    public init(name: String, rows: Int, columns: Int, isVector: Bool, rateFactor: Float, values: [Float]) {
        precondition(values.count == rows * columns)
        self.name = name
        self.rows = rows
        self.columns = columns
        self.isVector = isVector
        self.rateFactor = rateFactor
        let buffer = FloatBuffer(capacity: rows * columns)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { buffer.base.update(from: base, count: source.count) }
        }
        self.buffer = buffer
        gradientBuffer = rateFactor > 0 ? FloatBuffer(capacity: rows * columns) : nil
        gradientBuffer?.base.update(repeating: 0, count: rows * columns)
    }

    /// A copy of the weights.
    public var values: [Float] { Array(UnsafeBufferPointer(start: buffer.base, count: count)) }
    /// A copy of the gradient; nil when it is not trained.
    public var gradients: [Float]? { gradientBuffer.map { Array(UnsafeBufferPointer(start: $0.base, count: count)) } }

    /// - Throws: `TrawlError.incompatible` when there are not `count` of them.
    public func replaceValues(_ values: [Float]) throws {
        guard values.count == count else {
            throw TrawlError(.incompatible, "the tensor '\(name)' has \(values.count) values, not \(count)")
        }
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { buffer.base.update(from: base, count: count) }
        }
    }

    var value: UnsafeMutablePointer<Float> { buffer.base }
    var gradient: UnsafeMutablePointer<Float>? { gradientBuffer?.base }

    func clearGradient() { gradient?.update(repeating: 0, count: count) }
}
