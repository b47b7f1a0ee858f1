public import TrawlCore

/// Why a passage has its score: which keys it contains, where, and what each adds.
public struct PassageExplanation: Hashable, Sendable {
    /// A key that counts.
    public struct KeyMatch: Hashable, Sendable {
        /// The key's place in the result's list of keys.
        public let key: Int
        /// Which of the passage's tokens it covers; a title's leading boundary is left out.
        public let tokens: Range<Int>
        public let weight: Double
        /// How often the passage has the key; by SEAL's weights, where no better key stands.
        public let occurrences: Int
        /// 1 for words not seen in better keys, 1 - beta for words all seen; always 1 by fitted weights.
        public let cover: Double
        /// Weight times cover, times what `LearnedKeyWeights.repetition` makes of the occurrences.
        public let contribution: Double
    }

    /// A token outside of all matched keys that counts by itself.
    public struct UnigramMatch: Hashable, Sendable {
        public let token: TokenID
        /// The free places where the passage has it. It counts once.
        public let positions: [Int]
        public let weight: Double
        public let cover: Double
        public let contribution: Double
    }

    public let passage: PassageID
    public let score: Double
    /// The sum of the contributions.
    public let total: Double
    /// The weight of the best key.
    public let best: Double
    /// In descending order of weight.
    public let keys: [KeyMatch]
    /// In the order of their first positions.
    public let unigrams: [UnigramMatch]
}
