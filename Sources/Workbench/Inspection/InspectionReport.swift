/// What the judged pairs of indexes ask an embedder to learn.
public struct InspectionReport: Encodable, Sendable {
    /// A number that is computed for each pair.
    public enum Measure: String, Encodable, CaseIterable, Sendable {
        case loss, margin
        case nuclearNorm = "nuclear_norm"
        case effectiveRank = "effective_rank"
        case rankPerToken = "rank_per_token"

        /// Whether pairs that do not belong together are expected to have more of it.
        var growsWithNoise: Bool { self == .loss || self == .nuclearNorm }
    }

    /// A query and a passage that is judged relevant to it.
    public struct Pair: Encodable, Sendable {
        public let index: String
        public let queryID, query, document, passage: String
        /// -log of the softmax of the model's similarities over the passage and the best others that the search found.
        public let loss: Double
        /// The score of the search less that of the best other passage; a passage that it did not find counts as its last one.
        public let margin: Double
        public let nuclearNorm, effectiveRank: Double
        public let tokens: Int
        /// Whether the experiment gave the query this passage in place of a relevant one.
        public let isPlanted: Bool

        enum CodingKeys: String, CodingKey {
            case index, query, document, passage, loss, margin, tokens
            case queryID = "query_id"
            case nuclearNorm = "nuclear_norm"
            case effectiveRank = "effective_rank"
            case isPlanted = "is_planted"
        }

        public func value(of measure: Measure) -> Double {
            switch measure {
            case .loss: loss
            case .margin: margin
            case .nuclearNorm: nuclearNorm
            case .effectiveRank: effectiveRank
            case .rankPerToken: effectiveRank / Double(tokens)
            }
        }
    }

    /// The means over the pairs of an index, without planted ones.
    public struct Source: Encodable, Sendable {
        public let index: String
        public let pairs: Int
        /// By measure.
        public let means: [String: Double]
        /// The share of pairs of which the search ranks no other passage higher.
        public let first: Double
    }

    /// How well each measure finds pairs that were planted: the area under its ROC curve, 0.5 for chance.
    public struct Noise: Encodable, Sendable {
        public let planted, others: Int
        public let areas: [String: Double]
    }

    public let model: String
    public let sources: [Source]
    /// The pairs of the highest loss, highest first.
    public let outliers: [Pair]
    /// nil where nothing was planted.
    public let noise: Noise?
    /// In the order of sources and queries.
    public let pairs: [Pair]

    enum CodingKeys: String, CodingKey { case model, sources, outliers, noise }
}
