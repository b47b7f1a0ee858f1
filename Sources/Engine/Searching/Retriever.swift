public import TrawlCore
public import TrawlVectorIndex

/// A retrieval method made ready for a search: queries to rankings. For one thread at a time.
public protocol Retriever {
    /// The name of its stage, such as `lexical`.
    var name: String { get }

    /// The best `limit` passages for each query, in the order of `queries`.
    func search(_ queries: [String], limit: Int) throws -> [Retrieved]

    /// The share of the `k` passages that are best for each query which `search` finds; nil for a method that always finds
    /// them all.
    func recallOfExactSearch(_ queries: [String], k: Int) throws -> Double?
}

extension Retriever {
    public func recallOfExactSearch(_ queries: [String], k: Int) throws -> Double? { nil }
}

/// What a retriever found for one query. The reasons are computed only when they are asked for.
public struct Retrieved {
    public let ranking: Ranking
    /// The highest score that a passage could have for the query; nil where that is not known.
    public let bound: Float?
    /// What matched in a passage of the ranking, strongest first.
    public let matches: (PassageID, StoredPassage) throws -> [Match]
    /// The strongest n-grams that were generated.
    public let keys: () -> [GeneratedKey]

    public init(
        ranking: Ranking, bound: Float? = nil,
        matches: @escaping (PassageID, StoredPassage) throws -> [Match] = { _, _ in [] },
        keys: @escaping () -> [GeneratedKey] = { [] }
    ) {
        self.ranking = ranking
        self.bound = bound
        self.matches = matches
        self.keys = keys
    }

    /// The best `limit` passages that are not in `passages`.
    func excluding(_ passages: Set<PassageID>, limit: Int) -> Retrieved {
        Retrieved(
            ranking: Ranking(Array(ranking.lazy.filter { !passages.contains($0.passage) }.prefix(limit))),
            bound: bound, matches: matches, keys: keys)
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
