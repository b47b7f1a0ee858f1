public import TrawlCore
public import TrawlGeneration

/// What an index's generator writes for a query, before passages are ranked by it.
public struct NGramWriter {
    private let retriever: GenerativeRetriever<CorpusOracle>
    private let documents: StoredDocuments

    /// - Throws: `TrawlError` when the index has no n-grams, or the generator is missing or has another tokenizer.
    public init(index: SearchIndex, settings: GenerativeSettings, models: ModelCache) throws {
        try settings.validate()
        retriever = try GenerativeRetriever(index, settings, models)
        documents = index.documents
    }

    /// The `limit` weightiest n-grams for `query`, best first, each with up to `documentLimit` documents that have it.
    public func write(_ query: String, limit: Int, documentLimit: Int) throws -> [GeneratedKey] {
        try retriever.keys(for: query, limit: limit, documentLimit: documentLimit, in: documents)
    }

    /// For each query the passages that are found, the keys in them, and whether they belong to a document that answers it;
    /// nil for queries that found none that does among the best `depth`.
    public func weightExamples(
        _ queries: [(text: String, relevant: Set<DocumentID>)], depth: Int
    ) throws -> [KeyWeightExample?] {
        try retriever.weightExamples(queries.map(\.text), depth: depth) { query, passage in
            let document = try documents.documentID(try documents.documentNumber(of: passage))
            return queries[query].relevant.contains(document)
        }
    }
}
