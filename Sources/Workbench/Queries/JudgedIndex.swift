public import TrawlEngine
public import TrawlEvaluation

/// An index with the queries that are judged on it.
public struct JudgedIndex {
    public let index: SearchIndex
    public let queries: JudgedQueries

    public init(_ index: SearchIndex, _ queries: JudgedQueries) {
        (self.index, self.queries) = (index, queries)
    }

    /// The queries of a file that have a relevant document in the index; see `JudgedQueries.init(queries:qrels:where:)`.
    public init(_ index: SearchIndex, queries: String, qrels: String) throws {
        let judged = try JudgedQueries(queries: queries, qrels: qrels) {
            (try? index.documents.contains($0)) ?? false
        }
        self.init(index, judged)
    }
}

extension [JudgedIndex] {
    /// The embedding model of the first index, or the default one where that has none.
    var embedder: String {
        let own = first.flatMap { $0.index.recipe.build.contains("dense") ? $0.index.recipe.dense.model : nil }
        return own ?? ModelCatalogue.defaultEmbedder
    }
}
