import Core
import Embeddings
import VectorIndex

/// Exact nearest neighbours of the query's embedding.
struct DenseRetriever: Retriever {
    let name = "dense"
    private let embedder: TextEmbedder
    private let searcher: VectorSearcher
    private let prompt: String?

    init(_ index: SearchIndex, _ recipe: DenseRecipe) throws {
        try index.require(.dense)
        embedder = try TextEmbedder(folder: ModelCatalogue.path(of: recipe.model))
        try Fingerprints.requireSame(index.fingerprints.embedder, embedder.digest, "embedding model", path: index.path)
        searcher = try VectorSearcher(index.snapshot.segments)
        prompt = recipe.queryPrompt
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        let embedded = try embedder.embed(queries, prompt: prompt)
        return try searcher.search(embedded.values, k: limit).map { Retrieved(ranking: $0) }
    }
}
