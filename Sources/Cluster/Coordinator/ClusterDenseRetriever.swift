import TrawlCore
import TrawlEmbeddings
import TrawlEngine

/// Nearest neighbours in all shards: the query is embedded once.
struct ClusterDenseRetriever: Retriever {
    let name = "dense"
    private let index: ClusterIndex
    private let documents: ClusterDocuments
    private let conditions: [String]
    private let settings: DenseSettings
    private let embedder: TextEmbedder
    private let prompt: EmbeddingPrompt

    /// - Throws: `TrawlError.incompatible` for a model that is not the one of the shards, `.unsupported` for settings that only a
    ///   single index knows.
    init(
        _ index: ClusterIndex, _ documents: ClusterDocuments, _ settings: DenseSettings, conditions: [String],
        _ models: ModelCache
    ) throws {
        guard !settings.usesAdapter else {
            throw TrawlError(
                .unsupported, "a query adapter belongs to one index", path: index.name,
                remedy: "search without it", topic: .queryAdapter)
        }
        self.index = index
        self.documents = documents
        self.conditions = conditions
        self.settings = settings
        embedder = try VectorsPart().queryEmbedder(
            index.recipe, settings, builtWith: index.fingerprints, path: index.name, models)
        prompt = try settings.prompt(of: embedder)
        if let vectors = index.vectors, vectors.dimension != embedder.dimension {
            throw TrawlError(
                .incompatible,
                "the shards have vectors of \(vectors.dimension) dimensions, the model makes \(embedder.dimension)",
                remedy: "bring back the model, or build the shards again")
        }
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        let embedded = try embedder.embed(queries, in: prompt)
        var vectors = (0..<embedded.count).map { Array(embedded[$0]) }
        if settings.feedback > 0, settings.feedbackWeight > 0 { vectors = try moved(vectors) }
        return try search(vectors, limit: limit).map { ranking in
            Retrieved(ranking: ranking, bound: { index.vectors?.isCosine ?? true ? 1 : nil })
        }
    }

    private func search(_ vectors: [[Float]], limit: Int) throws -> [Ranking] {
        let question = SearchVectors(
            vectors: vectors, isExact: settings.isExact, width: settings.searchWidth,
            scope: SearchScope(limit: limit, conditions: conditions))
        return try documents.rankings(try index.shards.askEach(question), queries: vectors.count, limit: limit)
    }

    /// The vectors after a first search; see `QueryFeedback`.
    private func moved(_ vectors: [[Float]]) throws -> [[Float]] {
        let feedback = QueryFeedback(passages: settings.feedback, weight: settings.feedbackWeight)
        let queries = index.vectors?.isCosine ?? true ? vectors.map(QueryFeedback.unit) : vectors
        let rankings = try search(queries, limit: settings.feedback)
        let found = try documents.ask(rankings.joined().map(\.passage)) { PassageVectors(passages: $0) }
        guard found.allSatisfy({ $0.count == embedder.dimension }) else {
            throw TrawlError(
                .corrupted, "a shard gave a vector that has not \(embedder.dimension) dimensions", path: index.name,
                remedy: "run the same version of Trawl on all machines")
        }
        var rest = found[...]
        return zip(queries, rankings).map { query, ranking in
            defer { rest = rest.dropFirst(ranking.count) }
            return feedback.moved(query, towards: Array(rest.prefix(ranking.count)))
        }
    }
}
