internal import CTrawlKernels
public import TrawlCore
internal import TrawlTensors

extension Tape {
    /// The sum of the label-smoothed cross entropies (Szegedy et al. 2016, arXiv 1512.00567) of h Eᵀ + b against `targets`,
    /// each with its weight; h: `[rows, hidden]`, table: `[vocabulary, hidden]`, bias: `[vocabulary]`.
    ///
    /// The target distribution is 1 - smoothing at the target, and smoothing spread evenly over the vocabulary. The gradients
    /// by h, the table and the bias are computed here, a block of rows at a time, so that logits take the memory of one block:
    /// this is the last operation of a pass.
    ///
    /// - Parameters:
    ///   - targets, weights: One per row.
    ///   - scale: The factor of the gradients; the result is not scaled.
    ///   - reweighting: Gets the loss of each row without its weight, and returns a further factor of the gradient of each;
    ///     the result is not changed by it. Logits of more than one block of rows are then computed twice. nil for none.
    /// - Complexity: O(rows x vocabulary x hidden).
    public func crossEntropy(
        _ h: Variable, table: Parameter, bias: Parameter?, targets: [TokenID], weights: [Float], smoothing: Float,
        scale: Float = 1, reweighting: (([Double]) -> [Float])? = nil
    ) -> Double {
        require(h)
        precondition(targets.count == h.rows && weights.count == h.rows)
        precondition(targets.allSatisfy { Int($0) < table.rows }, "a target outside the vocabulary")
        let output = OutputLayer(h, table: table, bias: bias, tape: self)
        func loss(_ level: OutputLayer.Level) -> Double {
            Double(1 - smoothing) * (level.normaliser - level.target)
                + Double(smoothing) * (level.normaliser - level.mean)
        }
        var sum = 0.0
        guard let reweighting else {
            for rows in output.blocks {
                let levels = output.predict(rows, targets)
                for (row, level) in zip(rows, levels) { sum += Double(weights[row]) * loss(level) }
                output.carryBack(rows, targets, levels, factors: rows.map { weights[$0] * scale }, smoothing: smoothing)
            }
            return sum
        }
        let levels = output.blocks.map { output.predict($0, targets) }
        let losses = levels.joined().map { loss($0) }
        for (weight, loss) in zip(weights, losses) { sum += Double(weight) * loss }
        let factors = reweighting(losses)
        precondition(factors.count == h.rows, "one factor per row")
        for (rows, levels) in zip(output.blocks, levels) {
            if output.blocks.count > 1 { _ = output.predict(rows, targets) }
            output.carryBack(
                rows, targets, levels, factors: rows.map { weights[$0] * scale * factors[$0] }, smoothing: smoothing)
        }
        return sum
    }

    /// A loss of the log-probabilities that h Eᵀ + b gives the `targets`. Shapes, memory and `scale` are those of
    /// `crossEntropy`. Logits of more than one block of rows are computed twice.
    ///
    /// - Parameter loss: Gets the log-probability of the target of each row.
    public func loss(
        of h: Variable, table: Parameter, bias: Parameter?, targets: [TokenID], scale: Float = 1,
        _ loss: ([Double]) -> LossAndSlopes
    ) -> Double {
        require(h)
        precondition(targets.count == h.rows)
        precondition(targets.allSatisfy { Int($0) < table.rows }, "a target outside the vocabulary")
        let output = OutputLayer(h, table: table, bias: bias, tape: self)
        let levels = output.blocks.map { output.predict($0, targets) }
        let (value, slopes) = loss(levels.joined().map { $0.target - $0.normaliser })
        for (rows, levels) in zip(output.blocks, levels) where slopes[rows].contains(where: { $0 != 0 }) {
            if output.blocks.count > 1 { _ = output.predict(rows, targets) }
            output.carryBack(rows, targets, levels, factors: rows.map { -slopes[$0] * scale }, smoothing: 0)
        }
        return value
    }
}

/// The product of states with the vectors of all tokens, a block of rows at a time.
private struct OutputLayer {
    /// What a loss needs of the logits of a row: their log-sum-exp, that of the target, and their mean.
    struct Level {
        var normaliser = 0.0
        var target = 0.0
        var mean = 0.0
    }

    let h: Variable
    let table: Parameter
    let bias: Parameter?
    let tape: Tape
    /// The rows of h in blocks; the logits of one block are in memory.
    let blocks: [Range<Int>]
    private let logits: UnsafeMutablePointer<Float>
    private let scratch: UnsafeMutablePointer<Float>?

    private static let rows = 256

    init(_ h: Variable, table: Parameter, bias: Parameter?, tape: Tape) {
        precondition(table.columns == h.columns)
        self.h = h
        self.table = table
        self.bias = bias
        self.tape = tape
        let block = max(1, min(Self.rows, h.rows))
        blocks = stride(from: 0, to: h.rows, by: block).map { $0..<min($0 + block, h.rows) }
        logits = tape.floats(block * table.rows)
        scratch = table.isTrained ? tape.floats(block * table.rows) : nil
    }

    /// Computes the logits of a block of rows.
    func predict(_ rows: Range<Int>, _ targets: [TokenID]) -> [Level] {
        let (vocabulary, hidden) = (table.rows, table.columns)
        MatrixProduct(pool: tape.pool).outputs(
            h.value + rows.lowerBound * hidden, table.value, m: rows.count, n: vocabulary, k: hidden, into: logits)
        var levels = [Level](repeating: Level(), count: rows.count)
        levels.withUnsafeMutableBufferPointer { levels in
            nonisolated(unsafe) let levels = levels
            tape.pool.parallelFor(rows.count) { row in
                let line = logits + row * vocabulary
                if let bias { Kernels.add(bias.value, to: line, vocabulary) }
                var sum: Double = 0
                trawl_sum(line, vocabulary, &sum)
                levels[row] = Level(
                    normaliser: Kernels.logSumExp(line, vocabulary),
                    target: Double(line[Int(targets[rows.lowerBound + row])]), mean: sum / Double(vocabulary))
            }
        }
        return levels
    }

    /// Adds the gradients of the rows' cross entropies, each times its factor. The logits of the block are overwritten.
    func carryBack(_ rows: Range<Int>, _ targets: [TokenID], _ levels: [Level], factors: [Float], smoothing: Float) {
        let (vocabulary, hidden) = (table.rows, table.columns)
        let product = MatrixProduct(pool: tape.pool)
        let states = h.value + rows.lowerBound * hidden
        tape.pool.parallelFor(rows.count) { row in
            let line = logits + row * vocabulary
            trawl_cross_entropy_backward(
                line, Float(levels[row].normaliser), factors[row], factors[row] * smoothing / Float(vocabulary),
                vocabulary)
            line[Int(targets[rows.lowerBound + row])] -= factors[row] * (1 - smoothing)
        }
        if let dh = h.gradient {
            product.inputs(
                logits, table.value, m: rows.count, n: hidden, k: vocabulary, adding: true,
                into: dh + rows.lowerBound * hidden)
        }
        if let db = bias?.gradient { tape.sumRows(logits, rows.count, vocabulary, into: db) }
        if let dt = table.gradient, let scratch {
            product.transposed(
                logits, states, m: vocabulary, n: hidden, k: rows.count, transposed: scratch, into: dt)
        }
    }
}
