import TrawlCore
import TrawlCorpus
import TrawlStore

/// Builds an index of documents, or adds documents to one.
///
/// Documents are read into drafts of bounded size; each draft becomes a segment with its documents and every part that the
/// recipe builds. One transaction at the end makes all new segments the index, and takes out what they replace.
struct IndexBuilder {
    private var file: RecipeFile
    private let output: String
    private let adding: Bool
    private let replacing: Bool
    private let engine: Engine
    private let progress: any ProgressReporter
    private let segmentTextBytes: Int

    /// The text of a segment in bytes. It bounds the memory of indexing: text, tokens and suffixes of one segment.
    static let segmentTextBytes = 128 << 20

    /// A builder of the index in the folder `output`; an index that is there is replaced.
    init(
        _ file: RecipeFile, output: String, engine: Engine, progress: any ProgressReporter,
        segmentTextBytes: Int = IndexBuilder.segmentTextBytes
    ) {
        self.file = file
        self.output = output
        adding = false
        replacing = false
        self.engine = engine
        self.progress = progress
        self.segmentTextBytes = segmentTextBytes
    }

    /// A builder that adds documents to an index, by the recipe that made it.
    ///
    /// - Parameter replacing: Whether documents replace those with the same ids, or are refused.
    init(
        addingTo path: String, replacing: Bool, engine: Engine, progress: any ProgressReporter,
        segmentTextBytes: Int = IndexBuilder.segmentTextBytes
    ) throws {
        let index = try engine.open(path)
        file = RecipeFile(index.recipe, settings: index.settings)
        output = path
        adding = true
        self.replacing = replacing
        self.engine = engine
        self.progress = progress
        self.segmentTextBytes = segmentTextBytes
    }

    /// Builds and commits.
    ///
    /// - Parameter documents: nil for the recipe's corpus.
    /// - Throws: `TrawlError` for what is wrong with documents, models or disk; the index is then as it was.
    func run(_ documents: (any DocumentSource)? = nil) throws -> IndexSummary {
        // What can fail at once fails before anything is written.
        try file.settings.validate(engine.parts)
        try engine.parts.requireKnown(file.recipe.build)
        guard !file.recipe.build.isEmpty else {
            throw TrawlError(
                .invalidInput, "the recipe builds nothing",
                remedy: "name some of \(engine.parts.nameList)")
        }
        let source = SampledDocuments(try documents ?? file.recipe.corpus.documents())
        var builder = self
        if !adding { try builder.completeRecipe(source) }
        return try builder.build(source)
    }

    /// The documents that a recipe is completed by: at most so many, and not much more text than that.
    private static let sampleSize = (count: 200, bytes: 256 << 10)

    private mutating func completeRecipe(_ documents: SampledDocuments) throws {
        for part in engine.parts.all {
            try part.complete(
                &file.recipe,
                by: { try documents.sample(count: Self.sampleSize.count, bytes: Self.sampleSize.bytes) },
                progress: progress)
        }
    }

    private func build(_ documents: any DocumentSource) throws -> IndexSummary {
        let recipe = file.recipe
        let existing = try adding ? engine.open(output) : nil
        let context = BuildContext(models: engine.models, existing: existing)
        let parts = engine.parts.built(by: recipe)
        let builders = try parts.map { try $0.makeBuilder(recipe, context) }
        for print in builders.compactMap(\.fingerprint) {
            if let existing { try print.require(in: existing.fingerprints, path: output) }
        }
        var source = documents
        for part in parts { source = part.reading(source, recipe, isAdding: adding) }
        let isNew = !Store.exists(at: output)
        do {
            try build(source, builders)
        } catch {
            if isNew { try? SearchIndex.remove(path: output) }
            throw error
        }
        return try engine.open(output).summary
    }

    private func build(_ documents: any DocumentSource, _ builders: [any PartBuilder]) throws {
        let session = try Store.create(at: output).write()
        // A fresh index looks at no old document: a snapshot would keep the pages of the whole run from being used
        // again.
        let before = try adding ? committed(session, builders) : nil
        var replaced = before.map { PendingDeletions(from: $0, engine.parts.built(by: file.recipe)) }
        var segments: [SegmentInfo] = []
        var draft = SegmentDraft()
        let splitter = try PassageSplitter(size: file.recipe.passages.size, overlap: file.recipe.passages.overlap)
        var reported = 0
        func finishDraft() throws {
            progress.end()
            guard draft.passageCount > 0 else { return }
            try resolveDuplicates(draft, before, &replaced, StoredDocuments(session.snapshot(of: segments)))
            segments.append(try write(draft, builders, into: session.newSegment()))
            draft = SegmentDraft()
        }
        progress.begin("reading documents", total: documents.totalBytes, unit: "bytes")
        while let document = try documents.next() {
            try draft.append(document, passages: passages(of: document, splitter))
            progress.advance(documents.bytesRead - reported)
            reported = documents.bytesRead
            if draft.textBytes >= segmentTextBytes {
                try finishDraft()
                progress.begin("reading documents", total: documents.totalBytes.map { $0 - reported }, unit: "bytes")
            }
        }
        try finishDraft()
        for warning in documents.warnings { progress.warn(warning) }
        try setMetadata(session, builders)
        try session.commit(segments: (replaced?.write(session, progress: progress) ?? []) + segments)
        if adding {
            IndexUpdater.settle(session, engine.parts, segmentTextBytes: segmentTextBytes, progress: progress)
        }
    }

    private func write(_ draft: SegmentDraft, _ builders: [any PartBuilder], into writer: SegmentWriter) throws
        -> SegmentInfo
    {
        for builder in builders { try builder.write(draft, into: writer, progress: progress) }
        return SegmentInfo(
            number: writer.number, documentCount: UInt32(draft.entries.count), passageCount: UInt32(draft.passageCount))
    }

    /// What the index says of itself beside its segments.
    private func setMetadata(_ session: WriteSession, _ builders: [any PartBuilder]) throws {
        var fingerprints: Fingerprints = [:]
        for print in builders.compactMap(\.fingerprint) { fingerprints[print.key] = print.digest }
        session.setMetadata(SearchIndex.recipeName, bytes: Array(try file.yaml(parts: engine.parts).utf8))
        try session.setMetadata(SearchIndex.fingerprintsName, fingerprints)
        for (name, bytes) in builders.flatMap(\.metadata) { session.setMetadata(name, bytes: bytes) }
    }

    /// The documents of the index that is added to, which another writer may have replaced before this one had the
    /// lock.
    private func committed(_ session: WriteSession, _ builders: [any PartBuilder]) throws -> StoredDocuments {
        let index = try engine.open(output)
        for print in builders.compactMap(\.fingerprint) {
            try print.require(in: index.fingerprints, path: output)
        }
        guard index.recipe == file.recipe else {
            throw TrawlError(
                .busy, "the index was rebuilt by another recipe meanwhile", path: output,
                remedy: "run the command again")
        }
        return try StoredDocuments(session.snapshot(of: session.manifest.segments))
    }

    /// A document that is nothing but a title has one passage, which is empty.
    private func passages(of document: Document, _ splitter: PassageSplitter) -> [Range<Int>] {
        let passages = splitter.passages(of: document.text)
        return passages.isEmpty ? [0..<0] : passages
    }

    /// Ids must be unique over the whole index; within a draft, `SegmentDraft` sees to it.
    ///
    /// - Parameters:
    ///   - before: the documents of the index before this run, which may be replaced.
    ///   - written: the documents that this run has written so far.
    private func resolveDuplicates(
        _ draft: SegmentDraft, _ before: StoredDocuments?, _ replaced: inout PendingDeletions?,
        _ written: StoredDocuments
    ) throws {
        for entry in draft.entries {
            if try written.position(of: entry.document.id) != nil {
                throw SegmentDraft.duplicate(entry.document, first: nil)
            }
            guard let position = try before?.position(of: entry.document.id) else { continue }
            guard replacing else { throw SegmentDraft.duplicate(entry.document, first: nil) }
            replaced?.delete(position)
        }
    }
}
