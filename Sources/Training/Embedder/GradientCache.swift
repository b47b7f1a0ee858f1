internal import TrawlCore

/// The gradients of a loss over the embeddings of texts, of which any number is computed with the memory of a part (Gao et
/// al. 2021, arXiv 2101.06983): all embeddings without gradients, then the loss and its gradient by them, and then part by part
/// again, with that gradient carried back. They are those of the whole, but for rounding.
struct GradientCache {
    let network: any EmbedderNetwork
    /// The most tokens that are computed at once.
    let microBatch: Int

    /// Adds the gradients of a loss to those of the network's parameters.
    ///
    /// - Parameters:
    ///   - texts: None is empty.
    ///   - loss: Gets the embeddings, `[texts, dimension]`, and writes the loss's gradient on the tape.
    func accumulate<Result>(
        _ texts: [[TokenID]], on tape: Tape, _ loss: (Tape, Variable) throws -> Result
    ) rethrows -> Result {
        // Parts of texts of like length.
        let order = texts.indices.sorted { (texts[$0].count, $0) < (texts[$1].count, $1) }
        let parts = Self.parts(order, of: texts, microBatch: microBatch)
        var ranks = [Int](repeating: 0, count: texts.count)
        for (rank, index) in order.enumerated() { ranks[index] = rank }
        guard parts.count > 1 else {
            tape.clear()
            let embedded = network.embeddings(of: order.map { texts[$0] }, tape)
            let result = try loss(tape, tape.rows(ranks, of: embedded))
            tape.backward()
            return result
        }
        let silent = Tape(pool: tape.pool, isRecording: false)
        var cached: [Float] = []
        for part in parts {
            silent.clear()
            cached += silent.values(of: network.embeddings(of: part.map { texts[$0] }, silent))
        }
        let dimension = cached.count / texts.count
        tape.clear()
        let embedded = tape.leaf(cached, rows: texts.count, columns: dimension)
        let result = try loss(tape, tape.rows(ranks, of: embedded))
        tape.backward()
        let gradient = tape.gradient(of: embedded) ?? []
        var start = 0
        for part in parts {
            let slopes = Array(gradient[start..<start + part.count * dimension])
            start += part.count * dimension
            tape.clear()
            _ = tape.loss(of: network.embeddings(of: part.map { texts[$0] }, tape)) { _ in (0, slopes) }
            tape.backward()
        }
        return result
    }

    /// Texts in parts of at most `microBatch` tokens, or of one text that has more.
    static func parts(_ order: [Int], of texts: [[TokenID]], microBatch: Int) -> [[Int]] {
        var parts: [[Int]] = []
        var tokens = 0
        for index in order {
            if parts.isEmpty || tokens + texts[index].count > microBatch {
                parts.append([])
                tokens = 0
            }
            parts[parts.count - 1].append(index)
            tokens += texts[index].count
        }
        return parts
    }
}
