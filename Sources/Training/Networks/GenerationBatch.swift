public import TrawlCore
internal import TrawlGeneration

/// The examples of a step of a generator: sources, each with the targets that shall be written after it.
///
/// All targets of a source share one encoding of it.
public struct GenerationBatch: Sendable {
    public struct Target: Sendable {
        /// The tokens to write. Each is predicted from those before it; the first one from the start token of an
        /// encoder-decoder, or from the source of a decoder.
        public let tokens: [TokenID]
        /// The factor of its losses.
        public let weight: Float

        public init(tokens: [TokenID], weight: Float = 1) {
            self.tokens = tokens
            self.weight = weight
        }
    }

    public struct Item: Sendable {
        /// With the special tokens, and the words around it, that the model expects.
        public let source: [TokenID]
        public let targets: [Target]
        /// The number of the example among all examples, the same in every step.
        public let example: Int
        /// The exponent beta of the spans' probabilities by which their gradients are weighted (`SpanShares`); 0 for all alike.
        public var spanExponent = 0.0

        public init(source: [TokenID], targets: [Target], example: Int = 0) {
            self.source = source
            self.targets = targets
            self.example = example
        }
    }

    /// A query with n-grams that the generator wrote for it, whose probabilities rank passages.
    public struct Ranking: Sendable {
        /// With the special tokens, and the words around it, that the model expects.
        public let source: [TokenID]
        /// The n-grams; none is empty.
        public let keys: [[TokenID]]
        public let margin: RankingMargin

        public init(source: [TokenID], keys: [[TokenID]], margin: RankingMargin) {
            precondition(keys.count == margin.features.count && !keys.contains { $0.isEmpty })
            self.source = source
            self.keys = keys
            self.margin = margin
        }

        var item: Item { Item(source: source, targets: keys.map { Target(tokens: $0) }) }

        /// The loss, and its derivative by the log-probability of each token of each key, in order.
        func loss(_ logProbabilities: [Double]) -> LossAndSlopes {
            var start = 0
            let sums = keys.map { key in
                defer { start += key.count }
                return logProbabilities[start..<start + key.count].reduce(0, +)
            }
            let (value, slopes) = margin.loss(sums)
            return (value, zip(keys, slopes).flatMap { [Float](repeating: Float($1), count: $0.count) })
        }
    }

    public private(set) var items: [Item]
    public let rankings: [Ranking]

    public init(_ items: [Item], rankings: [Ranking] = []) {
        self.items = items.filter { item in item.targets.contains { !$0.tokens.isEmpty } }
        self.rankings = rankings
    }

    /// The same with beta-MML over the spans of each source.
    func weighingSpans(exponent: Double) -> GenerationBatch {
        var batch = self
        for index in batch.items.indices { batch.items[index].spanExponent = exponent }
        return batch
    }

    /// The number of tokens that are predicted.
    public var targetTokens: Int { items.reduce(0) { $0 + $1.targets.reduce(0) { $0 + $1.tokens.count } } }
}
