import TrawlCore

/// A way of finding: queries to rankings.
protocol Retriever {
    /// lexical, dense or generative.
    var name: String { get }

    /// The best `limit` passages for each query, in the order of `queries`.
    func search(_ queries: [String], limit: Int) throws -> [Retrieved]
}

/// What a retriever found for one query, and how to say why.
struct Retrieved {
    let ranking: Ranking
    /// What matched in a passage of the ranking, strongest first.
    var matches: (PassageID, StoredPassage) throws -> [Match] = { _, _ in [] }
    /// The strongest n-grams that were generated.
    var keys: () -> [GeneratedKey] = { [] }
}
