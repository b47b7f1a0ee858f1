import Foundation
import TrawlCore
import TrawlCorpus
import TrawlStore

/// Writes the documents of a segment, one at a time; see `DocumentTables`.
final class DocumentSegmentBuilder {
    private(set) var documentCount: UInt32 = 0
    private(set) var passageCount: UInt32 = 0
    private let writer: SegmentWriter
    private let text: BlobWriter
    private let documents: BlobWriter
    private let passages: BlobWriter
    /// Made when there is a heading.
    private var headings: BlobWriter?
    private let positions: BlobWriter?

    /// - Parameter storesPositions: Whether the segment is of a shard, and has the positions of its documents.
    init(into writer: SegmentWriter, storesPositions: Bool = false) {
        self.writer = writer
        text = writer.blob(DocumentTables.text, recordSize: 1)
        documents = writer.blob(DocumentTables.documents, recordSize: MemoryLayout<DocumentRecord>.stride)
        passages = writer.blob(DocumentTables.passages, recordSize: MemoryLayout<PassageRecord>.stride)
        positions =
            storesPositions ? writer.blob(DocumentTables.positions, recordSize: MemoryLayout<UInt64>.stride) : nil
    }

    static func write(_ draft: SegmentDraft, storesPositions: Bool, into writer: SegmentWriter) throws {
        let builder = DocumentSegmentBuilder(into: writer, storesPositions: storesPositions)
        for entry in draft.entries { try builder.add(entry) }
        try builder.finish()
    }

    func add(_ entry: SegmentDraft.Entry) throws {
        let document = entry.document
        // No metadata take no space.
        let metadata = document.metadata.isEmpty ? "" : DocumentMetadata(document.metadata).json
        let parts = [document.id.rawValue, document.title, metadata, document.text]
        let sizes = parts.map(\.utf8.count)
        guard sizes.allSatisfy({ $0 <= Int(UInt32.max) }) else {
            throw TrawlError(.invalidInput, "document \(document.id) is larger than 4 GiB")
        }
        var end = 0
        for heading in document.headings {
            guard heading.range.lowerBound >= end, heading.range.upperBound <= sizes[3] else {
                throw TrawlError(
                    .invalidInput, "the headings of document \(document.id) are not ranges of its text, in order")
            }
            end = heading.range.upperBound
        }
        let record = DocumentRecord(
            offset: 0, idBytes: UInt32(sizes[0]), titleBytes: UInt32(sizes[1]),
            metadataBytes: UInt32(sizes[2]), textBytes: UInt32(sizes[3]), firstPassage: 0, file: entry.file)
        try add(
            record, id: parts[0].utf8, passages: entry.passages.map { UInt32($0.lowerBound)..<UInt32($0.upperBound) },
            headings: document.headings, position: document.position
        ) { text in
            for var part in parts { try part.withUTF8 { try text.append(UnsafeRawBufferPointer($0)) } }
        }
    }

    /// Adds a document whose id, title, metadata and text, in this order, `content` writes.
    ///
    /// - Parameter record: the sizes of those; its offsets are not read.
    func add(
        _ record: DocumentRecord, id: some Sequence<UInt8>, passages ranges: [Range<UInt32>], headings: [Heading],
        position: UInt64, content: (BlobWriter) throws -> Void
    ) throws {
        var record = record
        record.offset = UInt64(text.byteCount)
        record.firstPassage = passageCount
        try documents.append(record)
        try positions?.append(position)
        try content(text)
        for (ordinal, range) in ranges.enumerated() {
            try passages.append(
                PassageRecord(
                    document: documentCount, start: range.lowerBound, end: range.upperBound, ordinal: UInt32(ordinal)))
        }
        for heading in headings {
            let blob =
                self.headings ?? writer.blob(DocumentTables.headings, recordSize: MemoryLayout<HeadingRecord>.stride)
            self.headings = blob
            try blob.append(
                HeadingRecord(
                    document: documentCount, level: UInt32(clamping: heading.level),
                    start: UInt32(heading.range.lowerBound), end: UInt32(heading.range.upperBound)))
        }
        try writer.put(DocumentTables.ids, id, documentCount)
        passageCount += UInt32(ranges.count)
        documentCount += 1
    }

    /// Adds a document of another segment as it is.
    func add(_ document: UInt32, of segment: DocumentSegment) throws {
        let record = try segment.record(document)
        let content = try segment.content(of: record)
        try add(
            record, id: content.prefix(Int(record.idBytes)), passages: segment.passageRanges(of: document),
            headings: segment.headings(of: document), position: segment.position(of: document) ?? 0
        ) {
            try $0.append(contentsOf: content)
        }
    }

    func finish() throws {
        try text.finish()
        try documents.finish()
        try passages.finish()
        try headings?.finish()
        try positions?.finish()
    }
}
