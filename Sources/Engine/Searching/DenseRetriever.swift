import TrawlCore
import TrawlEmbeddings
import TrawlStore
import TrawlVectorIndex

/// Nearest neighbours of the query's embedding.
struct DenseRetriever: Retriever {
    let name = "dense"
    private let embedder: TextEmbedder
    private let searcher: VectorSearcher
    private let prompt: EmbeddingPrompt
    private var options = VectorSearchOptions()

    init(
        _ index: SearchIndex, _ recipe: DenseRecipe, _ searching: SearchOptions? = nil, _ filter: PassageFilter? = nil
    ) throws {
        try index.require(.dense)
        embedder = try TextEmbedder(folder: ModelCatalogue.path(of: recipe.model), precision: recipe.precision)
        try Fingerprints.requireSame(index.fingerprints.embedder, embedder.digest, "embedding model", path: index.path)
        searcher = try VectorSearcher(index.snapshot.segments)
        prompt = try recipe.queryPrompt(of: embedder)
        options.isExact = searching?.isExact ?? false
        options.width = searching?.walkWidth
        options.filter = filter
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        try searcher.search(embed(queries), k: limit, options).map { Retrieved(ranking: $0) }
    }

    private func embed(_ queries: [String]) throws -> [[Float]] {
        let embedded = try embedder.embed(queries, in: prompt)
        return (0..<embedded.count).map { Array(embedded[$0]) }
    }

    /// The share of the `k` nearest passages of each query that a search finds; nil where it always finds them all.
    func recall(_ queries: [String], k: Int) throws -> Double? {
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
            // Passages alike may take each other's place.
            found += ranking.count { $0.score >= last.score }
        }
        return wanted == 0 ? nil : Double(found) / Double(wanted)
    }

    /// How far, at most, the stored vectors of `passages` are from new embeddings of their texts, in any dimension.
    func largestDifference(
        _ passages: [PassageID], of recipe: DenseRecipe, text: (PassageID) throws -> String
    ) throws -> Float {
        let embedded = try embedder.embed(try passages.map(text), in: recipe.passagePrompt(of: embedder))
        var largest: Float = 0
        for (row, passage) in passages.enumerated() {
            for (stored, new) in zip(try searcher.vector(of: passage), embedded[row]) {
                largest = max(largest, abs(stored - new))
            }
        }
        return largest
    }
}
