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
    ///   - loss: Gets the vectors of all texts, those of a text after the other, and writes the loss's gradient on the tape.
    func accumulate<Result>(
        _ texts: [[TokenID]], on tape: Tape, _ loss: (Tape, Variable) throws -> Result
    ) rethrows -> Result {
        // Parts of texts of like length.
        let order = texts.indices.sorted { (texts[$0].count, $0) < (texts[$1].count, $1) }
        let parts = Self.parts(order, of: texts, microBatch: microBatch)
        var places = [Range<Int>](repeating: 0..<0, count: texts.count)
        for (index, rows) in zip(order, network.vectorRows(of: order.map { texts[$0] })) { places[index] = rows }
        let rows = places.flatMap { Array($0) }
        guard parts.count > 1 else {
            tape.clear()
            let embedded = network.embeddings(of: order.map { texts[$0] }, tape)
            let result = try loss(tape, tape.rows(rows, of: embedded))
            tape.backward()
            return result
        }
        let silent = Tape(pool: tape.pool, isRecording: false)
        var cached: [Float] = []
        for part in parts {
            silent.clear()
            cached += silent.values(of: network.embeddings(of: part.map { texts[$0] }, silent))
        }
        let dimension = cached.count / rows.count
        tape.clear()
        let embedded = tape.leaf(cached, rows: rows.count, columns: dimension)
        let result = try loss(tape, tape.rows(rows, of: embedded))
        tape.backward()
        let gradient = tape.gradient(of: embedded) ?? []
        var start = 0
        for part in parts {
            let end = part.reduce(start) { $0 + network.vectorCount(of: texts[$1]) * dimension }
            let slopes = Array(gradient[start..<end])
            start = end
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
