public import TrawlCore

extension GeneratorExamples {
    /// How examples are made and mixed.
    public struct Settings: Codable, Sendable, Equatable {
        /// The sources of a step.
        public var sourcesPerStep = 24
        /// The spans per source.
        public var spansPerSource = 4
        /// The tokens of a span.
        public var spanLength = 10
        /// How spans grow from 4 tokens to this length during the training; nil for this length from the start.
        public var spanPacing: Pacing?
        /// The longest source, special tokens included.
        public var sourceLength = 96
        /// The shares of queries, sentences and titles among the sources, where there are all three.
        public var queryShare = 0.4
        public var sentenceShare = 0.4
        public var titleShare = 0.2
        /// The share of the words of a sentence that are left out when it stands for a query.
        public var wordDropout = 0.15
        /// The share of the sources that earlier passages give, where some are new to the generator.
        public var replayShare = 0.25
        public var samples = SelfSamples.Settings()

        public init() {}

        private static let shortestSpan = 4

        /// The tokens of a span after a share `done` of the training.
        func spanLength(at done: Double) -> Int {
            guard let spanPacing, spanLength > Self.shortestSpan else { return spanLength }
            let growth = spanPacing.growth(done) * Double(spanLength - Self.shortestSpan)
            return Self.shortestSpan + Int(growth.rounded())
        }
    }

    /// A query with the passages that answer it.
    public struct Query: Sendable {
        public let tokens: [TokenID]
        public let passages: [Int]
        /// The whole source; nil for `tokens` between the special ones.
        public let source: [TokenID]?

        /// - Parameter tokens: Without special tokens.
        public init(tokens: [TokenID], passages: [Int], source: [TokenID]? = nil) {
            self.tokens = tokens
            self.passages = passages
            self.source = source
        }
    }
}
