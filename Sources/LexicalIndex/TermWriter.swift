import TrawlCore
import TrawlStore

/// Writes the terms of a segment with their postings.
final class TermWriter {
    private let writer: SegmentWriter
    private let postings: BlobWriter
    private let blocks: BlobWriter

    init(_ writer: SegmentWriter) {
        self.writer = writer
        postings = writer.blob(LexicalSegment.postings, recordSize: 1)
        blocks = writer.blob(LexicalSegment.blocks, recordSize: MemoryLayout<PostingBlock>.stride)
    }

    /// - Parameter term: comes after the one before in the order of bytes.
    /// - Throws: `full` for postings of more than 4 GiB.
    func append(_ term: [UInt8], _ list: inout PostingEncoder) throws {
        let (record, range, described) = try list.finish(
            offset: postings.byteCount, firstBlock: blocks.byteCount / MemoryLayout<PostingBlock>.stride)
        try postings.append(contentsOf: list.bytes)
        try writer.put(LexicalSegment.terms, term, record)
        guard let range else { return }
        try blocks.append(contentsOf: described)
        try writer.put(LexicalSegment.blockRanges, term, range)
    }

    func finish() throws {
        try postings.finish()
        try blocks.finish()
    }
}
