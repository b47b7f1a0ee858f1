internal import CTrawlKernels
internal import TrawlCore
internal import TrawlTensors

/// What a loss of log-probabilities answers: its value, and its derivative by each of them.
typealias LossAndSlopes = (value: Double, slopes: [Float])

extension Tape {
    /// The sum of the label-smoothed cross entropies (Szegedy et al. 2016, arXiv 1512.00567) of h Eᵀ + b against `targets`,
    /// each with its weight; h: `[rows, hidden]`, table: `[vocabulary, hidden]`, bias: `[vocabulary]`.
    ///
    /// The target distribution is 1 - smoothing at the target and smoothing spread over the whole vocabulary. Gradients by
    /// h, the table and the bias are computed here, a few rows at a time, so that logits never take more memory than those:
    /// this is the last operation of a pass. `scale` multiplies the gradients alone.
    func crossEntropy(
        _ h: Variable, table: Parameter, bias: Parameter?, targets: [TokenID], weights: [Float], smoothing: Float,
        scale: Float = 1
    ) -> Double {
        precondition(targets.count == h.rows && weights.count == h.rows)
        let output = OutputLayer(h, table: table, bias: bias, tape: self)
        var loss = 0.0
        for start in stride(from: 0, to: h.rows, by: output.block) {
            let rows = start..<min(start + output.block, h.rows)
            let levels = output.predict(rows, targets)
            for (row, level) in zip(rows, levels) {
                loss +=
                    Double(weights[row])
                    * (Double(1 - smoothing) * (level.normaliser - level.target)
                        + Double(smoothing) * (level.normaliser - level.mean))
            }
            output.carryBack(rows, targets, levels, factors: rows.map { weights[$0] * scale }, smoothing: smoothing)
        }
        return loss
    }

    /// A loss of the log-probabilities that h Eᵀ + b gives the `targets`; what `crossEntropy` says of shapes, memory and
    /// `scale` holds here too. Logits of more rows than fit in memory at once are computed twice.
    ///
    /// - Parameter loss: Gets the log-probability of each row's target.
    func loss(
        of h: Variable, table: Parameter, bias: Parameter?, targets: [TokenID], scale: Float = 1,
        _ loss: ([Double]) -> LossAndSlopes
    ) -> Double {
        precondition(targets.count == h.rows)
        let output = OutputLayer(h, table: table, bias: bias, tape: self)
        let blocks = stride(from: 0, to: h.rows, by: output.block).map { $0..<min($0 + output.block, h.rows) }
        let levels = blocks.map { output.predict($0, targets) }
        let (value, slopes) = loss(levels.joined().map { $0.target - $0.normaliser })
        for (rows, levels) in zip(blocks, levels) where slopes[rows].contains(where: { $0 != 0 }) {
            if blocks.count > 1 { _ = output.predict(rows, targets) }
            output.carryBack(rows, targets, levels, factors: rows.map { -slopes[$0] * scale }, smoothing: 0)
        }
        return value
    }
}

/// The product of states with the vectors of all tokens, a few rows at a time.
private struct OutputLayer {
    /// What is known of a row's logits.
    struct Level {
        var normaliser = 0.0
        var target = 0.0
        var mean = 0.0
    }

    let h: Variable
    let table: Parameter
    let bias: Parameter?
    let tape: Tape
    /// The rows whose logits are in memory at once.
    let block: Int
    private let logits: UnsafeMutablePointer<Float>
    private let room: UnsafeMutablePointer<Float>?

    private static let rows = 256

    init(_ h: Variable, table: Parameter, bias: Parameter?, tape: Tape) {
        precondition(table.columns == h.columns)
        self.h = h
        self.table = table
        self.bias = bias
        self.tape = tape
        block = max(1, min(Self.rows, h.rows))
        logits = tape.floats(block * table.rows)
        room = table.isTrained ? tape.floats(block * table.rows) : nil
    }

    /// Computes the logits of `rows`, at most `block`.
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

    /// Adds the gradients of the rows' cross entropies, each times its factor. The logits of `rows` are used up.
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
        if let dt = table.gradient, let room {
            product.transposed(
                logits, states, m: vocabulary, n: hidden, k: rows.count, transposed: room, into: dt)
        }
    }
}
