import TrawlCore
import TrawlVectorIndex

/// A retriever that knows no filters, asked for all that it finds, and cut to what is allowed.
struct FilteredRetriever: Retriever {
    private let base: any Retriever
    private let filter: PassageFilter
    private let passageCount: Int

    init(_ base: any Retriever, _ filter: PassageFilter, passageCount: Int) {
        self.base = base
        self.filter = filter
        self.passageCount = passageCount
    }

    var name: String { base.name }
    var evidence: RetrievalEvidence.Names { base.evidence }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        try base.search(queries, limit: passageCount).map { found in
            found.with(Ranking(Array(found.ranking.lazy.filter { filter.contains($0.passage) }.prefix(limit))))
        }
    }

    func reading(of query: String) throws -> QueryReading? { try base.reading(of: query) }

    func recallOfExactSearch(_ queries: [String], k: Int) throws -> Double? {
        try base.recallOfExactSearch(queries, k: k)
    }
}
