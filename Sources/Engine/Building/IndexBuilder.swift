import Foundation
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
    /// What has changed in the corpus that the index is synchronised with.
    private let synchronised: ChangedFiles?
    /// The files that a damaged index was built of; documents that are indexed again have their keys as paths of their origins.
    private let restored: CorpusFileTable?
    /// The shard that the index is, or will be; nil for one of all documents.
    private var shard: ShardRecord?
    /// Whether documents have the positions that the damaged index gave them.
    private let keepsPositions: Bool
    private let engine: Engine
    private let progress: any ProgressReporter
    private let segmentTextBytes: Int

    /// The text of a segment in bytes, and also what its documents may take in memory beside their text. It bounds the memory
    /// of indexing: text, tokens and suffixes of one segment.
    static let segmentTextBytes = 128 << 20

    /// A builder of the index in the folder `output`; an index that is there is replaced.
    ///
    /// - Parameter shard: the shard whose documents it has; nil for all documents.
    init(
        _ file: RecipeFile, output: String, shard: ShardNumber? = nil, engine: Engine, progress: any ProgressReporter,
        segmentTextBytes: Int = IndexBuilder.segmentTextBytes
    ) {
        self.init(
            file, output: output, adding: false, replacing: false, synchronised: nil, restored: nil,
            shard: shard.map { ShardRecord($0) }, engine, progress, segmentTextBytes)
    }

    /// A builder that indexes documents of a damaged index again.
    ///
    /// - Parameter adding: Whether the index in the folder `output` has the recipe and other segments of the damaged one, or is
    ///   made anew by `file`.
    init(
        restoring file: RecipeFile, files: CorpusFileTable?, shard: ShardRecord?, output: String, adding: Bool,
        engine: Engine,
        progress: any ProgressReporter
    ) {
        self.init(
            file, output: output, adding: adding, replacing: false, synchronised: nil,
            restored: files, shard: shard, keepsPositions: true, engine, progress, Self.segmentTextBytes)
    }

    /// A builder that adds documents to an index, by the recipe that made it.
    ///
    /// - Parameters:
    ///   - replacing: Whether documents replace those with the same ids, or are refused.
    ///   - shard: what the index must be; nil when it does not matter.
    init(
        addingTo path: String, replacing: Bool, shard: ShardNumber? = nil, engine: Engine,
        progress: any ProgressReporter,
        segmentTextBytes: Int = IndexBuilder.segmentTextBytes
    ) throws {
        let index = try engine.open(path)
        try index.require(shard)
        self.init(
            RecipeFile(index.recipe, settings: index.settings), output: path, adding: true, replacing: replacing,
            synchronised: nil, restored: nil, shard: index.shard, engine, progress, segmentTextBytes)
    }

    /// A builder that makes an index agree with the files of its corpus.
    init(synchronising index: SearchIndex, files: ChangedFiles, engine: Engine, progress: any ProgressReporter) {
        self.init(
            RecipeFile(index.recipe, settings: index.settings), output: index.path, adding: true, replacing: true,
            synchronised: files, restored: nil, shard: index.shard, engine, progress, Self.segmentTextBytes)
    }

    private init(
        _ file: RecipeFile, output: String, adding: Bool, replacing: Bool, synchronised: ChangedFiles?,
        restored: CorpusFileTable?, shard: ShardRecord?, keepsPositions: Bool = false, _ engine: Engine,
        _ progress: any ProgressReporter, _ segmentTextBytes: Int
    ) {
        self.file = file
        self.output = output
        self.adding = adding
        self.replacing = replacing
        self.synchronised = synchronised
        self.restored = restored
        self.shard = shard
        self.keepsPositions = keepsPositions
        self.engine = engine
        self.progress = progress
        self.segmentTextBytes = segmentTextBytes
    }

    /// What a run changed, in documents.
    struct Changes {
        var added = 0
        var replaced = 0
        var removed = 0
    }

    /// Builds and commits.
    ///
    /// - Throws: `TrawlError` for what is wrong with documents, models or disk; the index is then as it was.
    @discardableResult
    func run(_ documents: any DocumentSource) throws -> Changes {
        // What can fail at once fails before anything is written.
        try file.settings.validate(engine.parts)
        try engine.parts.requireKnown(file.recipe.build)
        guard !file.recipe.build.isEmpty else {
            throw TrawlError(
                .invalidInput, "the recipe builds nothing",
                remedy: "name some of \(engine.parts.nameList)")
        }
        let source = SampledDocuments(documents, of: shard?.shard, keepsPositions: keepsPositions)
        var builder = self
        if !adding {
            builder.file.locateModels(in: ".")
            try builder.completeRecipe(source)
        }
        return try builder.build(source, documents.corpus)
    }

    /// The most documents that a recipe is completed by, and the bytes of text after which no more are read.
    private static let sampleSize = (count: 200, bytes: 256 << 10)

    private mutating func completeRecipe(_ documents: SampledDocuments) throws {
        for part in engine.parts.all {
            try part.complete(
                &file.recipe,
                by: { try documents.sample(count: Self.sampleSize.count, bytes: Self.sampleSize.bytes) },
                progress: progress)
        }
    }

    /// - Parameter corpus: the files that the documents come from; nil when they come from none.
    private mutating func build(_ documents: any DocumentSource, _ corpus: DocumentIterator?) throws -> Changes {
        let recipe = file.recipe
        let existing = try adding ? engine.open(output) : nil
        let context = BuildContext(
            models: engine.models, existing: existing, unfinished: Store.unfinishedFolder(of: output),
            shard: shard?.shard)
        let parts = engine.parts.built(by: recipe)
        let builders = try parts.map { try $0.makeBuilder(recipe, context) }
        for print in builders.compactMap(\.fingerprint) {
            if let existing { try print.require(in: existing.fingerprints, path: output) }
        }
        var source = documents
        for part in parts { source = part.reading(source, recipe, isAdding: adding) }
        let isNew = !Store.exists(at: output)
        do {
            return try build(source, corpus, builders)
        } catch {
            // Embeddings that are done are kept for the next run.
            if isNew { try? Store.removeUnfinished(at: output) }
            throw error
        }
    }

    private mutating func build(
        _ documents: any DocumentSource, _ corpus: DocumentIterator?, _ builders: [any PartBuilder]
    ) throws -> Changes {
        let files = synchronised ?? (adding ? nil : corpus.map { ChangedFiles(new: $0) })
        let numbers = files?.numbers ?? restored?.numbers ?? [:]
        let session = try Store.create(at: output).write()
        // A fresh index looks at no old document: a snapshot would keep the pages of the whole run from being used
        // again.
        let before = try adding ? committed(session, builders) : nil
        var changes = Changes()
        var replaced = before.map { Replacements($0, engine.parts.built(by: file.recipe)) }
        var segments: [SegmentInfo] = []
        var written: [DocumentIDFilter] = []
        var draft = SegmentDraft()
        let passages = try Self.splitter(file.recipe.passages, builders)
        var reported = 0
        func finishDraft() throws {
            progress.end()
            guard draft.passageCount > 0 else { return }
            let earlier = try StoredDocuments(session.snapshot(of: segments))
            try resolveDuplicates(draft, &replaced) { id in
                try written.contains { $0.mayContain(id) } && earlier.position(of: id) != nil
            }
            segments.append(try write(draft, builders, into: session.newSegment()))
            written.append(DocumentIDFilter(draft.entries.lazy.map(\.document.id)))
            draft = SegmentDraft()
        }
        progress.begin("reading documents", total: documents.totalBytes, unit: "bytes")
        while var document = try documents.next() {
            progress.advance(documents.bytesRead - reported)
            reported = documents.bytesRead
            let file = numbers[document.origin.path] ?? 0
            if let shard, !keepsPositions { document.position = try shard.position(ofRecord: document.position) }
            if synchronised != nil, try replaced?.keep(document, file: file) == true { continue }
            // A document that is nothing but a title has one passage, which is empty.
            let ranges = passages(document)
            try draft.append(document, passages: ranges.isEmpty ? [0..<0] : ranges, file: file)
            changes.added += 1
            if draft.isFull(limit: segmentTextBytes) {
                try finishDraft()
                progress.begin("reading documents", total: documents.totalBytes.map { $0 - reported }, unit: "bytes")
            }
        }
        try finishDraft()
        for warning in documents.warnings { progress.warn(warning) }
        changes.replaced = replaced?.count ?? 0
        changes.added -= changes.replaced
        if let synchronised {
            let stale = synchronised.stale(without: corpus?.incompleteFiles ?? [])
            changes.removed = try replaced?.deleteRest(of: stale) ?? 0
        }
        try setMetadata(session, builders, files?.table ?? restored)
        try session.commit(segments: (replaced?.write(session, progress: progress) ?? []) + segments)
        try? FileManager.default.removeItem(atPath: Store.unfinishedFolder(of: output))
        if adding {
            IndexUpdater.settle(session, engine.parts, segmentTextBytes: segmentTextBytes, progress: progress)
        }
        return changes
    }

    private func write(_ draft: SegmentDraft, _ builders: [any PartBuilder], into writer: SegmentWriter) throws
        -> SegmentInfo
    {
        for builder in builders { try builder.write(draft, into: writer, progress: progress) }
        return SegmentInfo(
            number: writer.number, documentCount: UInt32(draft.entries.count), passageCount: UInt32(draft.passageCount))
    }

    /// What the index says of itself beside its segments.
    private func setMetadata(_ session: WriteSession, _ builders: [any PartBuilder], _ files: CorpusFileTable?) throws {
        var fingerprints: Fingerprints = [:]
        for print in builders.compactMap(\.fingerprint) { fingerprints[print.key] = print.digest }
        session.setMetadata(SearchIndex.recipeName, bytes: Array(try file.yaml(parts: engine.parts).utf8))
        try session.setMetadata(SearchIndex.fingerprintsName, fingerprints)
        for (name, bytes) in builders.flatMap(\.metadata) { session.setMetadata(name, bytes: bytes) }
        if let files {
            session.setMetadata(CorpusFileTable.metadataName, bytes: files.bytes)
        } else if !adding {
            session.removeMetadata(CorpusFileTable.metadataName)
        }
        if let shard {
            try session.setMetadata(ShardRecord.metadataName, shard)
        } else if !adding {
            session.removeMetadata(ShardRecord.metadataName)
        }
        // What was fitted to an index is not fitted to the one that replaces it.
        if !adding { for name in SearchIndex.fittedNames { session.removeMetadata(name) } }
    }

    /// The documents of the index that is added to, which another writer may have replaced before this one had the
    /// lock, as well as the default settings of searches, which are kept. Of a shard it counts one addition more.
    private mutating func committed(_ session: WriteSession, _ builders: [any PartBuilder]) throws -> StoredDocuments {
        let index = try engine.open(output)
        for print in builders.compactMap(\.fingerprint) {
            try print.require(in: index.fingerprints, path: output)
        }
        let files = try index.corpusFiles()
        guard synchronised.map({ $0.before == files }) != false else {
            throw TrawlError(.busy, "the index was changed meanwhile", path: output, remedy: "run the command again")
        }
        guard index.recipe == file.recipe, index.shard?.shard == shard?.shard else {
            throw TrawlError(
                .busy, "the index was rebuilt by another recipe, or as another shard, meanwhile", path: output,
                remedy: "run the command again")
        }
        file.settings = index.settings
        shard = keepsPositions ? index.shard : try index.shard?.afterAddition(path: output)
        return try StoredDocuments(session.snapshot(of: session.manifest.segments))
    }

    /// What cuts documents into passages.
    private static func splitter(_ recipe: PassageRecipe, _ builders: [any PartBuilder]) throws
        -> (Document) -> [Range<Int>]
    {
        switch recipe.size {
        case .auto:
            guard let measure = builders.compactMap(\.passageMeasure).min(by: { $0.limit < $1.limit }) else {
                fallthrough
            }
            let splitter = FittingSplitter(measure)
            return { splitter.passages(of: $0) }
        case .whole: return { PassageSplitter.wholeDocuments.passages(of: $0.text) }
        case .words(let size):
            let splitter = try PassageSplitter(size: size, overlap: recipe.overlap)
            return { splitter.passages(of: $0.text) }
        }
    }

    /// Ids must be unique over the whole index; within a draft, `SegmentDraft` sees to it.
    ///
    /// - Parameters:
    ///   - replaced: the documents of the index before this run, which may be replaced.
    ///   - isWritten: whether this run has written a document of that id.
    private func resolveDuplicates(
        _ draft: SegmentDraft, _ replaced: inout Replacements?, isWritten: (DocumentID) throws -> Bool
    ) throws {
        for entry in draft.entries {
            if try isWritten(entry.document.id) {
                throw SegmentDraft.duplicate(entry.document, first: nil)
            }
            guard let position = try replaced?.documents.position(of: entry.document.id) else { continue }
            let file = try replaced?.file(of: position) ?? 0
            // A document of a file that did not change stays, and so does one that came from elsewhere.
            guard replacing, replaced?.hasSeen(position) != true,
                synchronised.map({ file == 0 ? $0.before == nil : $0.stale.contains(file) }) != false
            else {
                throw SegmentDraft.duplicate(entry.document, first: nil)
            }
            replaced?.replace(position)
        }
    }
}
