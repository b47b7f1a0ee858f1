public import TrawlCore
public import TrawlVectorIndex

/// A retrieval method made ready for a search: queries to rankings. For one thread at a time.
public protocol Retriever {
    /// The name of its stage, such as `lexical`.
    var name: String { get }

    /// The features that its `Retrieved.evidence` gives to a fitted fusion.
    var evidence: RetrievalEvidence.Names { get }

    /// The best `limit` passages for each query, in the order of `queries`.
    func search(_ queries: [String], limit: Int) throws -> [Retrieved]

    /// The share of the `k` passages that are best for each query which `search` finds; nil for a method that always finds
    /// them all.
    func recallOfExactSearch(_ queries: [String], k: Int) throws -> Double?

    /// What a query with operators is to the other methods and to rerankers, which know none; nil for a query without.
    func reading(of query: String) throws -> QueryReading?
}

extension Retriever {
    public var evidence: RetrievalEvidence.Names { .none }
    public func reading(of query: String) throws -> QueryReading? { nil }
    public func recallOfExactSearch(_ queries: [String], k: Int) throws -> Double? { nil }
}

/// What a retriever found for one query. The reasons are computed only when they are asked for.
public struct Retrieved {
    public let ranking: Ranking
    /// The highest score that a passage could have for the query; nil where that is not known.
    public let bound: () throws -> Float?
    /// What a fitted fusion reads beside the ranking; nil where the method has no such features.
    public let evidence: () throws -> RetrievalEvidence?
    /// What matched in a passage of the ranking, strongest first.
    public let matches: (PassageID, StoredPassage) throws -> [Match]
    /// The strongest n-grams that were generated.
    public let keys: () -> [GeneratedKey]
    /// The query in other words, if some that it has occur nowhere.
    public let suggestion: () throws -> String?
    /// What the user should know of how the query was understood.
    public let notes: [String]

    public init(
        ranking: Ranking, matches: @escaping (PassageID, StoredPassage) throws -> [Match] = { _, _ in [] },
        keys: @escaping () -> [GeneratedKey] = { [] }, suggestion: @escaping () throws -> String? = { nil },
        notes: [String] = [], bound: @escaping () throws -> Float? = { nil },
        evidence: @escaping () throws -> RetrievalEvidence? = { nil }
    ) {
        self.ranking = ranking
        self.bound = bound
        self.evidence = evidence
        self.matches = matches
        self.keys = keys
        self.suggestion = suggestion
        self.notes = notes
    }

    /// The same, with the best `limit` passages that are not in `passages`.
    func excluding(_ passages: Set<PassageID>, limit: Int) -> Retrieved {
        with(Ranking(Array(ranking.lazy.filter { !passages.contains($0.passage) }.prefix(limit))))
    }

    /// The same, with another note.
    package func noting(_ note: String) -> Retrieved {
        Retrieved(
            ranking: ranking, matches: matches, keys: keys, suggestion: suggestion, notes: notes + [note], bound: bound,
            evidence: evidence)
    }

    /// The same, with another ranking of the passages.
    package func with(_ ranking: Ranking) -> Retrieved {
        Retrieved(
            ranking: ranking, matches: matches, keys: keys, suggestion: suggestion, notes: notes, bound: bound,
            evidence: evidence)
    }
}

/// What a query with operators asks of methods that know none.
public struct QueryReading {
    /// Its words, without those that it excludes.
    public let text: String
    /// Which of some passages the query lets be found: those that have what it requires and nothing that it excludes; nil: all.
    public let allowed: ([PassageID]) throws -> Set<PassageID>?

    public init(text: String, allowed: @escaping ([PassageID]) throws -> Set<PassageID>? = { _ in nil }) {
        self.text = text
        self.allowed = allowed
    }
}

/// What a part makes a retriever of.
public struct RetrieverContext {
    public let index: SearchIndex
    /// Checked; see `SearchSettings.validate`.
    public let settings: SearchSettings
    public let models: ModelCache
    /// The passages that may be found; nil: all.
    public let filter: PassageFilter?

    /// `retriever`, which knows no filters, with the filter of this search.
    public func filtered(_ retriever: some Retriever) -> any Retriever {
        guard let filter else { return retriever }
        return FilteredRetriever(retriever, filter, passageCount: index.documents.passageCount)
    }
}
