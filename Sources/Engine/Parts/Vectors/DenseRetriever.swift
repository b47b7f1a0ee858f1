import TrawlCore
import TrawlEmbeddings
import TrawlVectorIndex

/// Nearest neighbours of the query's embedding.
struct DenseRetriever: Retriever {
    let name = "dense"
    private let embedder: TextEmbedder
    private let searcher: VectorSearcher
    private let prompt: EmbeddingPrompt
    private var options = VectorSearchOptions()
    /// nil: none.
    private let feedback: QueryFeedback?
    private let adapter: QueryAdapter?
    private let documents: StoredDocuments

    init(
        _ embedder: TextEmbedder, _ searcher: VectorSearcher, _ settings: DenseSettings, _ context: RetrieverContext
    ) throws {
        self.embedder = embedder
        self.searcher = searcher
        documents = context.index.documents
        adapter = try context.index.queryAdapter(settings, embedder, searcher)
        prompt = try settings.prompt(of: embedder)
        feedback =
            settings.feedback > 0 && settings.feedbackWeight > 0
            ? QueryFeedback(passages: settings.feedback, weight: settings.feedbackWeight) : nil
        options.isExact = settings.isExact
        options.width = settings.searchWidth
        options.filter = context.filter
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        let own = try embed(queries)
        var vectors = moved(own)
        if let feedback { vectors = try feedback.moved(vectors, in: searcher, options) }
        let rankings = try searcher.search(vectors, k: limit, options)
        return try rankings.indices.map { query in
            guard let memory = adapter?.memory else {
                return Retrieved(ranking: rankings[query], bound: { searcher.metric == .cosine ? 1 : nil })
            }
            let raised = try memory.raised(
                rankings[query], query: own[query], searched: vectors[query], in: searcher, of: documents,
                filter: options.filter, limit: limit)
            return Retrieved(
                ranking: raised.ranking, matches: { passage, _ in raised.matches(passage, memory, stage: name) },
                bound: { memory.highestScore })
        }
    }

    private func embed(_ queries: [String]) throws -> [[Float]] {
        let embedded = try embedder.embed(queries, in: prompt)
        return (0..<embedded.count).map { row in
            var vector = Array(embedded[row])
            // The adapter was fitted to vectors of this length.
            if adapter != nil { vector.scaleToUnitLength() }
            return vector
        }
    }

    private func moved(_ queries: [[Float]]) -> [[Float]] {
        adapter.map { adapter in queries.map(adapter.moved) } ?? queries
    }

    func recallOfExactSearch(_ queries: [String], k: Int) throws -> Double? {
        guard searcher.structures.contains(where: { $0 != .exact }), !queries.isEmpty else { return nil }
        let vectors = moved(try embed(queries))
        var exactly = options
        exactly.isExact = true
        var (found, wanted) = (0, 0)
        for (exact, ranking) in zip(
            try searcher.search(vectors, k: k, exactly), try searcher.search(vectors, k: k, options))
        {
            guard let last = exact.last else { continue }
            wanted += exact.count
            // Passages of equal score may replace each other.
            found += ranking.count { $0.score >= last.score }
        }
        return wanted == 0 ? nil : Double(found) / Double(wanted)
    }
}
