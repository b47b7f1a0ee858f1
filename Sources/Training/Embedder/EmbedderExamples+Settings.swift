public import TrawlCore

extension EmbedderExamples {
    /// What is drawn.
    public struct Settings: Codable, Sendable, Equatable {
        /// How many queries a step has, all of one collection.
        public var queriesPerStep = 32
        /// How many passages that are not relevant are in a query's group.
        public var negatives = 2
        /// The best passages that are not relevant, from which these are drawn.
        public var hardest = 30
        /// A passage whose score exceeds that of the best relevant one, less this share of it, is not taken as irrelevant; nil
        /// takes all. See `JudgedRanking`.
        public var margin: Double? = 0.05
        /// Whether passages of other groups that the model itself found more similar to a query than its relevant passage, before
        /// the training, are left out (Solatorio 2024, arXiv 2402.16829).
        public var isGuided = true
        /// What queries are drawn by; nil for all alike, each having its turn.
        public var order: Order?
        /// The most tokens of a text, special ones included.
        public var maximumTokens = 128
        /// The exponent of the number of queries by which collections are drawn: 1 draws queries alike, 0 collections.
        public var collectionExponent = 0.5
        /// The most other queries of a step that a query is shown, each with a relevant passage, before itself (Li et al. 2024,
        /// arXiv 2409.15700): how many is drawn for each query. nil for none.
        public var shown: Int?

        public init() {}

        /// The most tokens of a query with what it is shown.
        var longestQuery: Int { maximumTokens * (1 + (shown ?? 0)) }
    }

    /// The tokens, at most `maximum`, of a query after examples: other queries, each with a relevant passage. Queries and passages
    /// are given by their numbers in the collection.
    public typealias Showing =
        @Sendable (_ query: Int, _ shown: [(query: Int, passage: Int)], _ maximum: Int) -> [TokenID]

    /// An order in which queries are drawn.
    public enum Order: String, Codable, Sendable, CaseIterable {
        /// By the angle concentration of their relevant passages, from concentrated to scattered ones (`EmbedderExamples.order(by:)`).
        case angle
    }

    /// The embeddings of a collection by the model that training begins with, of length 1.
    public struct Guide: Sendable {
        let dimension: Int
        let passages, queries: [Float]

        /// - Parameters:
        ///   - passages, queries: `[texts, dimension]`, row-major, in the order of the collection.
        public init(dimension: Int, passages: [Float], queries: [Float]) {
            (self.dimension, self.passages, self.queries) = (dimension, passages, queries)
        }

        /// The embedding of a passage.
        public func vector(ofPassage number: Int) -> [Float] {
            Array(passages[number * dimension..<(number + 1) * dimension])
        }

        func similarity(_ query: Int, _ passage: Int) -> Float {
            var sum: Float = 0
            for index in 0..<dimension {
                sum += queries[query * dimension + index] * passages[passage * dimension + index]
            }
            return sum
        }
    }
}
