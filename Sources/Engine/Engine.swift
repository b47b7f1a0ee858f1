public import TrawlCore
public import TrawlCorpus
import TrawlStore

/// A search engine: opens, builds, changes and searches indexes, and owns the models that they take.
///
/// It may be used from any number of threads at once; their searches share its models. Calls do not return before their
/// work is done.
///
/// ```
/// let engine = Engine()
/// let index = try engine.open("notes.trawl")
/// let result = try engine.search("why is the sky blue", in: index)
/// ```
public final class Engine: Sendable {
    /// The parts that indexes may have.
    public let parts: IndexParts
    /// The rerankers that searches may use.
    public let rerankers: Rerankers
    /// The models that were loaded so far.
    public let models: ModelCache

    public init(
        parts: IndexParts = .default, rerankers: Rerankers = .default, models: ModelCache = ModelCache()
    ) {
        self.parts = parts
        self.rerankers = rerankers
        self.models = models
    }

    /// Opens the index in the folder `path` as it is now.
    ///
    /// - Throws: `TrawlError` when there is no index, or one of another format, or a damaged one.
    /// - Complexity: milliseconds; the index is read in place.
    public func open(_ path: String) throws -> SearchIndex { try SearchIndex(path: path, parts: parts) }

    /// Whether there is an index in the folder `path`, of any version and in any state but unfinished.
    public func hasIndex(at path: String) throws -> Bool {
        try Store.exists(at: path) && Store.open(at: path).hasCommit()
    }

    /// A search of `index` made ready, for many queries one after the other.
    ///
    /// - Parameter settings: nil for the index's own.
    /// - Throws: `TrawlError` for settings out of their bounds, a part that the index lacks, or a model that is missing or
    ///   not the one that the index was built with.
    public func session(_ index: SearchIndex, _ settings: SearchSettings? = nil) throws -> SearchSession {
        try SearchSession(index, settings ?? index.settings, models: models, rerankers: rerankers)
    }

    /// Searches for one query.
    ///
    /// - Throws: as `session`.
    public func search(_ query: String, in index: SearchIndex, _ settings: SearchSettings? = nil) throws -> SearchResult
    {
        let found = try session(index, settings).search([Query(id: "1", text: query)])
        return found[0]
    }

    /// What scores texts against a query by the reranker that `settings` name, for texts that are in no index.
    ///
    /// - Throws: `TrawlError` for a reranker or a model that is unknown or cannot be used, and `.unsupported` for a reranker
    ///   that orders lists.
    public func scorer(_ settings: RerankSettings) throws -> ModelScorer {
        let kind = try rerankers.kind(of: settings, models: models)
        guard let kind = kind as? any PairRerankerKind else {
            throw TrawlError(
                .unsupported, "the reranker \(kind.name) does not score single texts", remedy: "name another reranker")
        }
        return try kind.makeScorer(settings, models: models)
    }

    /// Builds an index in the folder `path` and commits it; an index that is there is replaced.
    ///
    /// - Parameters:
    ///   - file: the recipe, and the default settings of searches.
    ///   - documents: nil for the recipe's corpus.
    ///   - shard: the shard of them that the index takes; nil for all. What the recipe leaves to the documents is decided by
    ///     those of all shards.
    /// - Throws: `TrawlError` for what is wrong with documents, models or disk; the index is then as it was.
    @discardableResult
    public func build(
        _ file: RecipeFile, at path: String, documents: (any DocumentSource)? = nil, shard: ShardNumber? = nil,
        progress: any ProgressReporter = .silent
    ) throws -> IndexSummary {
        try Store.checkOutput(at: path)
        let builder = IndexBuilder(file, output: path, shard: shard, engine: self, progress: progress)
        try builder.run(documents ?? file.recipe.corpus.documents())
        return try open(path).summary
    }

    /// Makes the index in the folder `path` agree with the files of a corpus, in one commit: what is new is added, what
    /// changed is replaced, what is gone is deleted. Files of the same size and time are not read, and documents that are as
    /// the index has them stay. Documents that were added from elsewhere stay too, and so do those of files that cannot be read.
    /// A shard takes its own documents only.
    ///
    /// - Parameter shard: what the index must be; nil when it does not matter.
    /// - Throws: `TrawlError` for what is wrong with documents, models or disk; the index is then as it was.
    /// - Complexity: O(files) and the work of indexing what changed.
    @discardableResult
    public func synchronise(
        _ path: String, with corpus: CorpusReader, shard: ShardNumber? = nil,
        progress: any ProgressReporter = .silent
    ) throws -> SynchronisationReport {
        let index = try open(path)
        try index.require(shard)
        guard index.recipe.generative.identifiers == nil else {
            throw TrawlError(
                .unsupported, "the index has pseudo-queries, which its files do not bring", path: path,
                remedy: "replace what has changed, with its pseudo-queries", topic: .pseudoQueries)
        }
        let before = try index.corpusFiles()
        if let roots = before?.roots, roots != corpus.roots {
            throw TrawlError(
                .invalidInput, "the index was built of \(roots.joined(separator: ", "))", path: path,
                remedy: "name the same files and folders, in the same order, or build the index again")
        }
        let files = ChangedFiles(in: corpus, since: before)
        var changes = IndexBuilder.Changes()
        let documents = corpus.documents(ofFilesAt: Set(files.files.map(\.path)))
        if files.table != before {
            changes = try IndexBuilder(synchronising: index, files: files, engine: self, progress: progress)
                .run(documents)
        } else {
            for warning in corpus.warnings { progress.warn(warning) }
        }
        return SynchronisationReport(
            changes, filesRead: files.files.count, filesUnchanged: files.numbers.count - files.files.count,
            skipped: documents.summary.skipped.count, index: try open(path).summary)
    }

    /// Adds documents to the index in the folder `path` and commits them. A shard takes its own only.
    ///
    /// - Parameters:
    ///   - replacing: Whether documents replace those with the same ids, or are refused.
    ///   - shard: what the index must be; nil when it does not matter.
    /// - Throws: `TrawlError` for what is wrong with documents, models or disk; the index is then as it was.
    @discardableResult
    public func add(
        _ documents: any DocumentSource, to path: String, replacing: Bool = false, shard: ShardNumber? = nil,
        progress: any ProgressReporter = .silent
    ) throws -> IndexSummary {
        try IndexBuilder(addingTo: path, replacing: replacing, shard: shard, engine: self, progress: progress).run(
            documents)
        return try open(path).summary
    }

    /// Deletes documents from the index in the folder `path` and commits.
    ///
    /// - Parameter ignoringMissing: Whether ids that the index does not have are ignored.
    /// - Throws: `TrawlError.notFound` that names the ids that the index does not have; nothing is changed then.
    @discardableResult
    public func delete(
        _ ids: [DocumentID], from path: String, ignoringMissing: Bool = false, progress: any ProgressReporter = .silent
    ) throws -> UpdateReport {
        try IndexUpdater(path: path, parts: parts, progress: progress).delete(ids, ignoringMissing: ignoringMissing)
    }

    /// Rewrites the index in the folder `path` without deleted documents, in as few segments as can be.
    @discardableResult
    public func compact(_ path: String, progress: any ProgressReporter = .silent) throws -> UpdateReport {
        try IndexUpdater(path: path, parts: parts, progress: progress).compact()
    }

    /// Makes `settings` the defaults of searches of the index in the folder `path`, in one commit.
    ///
    /// - Throws: `TrawlError.invalidInput` for settings out of their bounds; the index is then as it was.
    public func setDefaults(_ settings: SearchSettings, of path: String) throws {
        try IndexUpdater(path: path, parts: parts).setDefaults(settings)
    }

    /// Verifies every structure of the index in the folder `path` against its documents.
    ///
    /// - Parameter sample: The most passages for checks that take as long as indexing them.
    public func check(
        _ path: String, sample: Int = 200, progress: any ProgressReporter = .silent
    ) throws -> [CheckResult] {
        IndexChecker(path: path, sample: sample, engine: self, progress: progress).run()
    }

    /// Writes a new index of all that is intact in the index in the folder `path`, which stays as it is.
    ///
    /// Segments that are sound are copied. Of the others every document that matches its checksums is indexed again, by the
    /// recipe of the index, which takes its models. The new index is checked in the end.
    ///
    /// - Parameters:
    ///   - output: the folder of the new index, in which there is none.
    ///   - sample: as for `check`.
    /// - Throws: `TrawlError.corrupted` when nothing can be read, and the errors of a build. There is no new index then.
    public func repair(
        _ path: String, to output: String, sample: Int = 200, progress: any ProgressReporter = .silent
    ) throws -> RepairReport {
        try IndexRepair(path: path, output: output, sample: sample, engine: self, progress: progress).run()
    }
}
