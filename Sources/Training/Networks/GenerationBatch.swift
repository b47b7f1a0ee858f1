public import TrawlCore
internal import TrawlGeneration

/// What a generator learns from at once: texts, and for each what shall be written behind it.
///
/// All continuations of a source stand behind one encoding of it.
public struct GenerationBatch: Sendable {
    public struct Target: Sendable {
        /// What is written. Every token is predicted from those before it; the first from an encoder-decoder's start token, or
        /// from a decoder's source alone.
        public let tokens: [TokenID]
        /// What its losses are multiplied by.
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

        public init(source: [TokenID], targets: [Target]) {
            self.source = source
            self.targets = targets
        }
    }

    /// A query with n-grams of its own, whose probabilities rank passages.
    public struct Ranking: Sendable {
        /// With the special tokens, and the words around it, that the model expects.
        public let source: [TokenID]
        /// The n-grams, none of them empty.
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

    public let items: [Item]
    public let rankings: [Ranking]

    public init(_ items: [Item], rankings: [Ranking] = []) {
        self.items = items.filter { item in item.targets.contains { !$0.tokens.isEmpty } }
        self.rankings = rankings
    }

    /// The tokens that are predicted.
    public var targetTokens: Int { items.reduce(0) { $0 + $1.targets.reduce(0) { $0 + $1.tokens.count } } }
}
