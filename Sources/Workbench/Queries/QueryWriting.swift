public import TrawlCore
public import TrawlEngine
public import TrawlGeneration
import TrawlLexicalIndex
public import TrawlTensors

/// Writes queries for the passages of an index, to train on without relevance judgements.
public struct QueryWriting: Sendable {
    public var parameters = QueryWriter.Parameters()
    /// The language model that writes: a decoder's name or path.
    public var writer = ModelCatalogue.defaultLanguageModel
    public var precision = Precision.f32
    /// The most passages that are written for, at equal distances over the index.
    public var passages = 1000
    /// If set, half of the passages are taken from documents after this one, if there are enough.
    public var newAfter: DocumentID?
    /// The most queries for a passage.
    public var perPassage = 1
    /// A query is kept only if a search by it finds its document among this many; 0 keeps all.
    public var foundWithin = 20
    /// Whether every method with a weight of its own must find it, words and vectors alike, or only the first.
    public var foundByAll = false

    public init() {}

    /// What was written.
    public struct Result: Sendable {
        public let kept: [WrittenQuery]
        /// The queries that the model wrote, those that were dropped included.
        public let written: Int
        /// The passages that were read, of those that there are to write for.
        public let read: Int
        public let passages: Int
        /// The methods that tried the queries; none when all were kept.
        public let methods: [SearchMode]
    }

    /// Writes queries, and keeps those that find their document (consistency filtering: Dai et al. 2022, arXiv 2209.11755).
    ///
    /// - Throws: `TrawlError` for a model that cannot write; `.invalidInput` when no query is kept.
    public func run(
        _ index: SearchIndex, _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> Result {
        let searches = try trials(index, engine, progress)
        let source = try PassageQueries(
            index: index, models: engine.models, writer: writer, precision: precision, limit: passages,
            newAfter: newAfter, parameters: parameters)
        var (kept, read, written) = ([WrittenQuery](), 0, 0)
        progress.begin("writing queries", total: source.passageCount, unit: "passages")
        try source.write(perPassage: perPassage) { count, queries in
            read += count
            written += queries.count
            kept += try searches.reduce(queries) { try findable($0, by: $1) }
            progress.advance(count)
            return !cancellation.isCancelled
        }
        progress.end()
        guard !kept.isEmpty else {
            throw TrawlError(
                .invalidInput,
                "no query was kept: for \(read) passages the model wrote \(written)"
                    + (searches.isEmpty ? "" : ", and none found its document among the best \(foundWithin)"),
                path: index.path, remedy: "change the prompt, or take another model")
        }
        return Result(
            kept: kept, written: written, read: read, passages: source.passageCount,
            methods: searches.compactMap(\.settings.mode))
    }

    /// The searches that try the queries: by the index's methods that need no generator; none when all are kept.
    private func trials(
        _ index: SearchIndex, _ engine: Engine, _ progress: any ProgressReporter
    ) throws -> [SearchSession] {
        guard foundWithin > 0 else { return [] }
        let modes = [SearchMode.lexical, .dense].filter { index.recipe.build.contains($0.rawValue) }
        if modes.isEmpty {
            progress.warn("the index has neither a lexical nor a dense part to try the queries by; all are kept")
        }
        return try modes.prefix(foundByAll ? modes.count : 1).map { mode in
            var settings = index.settings
            settings.mode = mode
            settings.rerankers = []
            settings.limit = foundWithin
            settings.lexical.syntax = .plain
            return try engine.session(index, settings)
        }
    }

    private func findable(_ written: [WrittenQuery], by search: SearchSession) throws -> [WrittenQuery] {
        let rankings = try search.rankDocuments(written.map { Query(id: $0.id, text: $0.text) })
        return zip(written, rankings).filter { query, ranking in
            ranking.documents.contains { $0.document == query.document }
        }.map(\.0)
    }
}
