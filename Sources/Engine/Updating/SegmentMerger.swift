import TrawlCore
import TrawlStore

/// Rewrites neighbouring segments without their dead documents. Nothing is tokenised, analysed or embedded again, and the
/// result is what indexing the live documents in the same order gives.
///
/// Documents, postings and vectors are streamed; sorting suffixes takes the memory that `SubstringSegmentBuilder` says,
/// for one new segment at a time.
struct SegmentMerger {
    private let session: WriteSession
    private let recipe: IndexRecipe
    private let parts: [any IndexPart]
    private let progress: any ProgressReporter

    /// - Throws: `TrawlError` when the index has no recipe that can be read.
    init(_ session: WriteSession, _ parts: IndexParts, progress: any ProgressReporter) throws {
        self.session = session
        self.progress = progress
        recipe = try SearchIndex.recipeFile(of: session.snapshot(of: session.manifest.segments), parts).recipe
        self.parts = parts.built(by: recipe)
    }

    /// Replaces the run `merged` of the session's committed segments and commits.
    ///
    /// - Parameter textBytes: the text at which a new segment is full.
    func replace(_ merged: Range<Int>, textBytes: Int) throws {
        let segments = session.manifest.segments
        let snapshot = try session.snapshot(of: segments)
        let documents = try StoredDocuments(snapshot)
        try verify(documents.segments[merged])
        let plan = try MergePlan(merged, of: documents, textBytes: textBytes)
        let written = try plan.outputs.map { try write($0) }
        try session.commit(segments: segments[..<merged.lowerBound] + written + segments[merged.upperBound...])
    }

    /// Verifies what a merge reads: what is damaged would be written again with sound checksums.
    ///
    /// - Throws: `TrawlError.corrupted` that names the segment and what is damaged; nothing was written then.
    private func verify(_ segments: ArraySlice<DocumentSegment>) throws {
        progress.begin("verifying", total: segments.count, unit: "segments")
        defer { progress.end() }
        for segment in segments {
            try segment.reader.verifyAllChecksums()
            try segment.reader.deletionReader?.verifyAllChecksums()
            try segment.verifyDeletions()
            progress.advance(1)
        }
    }

    private func write(_ slices: [MergeSlice]) throws -> SegmentInfo {
        let writer = session.newSegment()
        for part in parts { try part.merge(slices, recipe, into: writer, progress: progress) }
        return SegmentInfo(
            number: writer.number, documentCount: UInt32(slices.reduce(0) { $0 + $1.documentCount }),
            passageCount: UInt32(slices.reduce(0) { $0 + $1.passageCount }))
    }
}
