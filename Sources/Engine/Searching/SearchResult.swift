public import TrawlCore

/// The answer to one query.
public struct SearchResult: Encodable, Sendable {
    public let queryID: String
    public let query: String
    /// Best first.
    public let hits: [SearchHit]
    /// The strongest n-grams that a generator wrote; empty unless an explanation was asked for.
    public let keys: [GeneratedKey]
    /// The query with the nearest words of the index in place of those that occur nowhere; nil if all occur.
    public let suggestion: String?
    /// What the user should know of how the query was understood.
    public let notes: [String]

    enum CodingKeys: String, CodingKey {
        case queryID = "query_id"
        case query, hits, keys, suggestion, notes
    }
}

/// A passage that answers a query, and why it is there.
public struct SearchHit: Sendable {
    public let queryID: String
    public let query: String
    /// The hit's rank, from 1.
    public let rank: Int
    public let document: DocumentID
    public let title: String
    /// The headings above the passage, outermost first.
    public let section: [String]
    /// The passage's text.
    public let text: String
    /// The passage's number within its document, from 0, and its range in the document's text.
    public let passage: Int
    public let range: TextRange
    /// The document's metadata.
    public let metadata: DocumentMetadata
    /// That of the last stage which scored the hit: a hit below the depth of a reranker has none of it.
    public let score: Float
    /// The ranks and scores of each stage, in the order in which they ran.
    public let stages: [StageScore]
    /// What matched, strongest first; empty unless an explanation was asked for.
    public let matches: [Match]
}

/// The range is that in the document's text, the ranges of matches are in `text`.
extension SearchHit: Encodable {
    enum CodingKeys: String, CodingKey {
        case queryID = "query_id"
        case query, rank, document, title, section, text, passage, range, metadata, score, stages, matches
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(queryID, forKey: .queryID)
        try values.encode(query, forKey: .query)
        try encodeWithoutQuery(to: encoder, matches: true)
    }

    /// Encodes what tells this hit from others of the same query.
    ///
    /// - Parameter matches: Whether `matches` are encoded, or an empty list.
    package func encodeWithoutQuery(to encoder: any Encoder, matches encodesMatches: Bool) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(rank, forKey: .rank)
        try values.encode(document, forKey: .document)
        try values.encode(title, forKey: .title)
        try values.encode(section, forKey: .section)
        try values.encode(text, forKey: .text)
        try values.encode(passage, forKey: .passage)
        try values.encode(range, forKey: .range)
        try values.encode(metadata, forKey: .metadata)
        try values.encode(score, forKey: .score)
        try values.encode(stages, forKey: .stages)
        let shown = encodesMatches ? matches : []
        try values.encode(shown.map { MatchRecord(match: $0, text: text) }, forKey: .matches)
    }
}

/// The rank (from 1) and score that one stage gave to a passage; no rank when the stage did not find it.
public struct StageScore: Codable, Equatable, Sendable {
    public let stage: String
    public let rank: Int?
    public let score: Float?
    /// What the stage added to the score of the fusion; nil where it took no part in one.
    public let added: Float?
}

/// A word or n-gram that a retriever found in a passage.
public struct Match: Sendable {
    /// The stage that matched, such as lexical or generative.
    public let stage: String
    public let text: String
    /// Its count in the corpus: occurrences of an n-gram, passages with a term.
    public let count: Int
    /// What it added to the stage's score.
    public var contribution: Float
    /// Its ranges in the passage's text, in UTF-8 bytes; empty when it is only in the title.
    public let ranges: [Range<Int>]

    public init(stage: String, text: String, count: Int, contribution: Float, ranges: [Range<Int>]) {
        self.stage = stage
        self.text = text
        self.count = count
        self.contribution = contribution
        self.ranges = ranges
    }
}

/// A match as JSON.
private struct MatchRecord: Encodable {
    let match: Match
    /// The passage's text.
    let text: String

    enum CodingKeys: String, CodingKey { case stage, text, count, contribution, ranges }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(match.stage, forKey: .stage)
        try values.encode(match.text, forKey: .text)
        try values.encode(match.count, forKey: .count)
        try values.encode(match.contribution, forKey: .contribution)
        try values.encode(TextRange.list(match.ranges, in: text), forKey: .ranges)
    }
}

/// An n-gram that the generator wrote for a query.
public struct GeneratedKey: Encodable, Sendable {
    public let text: String
    /// body, title, query or unigram.
    public let origin: String
    public let count: Int
    /// In nats.
    public let logProbability: Double
    public let weight: Double
    /// Some of the documents that have it, in the order of the index; only where they were asked for.
    public var documents: [DocumentID] = []

    private enum CodingKeys: String, CodingKey {
        case text, origin, count
        case logProbability = "log_probability"
        case weight, documents
    }
}
