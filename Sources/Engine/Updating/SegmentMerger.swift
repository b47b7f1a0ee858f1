import TrawlCore
import TrawlLexicalIndex
import TrawlStore
import TrawlSubstringIndex
import TrawlVectorIndex

/// Rewrites neighbouring segments without their dead documents. Nothing is tokenised, analysed or embedded again, and the
/// result is what indexing the live documents in the same order gives.
///
/// Documents, postings and vectors are streamed; sorting suffixes takes the memory that `SubstringSegmentBuilder` says,
/// for one new segment at a time.
struct SegmentMerger {
    private let session: WriteSession
    private let recipe: Recipe
    private let progress: any ProgressReporter

    /// - Throws: `TrawlError` when the index has no recipe that can be read.
    init(_ session: WriteSession, progress: any ProgressReporter) throws {
        self.session = session
        self.progress = progress
        recipe = try SearchIndex.recipe(of: session.snapshot(of: session.manifest.segments))
    }

    /// Replaces the run `merged` of the session's committed segments and commits.
    ///
    /// - Parameter textBytes: the text at which a new segment is full.
    func replace(_ merged: Range<Int>, textBytes: Int) throws {
        let segments = session.manifest.segments
        let snapshot = try session.snapshot(of: segments)
        let stored = try StoredDocuments(snapshot)
        let plan = try MergePlan(merged, of: stored, textBytes: textBytes)
        let written = try plan.outputs.map { try write($0, of: stored) }
        try session.commit(segments: segments[..<merged.lowerBound] + written + segments[merged.upperBound...])
    }

    private func write(_ slices: [MergePlan.Slice], of stored: StoredDocuments) throws -> SegmentInfo {
        let writer = session.newSegment()
        let info = try writeDocuments(slices, of: stored, into: writer)
        let storeSlices = slices.map(\.storeSlice)
        guard let first = storeSlices.first?.reader else { return info }
        if try LexicalSearcher.isPresent(in: first) {
            progress.begin("merging lexical index", total: nil, unit: "terms")
            try LexicalSegmentMerger.merge(storeSlices, into: writer, progress: progress)
            progress.end()
        }
        if try SubstringSegment.exists(in: first) {
            try SubstringSegmentMerger.merge(storeSlices, into: writer, progress: progress)
        }
        if try VectorSearcher.isPresent(in: first) {
            try VectorSegmentMerger.merge(
                storeSlices, recipe.dense.vectors.settings(), into: writer, progress: progress)
        }
        return info
    }

    private func writeDocuments(_ slices: [MergePlan.Slice], of stored: StoredDocuments, into writer: SegmentWriter)
        throws -> SegmentInfo
    {
        progress.begin("copying documents", total: slices.reduce(0) { $0 + $1.documentCount }, unit: "documents")
        defer { progress.end() }
        let builder = DocumentSegmentBuilder(into: writer)
        for slice in slices {
            let segment = slice.segment
            for run in slice.documents {
                for document in run {
                    let record = try stored.record(document: document, in: segment)
                    let content = try stored.content(of: record, in: segment)
                    let passages = try stored.passages(of: document, in: segment).map { number in
                        let passage: PassageRecord = segment.passages.load(Int(number))
                        guard passage.start <= passage.end else { throw stored.damaged(segment) }
                        return passage.start..<passage.end
                    }
                    try builder.add(record, id: content.prefix(Int(record.idBytes)), passages: passages) {
                        try $0.append(contentsOf: content)
                    }
                }
                progress.advance(run.count)
            }
        }
        try builder.finish()
        return SegmentInfo(
            number: writer.number, documentCount: builder.documentCount, passageCount: builder.passageCount)
    }
}
