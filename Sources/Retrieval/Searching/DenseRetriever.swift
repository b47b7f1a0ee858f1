import Core
import Embeddings
import Store
import VectorIndex

/// Exact nearest neighbours of the query's embedding.
struct DenseRetriever: Retriever {
    let name = "dense"
    private let embedder: TextEmbedder
    private let searcher: VectorSearcher
    private let prompt: String?

    init(_ index: SearchIndex, _ recipe: DenseRecipe) throws {
        try index.require(.dense)
        embedder = try TextEmbedder(folder: ModelCatalogue.path(of: recipe.model), precision: recipe.precision)
        try Fingerprints.requireSame(index.fingerprints.embedder, embedder.digest, "embedding model", path: index.path)
        searcher = try VectorSearcher(index.snapshot.segments)
        prompt = recipe.queryPrompt
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        let embedded = try embedder.embed(queries, prompt: prompt)
        return try searcher.search((0..<embedded.count).map { Array(embedded[$0]) }, k: limit)
            .map { Retrieved(ranking: $0) }
    }

    /// How far, at most, the stored vectors of `passages` are from new embeddings of their texts, in any dimension.
    func largestDifference(
        _ passages: [PassageID], passagePrompt: String?, text: (PassageID) throws -> String
    ) throws -> Float {
        let embedded = try embedder.embed(try passages.map(text), prompt: passagePrompt)
        var largest: Float = 0
        for (row, passage) in passages.enumerated() {
            for (stored, new) in zip(try searcher.vector(of: passage), embedded[row]) {
                largest = max(largest, abs(stored - new))
            }
        }
        return largest
    }
}
