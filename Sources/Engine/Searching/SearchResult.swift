public import TrawlCore

/// The answer to one query.
public struct SearchResult: Sendable {
    public let queryID: String
    public let query: String
    public let hits: [SearchHit]
    /// The strongest n-grams that the generator wrote, when it took part and an explanation was asked for.
    public let keys: [GeneratedKey]
}

/// A passage that answers a query, and why it is there.
public struct SearchHit: Sendable {
    public let document: DocumentID
    public let title: String
    /// The passage's text.
    public let text: String
    /// The passage's number within its document, from 0, and its place there in UTF-8 bytes.
    public let passage: Int
    public let range: Range<Int>
    public let score: Float
    /// What each stage said, in the order in which they ran.
    public let stages: [StageScore]
    /// What matched, strongest first; empty unless an explanation was asked for.
    public let matches: [Match]
}

/// The rank (from 1) and score that one stage gave to a passage; no rank when the stage did not find it.
public struct StageScore: Codable, Sendable {
    public let stage: String
    public let rank: Int?
    public let score: Float?
}

/// A word or n-gram that a retriever found in a passage.
public struct Match: Sendable {
    /// The stage that matched: lexical or generative.
    public let stage: String
    public let text: String
    /// How often it occurs in the corpus: occurrences of an n-gram, passages with a term.
    public let count: Int
    /// What it added to the stage's score.
    public let contribution: Float
    /// Where it stands in the passage's text, in UTF-8 bytes; empty when only in the title.
    public let ranges: [Range<Int>]
}

/// An n-gram that the generator wrote for a query.
public struct GeneratedKey: Encodable, Sendable {
    public let text: String
    /// body, title, query or unigram.
    public let origin: String
    public let count: Int
    public let logProbability: Double
    public let weight: Double
    /// Some of the documents that have it, in the order of the index; only where they were asked for.
    public var documents: [DocumentID] = []

    private enum CodingKeys: String, CodingKey {
        case text, origin, count
        case logProbability = "log_probability"
        case weight, documents
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text, forKey: .text)
        try container.encode(origin, forKey: .origin)
        try container.encode(count, forKey: .count)
        try container.encode(logProbability, forKey: .logProbability)
        try container.encode(weight, forKey: .weight)
        try container.encode(documents.map(\.rawValue), forKey: .documents)
    }
}
