public import TrawlCore

/// What a judged query found by its n-grams: what their weights are fitted to, and what a generator learns ranking from.
public struct KeyWeightExample: Codable, Sendable {
    /// That a key counts in a passage.
    public struct Use: Codable, Sendable {
        /// The key's place in `keys`.
        public let key: Int
        /// 1 for words not seen in better keys, less for others.
        public let cover: Double

        /// How often the passage has the key where no better key stands.
        public let occurrences: Int

        public init(key: Int, cover: Double, occurrences: Int = 1) {
            self.key = key
            self.cover = cover
            self.occurrences = occurrences
        }

        /// What a key of the weight `weight` adds to the passage's score.
        public func contribution(of weight: Double, by weights: LearnedKeyWeights) -> Double {
            weight * cover * weights.repetition(occurrences)
        }
    }

    /// A passage with the keys that count in it.
    public struct Candidate: Codable, Sendable {
        public let isRelevant: Bool
        public let keys: [Use]
        /// The passage's tokens.
        public let length: Int

        public init(isRelevant: Bool, keys: [Use], length: Int) {
            self.isRelevant = isRelevant
            self.keys = keys
            self.length = length
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
