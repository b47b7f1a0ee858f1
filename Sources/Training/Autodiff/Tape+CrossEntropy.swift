internal import CKernels
internal import Core
internal import Tensors

extension Tape {
    /// The rows whose logits are in memory at once.
    private static let logitRows = 256

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
        precondition(targets.count == h.rows && weights.count == h.rows && table.columns == h.columns)
        let (vocabulary, hidden) = (table.rows, table.columns)
        let product = MatrixProduct(pool: pool)
        let block = min(Self.logitRows, h.rows)
        let logits = floats(block * vocabulary)
        let room = table.isTrained ? floats(block * vocabulary) : nil
        var losses = [Double](repeating: 0, count: h.rows)
        for start in stride(from: 0, to: h.rows, by: block) {
            let rows = min(block, h.rows - start)
            let states = h.value + start * hidden
            product.outputs(states, table.value, m: rows, n: vocabulary, k: hidden, into: logits)
            losses.withUnsafeMutableBufferPointer { losses in
                nonisolated(unsafe) let losses = losses
                pool.parallelFor(rows) { row in
                    let line = logits + row * vocabulary
                    let (target, weight) = (Int(targets[start + row]), weights[start + row])
                    if let bias { Kernels.add(bias.value, to: line, vocabulary) }
                    let normaliser = Kernels.logSumExp(line, vocabulary)
                    var sum: Double = 0
                    trawl_sum(line, vocabulary, &sum)
                    let level = normaliser - Double(line[target])
                    let uniform = normaliser - sum / Double(vocabulary)
                    losses[start + row] =
                        Double(weight) * (Double(1 - smoothing) * level + Double(smoothing) * uniform)
                    let factor = weight * scale
                    trawl_cross_entropy_backward(
                        line, Float(normaliser), factor, factor * smoothing / Float(vocabulary), vocabulary)
                    line[target] -= factor * (1 - smoothing)
                }
            }
            if let dh = h.gradient {
                product.inputs(
                    logits, table.value, m: rows, n: hidden, k: vocabulary, adding: true, into: dh + start * hidden)
            }
            if let db = bias?.gradient { sumRows(logits, rows, vocabulary, into: db) }
            if let dt = table.gradient, let room {
                product.transposed(
                    logits, states, m: vocabulary, n: hidden, k: rows, transposed: room, into: dt)
            }
        }
        return losses.reduce(0, +)
    }
}
