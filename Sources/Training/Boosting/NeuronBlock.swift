internal import TrawlCore
public import TrawlTensors

/// A few neurons whose weighted sum is added to a prediction: offset + sum of output * activation(bias + weights . x).
public struct NeuronBlock: Sendable, Equatable {
    /// `[units, features]`
    public var weights: [Float]
    /// `[units]`
    public var biases: [Float]
    /// `[units]`
    public var outputs: [Float]
    public var offset: Float
    public let activation: Activation

    /// What the block adds for each row.
    public func values(_ table: FeatureTable) -> [Float] {
        var sums = [Float](repeating: offset, count: table.rows)
        var hidden = [Float](repeating: 0, count: table.rows)
        table.values.withUnsafeBufferPointer { columns in
            sums.withUnsafeMutableBufferPointer { sums in
                hidden.withUnsafeMutableBufferPointer { hidden in
                    guard let columns = columns.baseAddress, let sums = sums.baseAddress,
                        let hidden = hidden.baseAddress
                    else { return }
                    for unit in biases.indices {
                        hidden.update(repeating: biases[unit], count: table.rows)
                        for feature in 0..<table.features {
                            Kernels.addScaled(
                                weights[unit * table.features + feature], columns + feature * table.rows, to: hidden,
                                table.rows)
                        }
                        activation.apply(hidden, table.rows)
                        Kernels.addScaled(outputs[unit], hidden, to: sums, table.rows)
                    }
                }
            }
        }
        return sums
    }

    /// The block times `factor`.
    func scaled(_ factor: Float) -> NeuronBlock {
        var block = self
        block.outputs = outputs.map { $0 * factor }
        block.offset *= factor
        return block
    }
}

/// Fits a block to targets by least squares with a ridge, by L-BFGS from a random start.
public struct BlockFitter: Sendable {
    public var units = 2
    /// tanh, or identity, with which a block is a linear regression.
    public var activation = Activation.tanh
    /// The factor of the sum of squared weights, beside the mean squared error of targets with a variance of 1.
    public var ridge = 1e-3
    public var iterations = 40

    public init() {}

    /// The rows that are computed at once, so that they stay in the cache.
    private static let chunk = 2048

    /// The best block found. Its squared error is at most that of the best constant 0, up to the ridge of the start.
    ///
    /// - Parameter targets: One for each row.
    /// - Complexity: O(iterations x rows x units x features).
    public func fit(_ table: FeatureTable, targets: [Float], seed: UInt64) -> NeuronBlock {
        precondition(targets.count == table.rows && (activation == .tanh || activation == .identity))
        let features = table.features
        var none = NeuronBlock(
            weights: [Float](repeating: 0, count: units * features), biases: [Float](repeating: 0, count: units),
            outputs: [Float](repeating: 0, count: units), offset: 0, activation: activation)
        let square = targets.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, table.rows))
        guard square > 1e-14, features > 0 else { return none }
        // The ridge means the same whatever the scale of the targets.
        let scale = square.squareRoot()
        let scaled = targets.map { Float(Double($0) / scale) }
        var random = SplitMix64(seed: seed)
        let width = 1 / Double(features).squareRoot()
        // Outputs start at 0, so that the first value is that of predicting nothing.
        let start =
            (0..<units * (features + 1)).map { _ in width * (2 * random.nextShare() - 1) * 3.0.squareRoot() }
            + [Double](repeating: 0, count: units + 1)
        var minimiser = LBFGS()
        minimiser.iterations = iterations
        minimiser.tolerance = 1e-5
        let point = minimiser.minimise(start) { loss($0, table, scaled) }.point
        let values = point.map { Float($0) }
        none.weights = Array(values[..<(units * features)])
        none.biases = Array(values[(units * features)..<(units * (features + 1))])
        none.outputs = values[(units * (features + 1))..<(units * (features + 2))].map { $0 * Float(scale) }
        none.offset = values[units * (features + 2)] * Float(scale)
        return none
    }

    /// Weights, biases, outputs and offset in one list.
    func loss(_ point: [Double], _ table: FeatureTable, _ targets: [Float]) -> (value: Double, gradient: [Double]) {
        let (features, rows) = (table.features, table.rows)
        let (biases, outputs, offset) = (units * features, units * (features + 1), units * (features + 2))
        var gradient = [Double](repeating: 0, count: point.count)
        var value = 0.0
        let size = min(Self.chunk, rows)
        // Hidden units, then errors, then the slope of a unit.
        var memory = [Float](repeating: 0, count: (units + 2) * size)
        table.values.withUnsafeBufferPointer { columns in
            memory.withUnsafeMutableBufferPointer { memory in
                guard let columns = columns.baseAddress, let hidden = memory.baseAddress else { return }
                let errors = hidden + units * size
                let slopes = errors + size
                for begin in stride(from: 0, to: rows, by: size) {
                    let count = min(size, rows - begin)
                    for row in 0..<count { errors[row] = Float(point[offset]) - targets[begin + row] }
                    for unit in 0..<units {
                        let values = hidden + unit * size
                        values.update(repeating: Float(point[biases + unit]), count: count)
                        for feature in 0..<features {
                            Kernels.addScaled(
                                Float(point[unit * features + feature]), columns + feature * rows + begin, to: values,
                                count)
                        }
                        activation.apply(values, count)
                        Kernels.addScaled(Float(point[outputs + unit]), values, to: errors, count)
                    }
                    value += Double(Kernels.dot(errors, errors, count))
                    for row in 0..<count { gradient[offset] += Double(errors[row]) }
                    for unit in 0..<units {
                        let values = hidden + unit * size
                        gradient[outputs + unit] += Double(Kernels.dot(errors, values, count))
                        let output = Float(point[outputs + unit])
                        if activation == .tanh {
                            for row in 0..<count {
                                slopes[row] = errors[row] * output * (1 - values[row] * values[row])
                            }
                        } else {
                            for row in 0..<count { slopes[row] = errors[row] * output }
                        }
                        for row in 0..<count { gradient[biases + unit] += Double(slopes[row]) }
                        for feature in 0..<features {
                            gradient[unit * features + feature] += Double(
                                Kernels.dot(slopes, columns + feature * rows + begin, count))
                        }
                    }
                }
            }
        }
        let share = 1 / Double(max(1, rows))
        for index in gradient.indices { gradient[index] *= 2 * share }
        value *= share
        // Biases and the offset are free.
        for index in Array(0..<biases) + Array(outputs..<offset) {
            value += ridge * point[index] * point[index]
            gradient[index] += 2 * ridge * point[index]
        }
        return (value, gradient)
    }
}
