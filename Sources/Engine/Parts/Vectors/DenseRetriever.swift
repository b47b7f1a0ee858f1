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

    init(_ embedder: TextEmbedder, _ searcher: VectorSearcher, _ settings: DenseSettings, _ filter: PassageFilter?)
        throws
    {
        self.embedder = embedder
        self.searcher = searcher
        prompt =
            if let text = settings.queryPrompt {
                EmbeddingPrompt(prefix: text)
            } else {
                try embedder.prompt(for: .query, instruction: settings.instruction, examples: settings.examples)
            }
        feedback =
            settings.feedback > 0 && settings.feedbackWeight > 0
            ? QueryFeedback(passages: settings.feedback, weight: settings.feedbackWeight) : nil
        options.isExact = settings.isExact
        options.width = settings.searchWidth
        options.filter = filter
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        var vectors = try embed(queries)
        if let feedback { vectors = try feedback.moved(vectors, in: searcher, options) }
        return try searcher.search(vectors, k: limit, options).map { ranking in
            Retrieved(ranking: ranking, bound: { searcher.metric == .cosine ? 1 : nil })
        }
    }

    private func embed(_ queries: [String]) throws -> [[Float]] {
        let embedded = try embedder.embed(queries, in: prompt)
        return (0..<embedded.count).map { Array(embedded[$0]) }
    }

    func recallOfExactSearch(_ queries: [String], k: Int) throws -> Double? {
        guard searcher.structures.contains(where: { $0 != .exact }), !queries.isEmpty else { return nil }
        let vectors = try embed(queries)
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
