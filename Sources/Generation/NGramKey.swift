public import TrawlCore

/// An n-gram that the generator holds for a sign of a passage that answers the query.
public struct NGramKey: Hashable, Sendable {
    /// Where a key came from.
    public enum Origin: String, Codable, Hashable, Sendable {
        /// Generated behind the body prompt.
        case body
        /// Generated behind the title prompt.
        case title
        /// Generated behind the prompt for identifiers, such as pseudo-queries.
        case identifier
        /// A span of the query's words.
        case query
        /// Another form of a word of the query.
        case inflection
        /// A probable first token.
        case unigram
    }

    /// The n-gram as it stands in the corpus; a title begins with the boundary, an identifier with its mark, and both
    /// end with the title's end.
    public var tokens: [TokenID]
    /// The sum of the log-probabilities of its tokens behind its prompt (but for what a title or an identifier begins
    /// with).
    public var logProbability: Double
    /// How often it occurs in the corpus.
    public var count: Int
    public var origin: Origin
    /// Whether generation ended here, by the end token or at the full length, and not in its midst.
    public var isComplete: Bool
    /// Its weight w(n, q), at least 0. Set by scoring.
    public var weight: Double

    public init(
        tokens: [TokenID], logProbability: Double, count: Int, origin: Origin, isComplete: Bool = false,
        weight: Double = 0
    ) {
        self.tokens = tokens
        self.logProbability = logProbability
        self.count = count
        self.origin = origin
        self.isComplete = isComplete
        self.weight = weight
    }
}

/// A key with its occurrences.
public struct LocatedKey<SuffixRange: Sendable>: Sendable {
    package var key: NGramKey
    package let range: SuffixRange
    /// The passages that have it; nil for a key that was not located.
    package var passages: KeyPassages?

    package init(key: NGramKey, range: SuffixRange, passages: KeyPassages? = nil) {
        (self.key, self.range, self.passages) = (key, range, passages)
    }
}

/// The passages that have an n-gram.
public struct KeyPassages: Hashable, Sendable {
    public let count: Int
    /// Ascending; empty for an oracle that scores passages elsewhere.
    public let list: [PassageID]

    public init(count: Int, list: [PassageID]) { (self.count, self.list) = (count, list) }
    public init(_ list: [PassageID]) { self.init(count: list.count, list: list) }
}
