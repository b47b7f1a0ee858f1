import TrawlCore
import TrawlEmbeddings
import TrawlStore
import TrawlVectorIndex

extension SearchIndex {
    static let queryAdapterName = "query-adapter"

    private struct Fitted: Sendable { let adapter: QueryAdapter? }

    /// What is stored beside the segments because it was fitted to the index.
    static let fittedNames = [fusionName, queryAdapterName, sensesName]

    /// The adapter that was fitted to the index; nil when none was.
    ///
    /// - Throws: `TrawlError.corrupted` for one that is damaged.
    public func queryAdapter() throws -> QueryAdapter? {
        do {
            return try once(Self.queryAdapterName) {
                Fitted(adapter: try snapshot.metadata(Self.queryAdapterName).map { try QueryAdapter(decoding: $0) })
            }.adapter
        } catch let error as TrawlError {
            throw error.at(path: path)
        }
    }

    /// The index as it would be with another query adapter; nothing is stored.
    package func with(_ adapter: QueryAdapter) throws -> SearchIndex {
        try with(Fitted(adapter: adapter), opened: Self.queryAdapterName)
    }

    /// The adapter that a search by `settings` uses; nil for one that uses none.
    ///
    /// - Throws: `TrawlError` when none was fitted, or to vectors of another model or another measure of similarity.
    func queryAdapter(
        _ settings: DenseSettings, _ embedder: TextEmbedder, _ searcher: VectorSearcher
    ) throws -> QueryAdapter? {
        guard settings.usesAdapter else { return nil }
        guard let adapter = try queryAdapter() else {
            throw TrawlError(
                .invalidInput, "no query adapter was fitted to the index", path: path,
                remedy: "fit one to judged queries, or search without", topic: .queryAdapter)
        }
        guard adapter.embedder == embedder.digest, adapter.dimension == searcher.dimension,
            searcher.metric == .cosine
        else {
            throw TrawlError(
                .incompatible, "the query adapter was fitted to vectors of another embedding model", path: path,
                remedy: "fit it again, or search without", topic: .queryAdapter)
        }
        return adapter
    }
}

extension Engine {
    /// Stores a query adapter in the index in the folder `path` and makes its use the default of searches, in one commit.
    ///
    /// - Parameter settings: What else becomes the default of searches; nil: nothing.
    /// - Throws: `TrawlError` when the index cannot be written; it is then as it was.
    public func setQueryAdapter(_ adapter: QueryAdapter, settings: SearchSettings? = nil, of path: String) throws {
        var settings = try settings ?? open(path).settings
        settings.dense.usesAdapter = true
        let bytes = try adapter.encoded()
        try IndexUpdater(path: path, parts: parts).setDefaults(settings) {
            $0.setMetadata(SearchIndex.queryAdapterName, bytes: bytes)
        }
    }

    /// The embeddings of queries as dense searches of the index by `settings` embed them, before any adapter, of length 1.
    ///
    /// - Throws: `TrawlError` for an index without vectors that are compared by cosines, or a model that is missing.
    public func queryVectors(_ queries: [String], of index: SearchIndex, _ settings: SearchSettings) throws
        -> (vectors: [[Float]], embedder: String)
    {
        let part = VectorsPart()
        try index.require(part)
        guard try index.open(part).metric == .cosine else {
            throw TrawlError(
                .unsupported, "a query adapter is fitted to cosines, and the index compares vectors otherwise",
                path: index.path, remedy: "build it with the similarity cosine")
        }
        let embedder = try part.queryEmbedder(
            index.recipe, settings.dense, builtWith: index.fingerprints, path: index.path, models)
        let vectors = try embedder.embed(queries, in: settings.dense.prompt(of: embedder))
        return (
            (0..<vectors.count).map { row in
                var vector = Array(vectors[row])
                vector.scaleToUnitLength()
                return vector
            }, embedder.digest
        )
    }
}
