public import TrawlCore

/// A network that learns to embed texts.
public protocol EmbedderNetwork: AnyObject {
    /// The weights, in a fixed order.
    var parameters: [Parameter] { get }
    var vocabularySize: Int { get }
    /// The most tokens of a text.
    var positions: Int { get }

    /// The embeddings of texts, of length 1: `[texts, dimension]`.
    ///
    /// No text is empty or longer than the positions, and every token is in the vocabulary.
    func embeddings(of texts: [[TokenID]], _ tape: Tape) -> Variable

    /// Writes the weights as a model that Trawl and others load.
    ///
    /// - Throws: `TrawlError` when the folder cannot be written.
    func write(to folder: TrainedModelFolder) throws
}

extension EmbedderNetwork {
    /// The embeddings of texts, without gradients: `[texts, dimension]`, row-major.
    ///
    /// - Parameter microBatch: The most tokens that are computed at once.
    public func embeddings(
        of texts: [[TokenID]], microBatch: Int = 4096, on tape: Tape = Tape(isRecording: false)
    ) -> [Float] {
        let order = texts.indices.sorted { (texts[$0].count, $0) < (texts[$1].count, $1) }
        var values: [Float] = []
        for part in GradientCache.parts(order, of: texts, microBatch: microBatch) {
            tape.clear()
            let embedded = tape.values(of: embeddings(of: part.map { texts[$0] }, tape))
            let dimension = embedded.count / part.count
            if values.isEmpty { values = [Float](repeating: 0, count: texts.count * dimension) }
            for (row, index) in part.enumerated() {
                for column in 0..<dimension { values[index * dimension + column] = embedded[row * dimension + column] }
            }
        }
        return values
    }
}
