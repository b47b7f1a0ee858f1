public import TrawlCore
public import TrawlEngine

extension ClusterIndex: Searchable {
    public var path: String { name }
    private var methods: SearchMethods { SearchMethods(recipe, knownParts) }

    public var summary: IndexSummary {
        let deletedDocuments = descriptions.reduce(0) { $0 + $1.documentBound - $1.documents }
        let deletedPassages = descriptions.reduce(0) { $0 + $1.passageBound - $1.passages }
        return IndexSummary(
            path: name, documents: documentCount, passages: passageCount, deletedDocuments: deletedDocuments,
            deletedPassages: deletedPassages, segments: descriptions.reduce(0) { $0 + $1.segments },
            bytesOnDisk: descriptions.reduce(0) { $0 + $1.bytesOnDisk }, components: recipe.build)
    }

    public func defaultMode(_ settings: SearchSettings) -> SearchMode { methods.defaultMode(settings) }
    public func fusionWeights(_ settings: SearchSettings) -> [String: Float] { methods.fusionWeights(settings) }
    public func newest() throws -> any Searchable { try refreshed() }
    public func phrases() throws -> any PhraseSearcher { try ClusterPhrases(self) }

    public func document(_ id: DocumentID) throws -> StoredDocument? {
        try shards.ask(FetchDocument(id: id.rawValue)).lazy.compactMap { $0 }.first.map { try $0.document(id) }
    }

    public func session(by engine: Engine, _ settings: SearchSettings) throws -> SearchSession {
        try engine.session(self, settings)
    }

    public func answering<Value>(_ body: (any Searchable) throws -> Value) throws -> Value {
        try retrying { try body($0) }
    }
}
