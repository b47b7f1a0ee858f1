import TrawlCore
public import TrawlEngine

extension Engine {
    /// A search of a cluster made ready.
    ///
    /// - Parameter settings: nil for the cluster's own.
    /// - Throws: `TrawlError` as for an index, and `.unsupported` for what only a single index knows: late interaction, and what
    ///   was fitted to an index.
    public func session(
        _ cluster: ClusterIndex, _ settings: SearchSettings? = nil
    ) throws -> SearchSession {
        let (cluster, missing) = cluster.forSearch()
        var settings = settings ?? cluster.settings
        try settings.validate(cluster.knownParts)
        let methods = SearchMethods(cluster.recipe, cluster.knownParts)
        settings.mode = settings.mode ?? methods.defaultMode(settings)
        let conditions = settings.conditions.map(\.description)
        try cluster.requireFields(of: conditions)
        let documents = ClusterDocuments(cluster)
        var retrievers = try methods.asked(settings).map { part, weight in
            try methods.require(part, path: cluster.name)
            let retriever = try retriever(part, cluster, documents, settings, conditions: conditions)
            return (weight: weight, readsWords: part.readsWords, retriever: retriever)
        }
        // The last one knows what all have found missing.
        if let missing, let last = retrievers.indices.last {
            retrievers[last].retriever = NotingRetriever(retrievers[last].retriever, missing)
        }
        guard settings.fusion.method != .fitted else {
            throw TrawlError(
                .unsupported, "a fitted fusion belongs to one index", remedy: "name another fusion",
                topic: .fittedFusion)
        }
        guard settings.senses.isEmpty else {
            throw TrawlError(
                .unsupported, "the senses of words belong to one index", remedy: "search one index, or without senses")
        }
        return try SearchSession(
            documents, settings, retrievers: retrievers, models: models, rerankers: rerankers)
    }

    private func retriever(
        _ part: any IndexPart, _ cluster: ClusterIndex, _ documents: ClusterDocuments, _ settings: SearchSettings,
        conditions: [String]
    ) throws -> any Retriever {
        switch part.buildName {
        case "lexical":
            return ClusterLexicalRetriever(cluster, documents, settings.lexical, conditions: conditions)
        case "dense":
            return try ClusterDenseRetriever(cluster, documents, settings.dense, conditions: conditions, models)
        case "generative":
            return try GenerativeRetriever(
                ClusterOracle(cluster, documents, conditions: conditions), cluster.recipe, settings.generative,
                builtWith: cluster.fingerprints, path: cluster.name, models)
        default:
            throw TrawlError(
                .unsupported, "\(part.buildName ?? part.name) search does not work over shards",
                remedy: "name another method, or search one index", topic: .fusionWeights)
        }
    }
}

extension ClusterIndex {
    /// - Throws: `TrawlError.invalidInput` for a condition on a field that no document of any shard has.
    fileprivate func requireFields(of conditions: [String]) throws {
        guard !conditions.isEmpty, documentCount > 0 else { return }
        let missing = try shards.ask(MissingFields(conditions: conditions)).map { Set($0) }
        guard let field = missing.dropFirst().reduce(missing.first ?? [], { $0.intersection($1) }).min() else { return }
        throw TrawlError(
            .invalidInput, "no document has the field '\(field)'",
            remedy: "name a field of the documents' metadata, id or title", topic: .metadata)
    }
}

/// A retriever that notes which shards did not answer.
private struct NotingRetriever: Retriever {
    private let base: any Retriever
    private let missing: MissingShards

    init(_ base: any Retriever, _ missing: MissingShards) { (self.base, self.missing) = (base, missing) }

    var name: String { base.name }
    func reading(of query: String) throws -> QueryReading? { try base.reading(of: query) }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        let found = try base.search(queries, limit: limit)
        let missing = missing.all
        guard !missing.isEmpty else { return found }
        let note =
            missing.count == 1
            ? "shard \(missing[0]) did not answer: its documents are missing"
            : "shards \(missing.map(String.init).joined(separator: ", ")) did not answer: their documents are missing"
        return found.map { $0.noting(note) }
    }
}
