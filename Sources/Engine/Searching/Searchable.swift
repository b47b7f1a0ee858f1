public import TrawlCore

/// What can be searched: an open index, or the shards of one.
public protocol Searchable: AnyObject, Sendable {
    var recipe: IndexRecipe { get }
    /// The default settings of searches.
    var settings: SearchSettings { get }
    /// For messages.
    var path: String { get }
    /// The size of what is searched.
    var summary: IndexSummary { get }

    /// The mode of a search that names none.
    func defaultMode(_ settings: SearchSettings) -> SearchMode
    /// The weight of each retrieval method in a hybrid search.
    func fusionWeights(_ settings: SearchSettings) -> [String: Float]

    /// The same as the last commit left it.
    func newest() throws -> any Searchable

    /// A search made ready.
    func session(by engine: Engine, _ settings: SearchSettings) throws -> SearchSession

    /// Counts and occurrences of phrases.
    ///
    /// - Throws: `TrawlError.invalidInput` without n-grams.
    func phrases() throws -> any PhraseSearcher

    /// The document called `id`, or nil.
    func document(_ id: DocumentID) throws -> StoredDocument?

    /// What `body` gives, computed again on a newer state where this one was changed on the way.
    func answering<Value>(_ body: (any Searchable) throws -> Value) throws -> Value
}

extension SearchIndex: Searchable {
    public func newest() throws -> any Searchable { try refreshed() }

    public func session(by engine: Engine, _ settings: SearchSettings) throws -> SearchSession {
        try engine.session(self, settings)
    }

    public func phrases() throws -> any PhraseSearcher { try PhraseFinder(index: self) }
    public func document(_ id: DocumentID) throws -> StoredDocument? { try documents.document(id) }

    public func answering<Value>(_ body: (any Searchable) throws -> Value) throws -> Value { try body(self) }
}
