public import Core
import Corpus
import Foundation
import Store

/// Reads a corpus and builds an index of it, or adds documents to one.
///
/// Documents are read into drafts of bounded size; each draft becomes a segment with its documents and everything that
/// the recipe builds. One transaction at the end makes all new segments the index.
public struct IndexBuilder {
    private let recipe: Recipe
    private let output: String
    private let adding: Bool
    private let progress: any ProgressReporter

    /// The text of a segment in bytes. It bounds the memory of indexing: text, tokens and suffixes of one segment.
    static let segmentTextBytes = 128 << 20

    /// A builder that makes the index in the folder `output`, in place of one that may be there.
    public init(recipe: Recipe, output: String, progress: any ProgressReporter) {
        self.recipe = recipe
        self.output = output
        adding = false
        self.progress = progress
    }

    /// A builder that adds the documents of `paths` to an index, by the recipe that made it.
    public init(addingTo path: String, paths: [String], progress: any ProgressReporter) throws {
        var recipe = try SearchIndex(path: path).recipe
        recipe.corpus.paths = paths
        self.recipe = recipe
        output = path
        adding = true
        self.progress = progress
    }

    /// Builds and commits.
    ///
    /// - Throws: `TrawlError` for what is wrong with corpus, models or disk; the index is then as it was.
    public func run() throws -> IndexSummary {
        // What can fail at once fails before anything is written.
        let components = try SegmentComponents(recipe: recipe)
        if adding { try SearchIndex(path: output).requireSame(components.fingerprints) }
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
        var segments = adding ? session.manifest.segments : []
        var draft = SegmentDraft()
        let splitter = try PassageSplitter(size: recipe.passages.size, overlap: recipe.passages.overlap)
        let documents = reader.makeIterator()
        var reported = 0
        func finishDraft() throws {
            progress.end()
            guard draft.passageCount > 0 else { return }
            try refuseDuplicates(draft, session, segments)
            segments.append(try components.write(draft, into: session.newSegment(), progress: progress))
            draft = SegmentDraft()
        }
        progress.begin("reading documents", total: reader.totalBytes, unit: "bytes")
        while let document = try documents.next() {
            try draft.append(document, passages: passages(of: document, splitter))
            progress.advance(documents.summary.bytesRead - reported)
            reported = documents.summary.bytesRead
            if draft.textBytes >= Self.segmentTextBytes {
                try finishDraft()
                progress.begin("reading documents", total: reader.totalBytes.map { $0 - reported }, unit: "bytes")
            }
        }
        try finishDraft()
        for warning in documents.summary.warnings { progress.warn(warning) }
        session.setMetadata(SearchIndex.recipeName, bytes: Array(try recipe.yaml().utf8))
        try session.setMetadata(SearchIndex.fingerprintsName, components.fingerprints)
        try session.commit(segments: segments)
    }

    /// A document that is nothing but a title has one passage, which is empty.
    private func passages(of document: Document, _ splitter: PassageSplitter) -> [Range<Int>] {
        let passages = splitter.passages(of: document.text)
        return passages.isEmpty ? [0..<0] : passages
    }

    /// Ids must be unique over the whole index; within a draft, `SegmentDraft` sees to it.
    private func refuseDuplicates(_ draft: SegmentDraft, _ session: WriteSession, _ segments: [SegmentInfo]) throws {
        for segment in segments {
            for entry in draft.entries
            where try session.hasRecord(DocumentTables.ids, entry.document.id.rawValue.utf8, inSegment: segment.number)
            {
                throw SegmentDraft.duplicate(entry.document, first: nil)
            }
        }
    }
}

/// What an index consists of, for `trawl ls`, `trawl show` and scripts.
public struct IndexSummary: Codable, Sendable {
    public let path: String
    public let documents: Int
    public let passages: Int
    public let segments: Int
    public let bytesOnDisk: Int
    public let components: [String]
}
