internal import TrawlCore
internal import TrawlTensors

/// A matrix of weights that is trained, or frozen.
public final class Parameter {
    /// Its name in the checkpoint. The names of the parameters that are trained together differ.
    public let name: String
    public let rows: Int
    public let columns: Int
    /// Whether it is a vector in the checkpoint, `[columns]`.
    public let isVector: Bool
    /// The factor of the learning rate; 0 for a frozen parameter.
    public let rateFactor: Float
    /// After how many steps it is updated, by the sum of their gradients; at least 1.
    public var interval = 1 { didSet { precondition(interval > 0) } }
    let buffer: FloatBuffer
    private let gradientBuffer: FloatBuffer?

    public var count: Int { rows * columns }
    public var isTrained: Bool { rateFactor > 0 }
    /// The shape in the checkpoint: `[columns]` for a vector, else `[rows, columns]`.
    public var shape: [Int] { isVector ? [columns] : [rows, columns] }

    /// - Parameters:
    ///   - isVector: Whether the checkpoint has it as `[columns]`. Vectors have one row, and weight decay spares them.
    ///   - rateFactor: The factor of the learning rate; 0 for a frozen parameter, which has no gradient.
    ///   - values: `[rows, columns]`, row-major.
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
    /// A copy of the gradient; nil for a frozen parameter.
    public var gradients: [Float]? { gradientBuffer.map { Array(UnsafeBufferPointer(start: $0.base, count: count)) } }

    /// Adds to the gradient, for losses whose gradients are not computed by a `Tape`. A frozen parameter ignores it.
    ///
    /// - Parameter values: `[rows, columns]`, row-major.
    /// - Throws: `TrawlError.incompatible` unless there are `count` values.
    public func addGradients(_ values: [Float]) throws {
        guard values.count == count else {
            throw TrawlError(.incompatible, "the gradient of '\(name)' has \(values.count) values, not \(count)")
        }
        guard let gradient else { return }
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { Kernels.add(base, to: gradient, count) }
        }
    }

    /// - Throws: `TrawlError.incompatible` unless there are `count` values.
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
