public import TrawlCore

/// A network that learns to embed texts: with one vector each, or one for each token.
public protocol EmbedderNetwork: AnyObject {
    /// The weights, in a fixed order.
    var parameters: [Parameter] { get }
    var vocabularySize: Int { get }
    /// The most tokens of a text.
    var positions: Int { get }
    /// The most tokens that are computed at once, unless the caller says otherwise.
    var microBatch: Int { get }

    /// How many vectors a text has.
    func vectorCount(of text: [TokenID]) -> Int

    /// The vectors of texts, of length 1, those of a text after the other: `[sum of vector counts, dimension]`.
    ///
    /// No text is empty or longer than the positions, and every token is in the vocabulary.
    func embeddings(of texts: [[TokenID]], _ tape: Tape) -> Variable

    /// The similarities of queries and passages, times `scale`: `[queries, passages]`.
    ///
    /// - Parameter embedded: The vectors of the queries, then those of the passages.
    func similarities(
        _ embedded: Variable, queries: [[TokenID]], passages: [[TokenID]], scale: Float, _ tape: Tape
    ) -> Variable

    /// Writes the weights as a model that Trawl and others load.
    ///
    /// - Throws: `TrawlError` when the folder cannot be written.
    func write(to folder: TrainedModelFolder) throws
}

/// A network that gives each text one vector; texts are compared by the products of their vectors.
public protocol TextVectorNetwork: EmbedderNetwork {}

extension TextVectorNetwork {
    public func vectorCount(of text: [TokenID]) -> Int { 1 }

    public func similarities(
        _ embedded: Variable, queries: [[TokenID]], passages: [[TokenID]], scale: Float, _ tape: Tape
    ) -> Variable {
        let count = queries.count
        return tape.similarities(
            tape.rows(Array(0..<count), of: embedded), tape.rows(Array(count..<count + passages.count), of: embedded),
            scale: scale)
    }
}

extension EmbedderNetwork {
    /// A token of a model like MiniLM takes about 0.4 MB.
    public var microBatch: Int { 4096 }

    /// The vectors of texts, without gradients: those of a text after the other, row-major.
    ///
    /// - Parameter microBatch: The most tokens that are computed at once; nil for what suits the network.
    public func embeddings(
        of texts: [[TokenID]], microBatch: Int? = nil, on tape: Tape = Tape(isRecording: false)
    ) -> [Float] {
        let microBatch = microBatch ?? self.microBatch
        let order = texts.indices.sorted { (texts[$0].count, $0) < (texts[$1].count, $1) }
        let rows = vectorRows(of: texts)
        var values: [Float] = []
        for part in GradientCache.parts(order, of: texts, microBatch: microBatch) {
            tape.clear()
            let embedded = embeddings(of: part.map { texts[$0] }, tape)
            let found = tape.values(of: embedded)
            let dimension = embedded.columns
            if values.isEmpty { values = [Float](repeating: 0, count: (rows.last?.upperBound ?? 0) * dimension) }
            var start = 0
            for index in part {
                let count = rows[index].count * dimension
                let first = rows[index].lowerBound * dimension
                for offset in 0..<count { values[first + offset] = found[start + offset] }
                start += count
            }
        }
        return values
    }

    /// The rows of the vectors of each text, where these are stored one text after the other.
    func vectorRows(of texts: [[TokenID]]) -> [Range<Int>] {
        var start = 0
        return texts.map { text in
            defer { start += vectorCount(of: text) }
            return start..<start + vectorCount(of: text)
        }
    }
}
