import Foundation
public import TrawlCore
import TrawlCorpus
import TrawlStore

/// Reads a corpus and builds an index of it, or adds documents to one.
///
/// Documents are read into drafts of bounded size; each draft becomes a segment with its documents and everything that
/// the recipe builds. One transaction at the end makes all new segments the index, and takes out what they replace.
public struct IndexBuilder {
    private let recipe: Recipe
    private let output: String
    private let adding: Bool
    private let replacing: Bool
    private let progress: any ProgressReporter
    private let segmentTextBytes: Int
    /// Queries that documents answer, which become identifiers of theirs.
    public var pseudoQueries: [DocumentID: [String]] = [:]

    /// The text of a segment in bytes. It bounds the memory of indexing: text, tokens and suffixes of one segment.
    static let segmentTextBytes = 128 << 20

    /// A builder that makes the index in the folder `output`, in place of one that may be there.
    public init(recipe: Recipe, output: String, progress: any ProgressReporter) {
        self.recipe = recipe
        self.output = output
        adding = false
        replacing = false
        self.progress = progress
        segmentTextBytes = Self.segmentTextBytes
    }

    /// A builder that adds the documents of `paths` to an index, by the recipe that made it.
    ///
    /// - Parameter replacing: Whether documents take the place of those with the same ids, or are refused.
    public init(addingTo path: String, paths: [String], replacing: Bool = false, progress: any ProgressReporter) throws
    {
        try self.init(
            addingTo: path, paths: paths, replacing: replacing, progress: progress,
            segmentTextBytes: Self.segmentTextBytes)
    }

    init(
        addingTo path: String, paths: [String], replacing: Bool, progress: any ProgressReporter, segmentTextBytes: Int
    ) throws {
        var recipe = try SearchIndex(path: path).recipe
        recipe.corpus.paths = paths
        self.recipe = recipe
        output = path
        adding = true
        self.replacing = replacing
        self.progress = progress
        self.segmentTextBytes = segmentTextBytes
    }

    /// Builds and commits.
    ///
    /// - Throws: `TrawlError` for what is wrong with corpus, models or disk; the index is then as it was.
    public func run() throws -> IndexSummary {
        // What can fail at once fails before anything is written.
        let components = try SegmentComponents(recipe: recipe)
        if adding { try SearchIndex(path: output).requireSame(components.fingerprints) }
        if !pseudoQueries.isEmpty, recipe.generative.identifiers == nil || !recipe.build.contains(.generative) {
            throw TrawlError(
                .invalidInput, "the index keeps no pseudo-queries", path: output,
                remedy: "build it with --pseudo-queries and with generative among what is built")
        }
        let reader = try CorpusReader(
            paths: recipe.corpus.paths, format: recipe.corpus.corpusFormat(), fields: recipe.corpus.fieldMapping)
        let isNew = !Store.exists(at: output)
        do {
            try build(reader, components)
        } catch {
            if isNew { try? SearchIndex.remove(path: output) }
            throw error
        }
        return try SearchIndex(path: output).summary
    }

    private func build(_ reader: CorpusReader, _ components: SegmentComponents) throws {
        let session = try Store.create(at: output).write()
        // A fresh index looks at no old document: a snapshot would keep the pages of the whole run from being used
        // again.
        let before = try adding ? committed(session, components) : nil
        var replaced = before.map { PendingDeletions(from: $0) }
        var segments: [SegmentInfo] = []
        var draft = SegmentDraft()
        let splitter = try PassageSplitter(size: recipe.passages.size, overlap: recipe.passages.overlap)
        let documents = reader.makeIterator()
        var reported = 0
        func finishDraft() throws {
            progress.end()
            guard draft.passageCount > 0 else { return }
            try resolveDuplicates(draft, before, &replaced, StoredDocuments(session.snapshot(of: segments)))
            segments.append(try components.write(draft, into: session.newSegment(), progress: progress))
            draft = SegmentDraft()
        }
        progress.begin("reading documents", total: reader.totalBytes, unit: "bytes")
        let identifiers = recipe.generative.identifiers.map(DocumentIdentifiers.init)
        var (answering, identified) = (0, 0)
        while var document = try documents.next() {
            if let identifiers {
                let queries = pseudoQueries[document.id]
                document = try identifiers.adding(queries ?? [], to: document)
                if queries != nil { answering += 1 }
                if document.value(of: identifiers.field) != nil { identified += 1 }
            }
            try draft.append(document, passages: passages(of: document, splitter))
            progress.advance(documents.summary.bytesRead - reported)
            reported = documents.summary.bytesRead
            if draft.textBytes >= segmentTextBytes {
                try finishDraft()
                progress.begin("reading documents", total: reader.totalBytes.map { $0 - reported }, unit: "bytes")
            }
        }
        try finishDraft()
        for warning in documents.summary.warnings { progress.warn(warning) }
        if answering < pseudoQueries.count {
            progress.warn(
                "documents of pseudo-queries that the corpus does not have: \(pseudoQueries.count - answering)")
        }
        if let identifiers, identified == 0, !adding {
            progress.warn("no document has the field \"\(identifiers.field)\" of identifiers")
        }
        session.setMetadata(SearchIndex.recipeName, bytes: Array(try recipe.yaml().utf8))
        try session.setMetadata(SearchIndex.fingerprintsName, components.fingerprints)
        try session.commit(segments: (replaced?.write(session, progress: progress) ?? []) + segments)
        if adding {
            IndexUpdater.settle(session, segmentTextBytes: segmentTextBytes, progress: progress)
        }
    }

    /// The documents of the index that is added to, which another writer may have replaced before this one had the
    /// lock.
    private func committed(_ session: WriteSession, _ components: SegmentComponents) throws -> StoredDocuments {
        let index = try SearchIndex(path: output)
        try index.requireSame(components.fingerprints)
        var now = index.recipe
        now.corpus.paths = recipe.corpus.paths
        guard now == recipe else {
            throw TrawlError(
                .busy, "the index was built anew by another recipe meanwhile", path: output,
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
    ///   - before: what was in the index before this run; its documents may be replaced.
    ///   - written: what this run has written so far.
    private func resolveDuplicates(
        _ draft: SegmentDraft, _ before: StoredDocuments?, _ replaced: inout PendingDeletions?,
        _ written: StoredDocuments
    ) throws {
        for entry in draft.entries {
            if try written.place(of: entry.document.id) != nil {
                throw SegmentDraft.duplicate(entry.document, first: nil)
            }
            guard let place = try before?.place(of: entry.document.id) else { continue }
            guard replacing else { throw SegmentDraft.duplicate(entry.document, first: nil) }
            replaced?.delete(place)
        }
    }
}

/// What an index consists of, for `trawl ls`, `trawl show` and scripts.
public struct IndexSummary: Codable, Sendable {
    public let path: String
    /// Documents and passages that are not deleted.
    public let documents: Int
    public let passages: Int
    /// Documents and passages that are deleted and still take room.
    public let deletedDocuments: Int
    public let deletedPassages: Int
    public let segments: Int
    public let bytesOnDisk: Int
    public let components: [String]
}
