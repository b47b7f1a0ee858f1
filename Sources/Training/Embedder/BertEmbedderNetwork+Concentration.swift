public import TrawlCore
internal import TrawlModels

extension BertEmbedderNetwork {
    /// The angle concentration (`AngleConcentration`) of passages that are read after their queries, on what the feed-forward part of the
    /// last layer reads. Pairs that are longer than the positions are cut.
    ///
    /// - Parameters:
    ///   - pairs: Queries and passages with their special tokens.
    ///   - microBatch: The most tokens that are computed at once.
    ///   - advance: Called with the number of pairs that were just done.
    /// - Throws: What `advance` throws.
    public func concentrations(
        of pairs: [(query: [TokenID], passage: [TokenID])], microBatch: Int = 4096,
        on tape: Tape = Tape(isRecording: false), advance: (Int) throws -> Void = { _ in }
    ) throws -> [Double] {
        // The first token of a passage is that of a query, which a pair has once.
        let texts = pairs.map { Array(($0.query + $0.passage.dropFirst()).prefix(positions)) }
        let order = texts.indices.sorted { (texts[$0].count, $0) < (texts[$1].count, $1) }
        var values = [Double](repeating: 0, count: pairs.count)
        for part in GradientCache.parts(order, of: texts, microBatch: microBatch) {
            tape.clear()
            let states = tape.values(of: bert.encoder.lastFeedForwardInputs(part.map { texts[$0] }, tape))
            let dimension = bert.sizes.hiddenSize
            var start = 0
            for index in part {
                let end = start + texts[index].count * dimension
                values[index] =
                    AngleConcentration(
                        states[start..<end], dimension: dimension,
                        preceding: min(pairs[index].query.count, texts[index].count)
                    ).value
                start = end
            }
            try advance(part.count)
        }
        return values
    }
}
