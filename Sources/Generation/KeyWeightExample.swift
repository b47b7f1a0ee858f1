public import TrawlCore

/// What a judged query found by its n-grams: what their weights are fitted to, and what a generator learns ranking from.
public struct KeyWeightExample: Codable, Sendable {
    /// That a key counts in a passage.
    public struct Use: Codable, Sendable {
        /// The key's place in `keys`.
        public let key: Int
        /// How often the passage has the key.
        public let occurrences: Int

        public init(key: Int, occurrences: Int = 1) {
            self.key = key
            self.occurrences = occurrences
        }
    }

    /// A passage with the keys that count in it.
    public struct Candidate: Codable, Sendable {
        public let isRelevant: Bool
        public let keys: [Use]
        /// The passage's tokens, divided by the mean over passages.
        public let relativeLength: Double

        public init(isRelevant: Bool, keys: [Use], relativeLength: Double = 1) {
            self.isRelevant = isRelevant
            self.keys = keys
            self.relativeLength = relativeLength
        }

        /// What a key of the weight `weight` adds to the passage's score.
        public func contribution(of use: Use, weight: Double, by weights: LearnedKeyWeights) -> Double {
            weight * weights.repetition(use.occurrences, relativeLength: relativeLength)
        }
    }

    /// The n-grams.
    public let keys: [[TokenID]]
    /// Of each key.
    public let features: [KeyFeatures]
    /// Best first.
    public let candidates: [Candidate]

    public init(keys: [[TokenID]], features: [KeyFeatures], candidates: [Candidate]) {
        self.keys = keys
        self.features = features
        self.candidates = candidates
    }
}
