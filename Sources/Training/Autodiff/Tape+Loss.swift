internal import TrawlTensors

/// The value of a loss and its derivative by each of the numbers that it is computed from.
public typealias LossAndSlopes = (value: Double, slopes: [Float])

/// How numbers get onto a tape and off it.
extension Tape {
    /// A matrix that has no gradient, such as the inputs of a model.
    ///
    /// - Parameter values: `[rows, columns]`, row-major.
    public func constant(_ values: [Float], rows: Int, columns: Int) -> Variable {
        precondition(values.count == rows * columns, "as many values as rows times columns")
        let x = makeVariable(rows, columns, needsGradient: false)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { x.value.update(from: base, count: source.count) }
        }
        return x
    }

    /// A matrix with a gradient that belongs to no parameter: what was computed in another pass. See `gradient(of:)`.
    ///
    /// - Parameter values: `[rows, columns]`, row-major.
    public func leaf(_ values: [Float], rows: Int, columns: Int) -> Variable {
        precondition(values.count == rows * columns, "as many values as rows times columns")
        let x = makeVariable(rows, columns, needsGradient: true)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { x.value.update(from: base, count: source.count) }
        }
        return x
    }

    /// A copy of the gradient of x, `[rows, columns]`, row-major; nil where x has none. It is complete after `backward`.
    public func gradient(of x: Variable) -> [Float]? {
        require(x)
        return x.gradient.map { Array(UnsafeBufferPointer(start: $0, count: x.count)) }
    }

    /// A copy of the values of x, `[rows, columns]`, row-major.
    public func values(of x: Variable) -> [Float] {
        require(x)
        return Array(UnsafeBufferPointer(start: x.value, count: x.count))
    }

    /// A loss of the values of x that is written in Swift. Several losses of a pass add up.
    ///
    /// - Parameters:
    ///   - scale: The factor of the gradients; the result is not scaled.
    ///   - loss: Gets the values of x, `[rows, columns]`, and returns the loss with its derivative by each of them.
    /// - Returns: The value of the loss.
    public func loss(of x: Variable, scale: Float = 1, _ loss: ([Float]) throws -> LossAndSlopes) rethrows -> Double {
        let (value, slopes) = try loss(values(of: x))
        precondition(slopes.count == x.count, "one slope per value")
        if let gradient = x.gradient {
            slopes.withUnsafeBufferPointer { slopes in
                if let base = slopes.baseAddress { Kernels.addScaled(scale, base, to: gradient, x.count) }
            }
        }
        return value
    }
}
