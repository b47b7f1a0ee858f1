import Foundation
import TrawlCore
import TrawlCorpus
import TrawlStore

/// The documents and passages of one segment, by their numbers in it, read in place; see `DocumentTables`.
struct DocumentSegment: Sendable {
    let reader: SegmentReader
    let text: Blob
    let documents: Blob
    let passages: Blob
    /// nil for a segment without headings.
    let headings: Blob?
    /// nil in an index that is not a shard.
    let positions: Blob?
    let deletions: DeletionSet?

    /// - Throws: `TrawlError.corrupted` for a segment with another number of documents or passages than the manifest says.
    init(_ reader: SegmentReader) throws {
        self.reader = reader
        text = try reader.blob(DocumentTables.text, recordSize: 1)
        documents = try reader.blob(DocumentTables.documents, recordSize: MemoryLayout<DocumentRecord>.stride)
        passages = try reader.blob(DocumentTables.passages, recordSize: MemoryLayout<PassageRecord>.stride)
        headings =
            try reader.hasBlob(DocumentTables.headings)
            ? reader.blob(DocumentTables.headings, recordSize: MemoryLayout<HeadingRecord>.stride) : nil
        positions =
            try reader.hasBlob(DocumentTables.positions)
            ? reader.blob(DocumentTables.positions, recordSize: MemoryLayout<UInt64>.stride) : nil
        deletions = try DeletionSet(reader)
        guard documents.recordCount == Int(reader.info.documentCount),
            passages.recordCount == Int(reader.info.passageCount),
            positions.map({ $0.recordCount == documents.recordCount }) != false
        else {
            throw TrawlError(
                .corrupted, "segment \(reader.info.number) has another number of documents than the manifest says",
                path: reader.snapshot.path, remedy: "build the index again")
        }
    }

    /// Compares the deletion set with its checksums, with the manifest, and documents with their passages.
    ///
    /// - Throws: `TrawlError.corrupted`.
    func verifyDeletions() throws {
        guard let deletions else { return }
        try deletions.check()
        for document in 0..<reader.info.documentCount {
            let isDead = isDead(document: document)
            for passage in try passages(of: document) where deletions.passages.contains(Int(passage)) != isDead {
                throw TrawlError(
                    .corrupted,
                    "segment \(reader.info.number): passage \(passage) of document \(document) contradicts the deletion "
                        + "of documents", path: reader.snapshot.path, remedy: "build the index again")
            }
        }
    }

    /// The position of a document in the whole corpus; nil in an index that is not a shard.
    func position(of document: UInt32) throws -> UInt64? {
        guard document < reader.info.documentCount else { throw damaged }
        return positions?.load(Int(document), as: UInt64.self)
    }

    func isDead(document: UInt32) -> Bool { deletions?.documents.contains(Int(document)) ?? false }

    /// The passages of a document.
    func passages(of document: UInt32) throws -> Range<UInt32> {
        let first = try record(document).firstPassage
        let isLast = document + 1 == reader.info.documentCount
        let end = try isLast ? reader.info.passageCount : record(document + 1).firstPassage
        guard first <= end, end <= reader.info.passageCount else { throw damaged }
        return first..<end
    }

    /// The byte ranges of a document's passages in its text.
    func passageRanges(of document: UInt32) throws -> [Range<UInt32>] {
        let bytes = try record(document).textBytes
        return try passages(of: document).map { number in
            let passage: PassageRecord = passages.load(Int(number))
            guard passage.start <= passage.end, passage.end <= bytes else { throw damaged }
            return passage.start..<passage.end
        }
    }

    func document(_ local: UInt32) throws -> StoredDocument {
        let record = try record(local)
        var offset = Int(record.offset)
        func next(_ count: UInt32) throws -> String {
            defer { offset += Int(count) }
            return try string(at: offset, count: count)
        }
        let id = try next(record.idBytes)
        let title = try next(record.titleBytes)
        let metadata = try next(record.metadataBytes)
        let text = try next(record.textBytes)
        return StoredDocument(
            id: DocumentID(id), title: title, text: text, metadata: try self.metadata(metadata),
            headings: try headings(of: local),
            passages: try passageRanges(of: local).map { Int($0.lowerBound)..<Int($0.upperBound) })
    }

    func passage(_ local: Int) throws -> StoredPassage {
        let passage: PassageRecord = passages.load(local)
        let document = try record(passage.document)
        guard passage.start <= passage.end, passage.end <= document.textBytes else { throw damaged }
        let titleStart = Int(document.offset) + Int(document.idBytes)
        let textStart = titleStart + Int(document.titleBytes) + Int(document.metadataBytes)
        return StoredPassage(
            document: DocumentID(try string(at: Int(document.offset), count: document.idBytes)),
            title: try string(at: titleStart, count: document.titleBytes),
            section: try section(above: Int(passage.start), in: passage.document),
            text: try string(at: textStart + Int(passage.start), count: passage.end - passage.start),
            ordinal: Int(passage.ordinal), range: Int(passage.start)..<Int(passage.end))
    }

    /// The headings of a document, in the order of its text.
    ///
    /// - Complexity: O(log n) in the headings of the segment, and those of the document.
    func headings(of document: UInt32) throws -> [Heading] {
        guard let headings else { return [] }
        let bytes = try record(document).textBytes
        var (low, high) = (0, headings.recordCount)
        while low < high {
            let middle = (low + high) / 2
            let heading: HeadingRecord = headings.load(middle)
            if heading.document < document { low = middle + 1 } else { high = middle }
        }
        var found: [Heading] = []
        while low < headings.recordCount {
            let heading: HeadingRecord = headings.load(low)
            guard heading.document == document else { break }
            guard heading.start <= heading.end, heading.end <= bytes else { throw damaged }
            found.append(Heading(level: Int(heading.level), range: Int(heading.start)..<Int(heading.end)))
            low += 1
        }
        return found
    }

    /// The headings above the text at `offset` of a document, outermost first, without one that repeats the title.
    private func section(above offset: Int, in document: UInt32) throws -> [String] {
        let headings = try headings(of: document)
        var path = HeadingPath(headings)
        let above = path.indices(above: offset)
        guard !above.isEmpty else { return [] }
        let record = try record(document)
        let titleStart = Int(record.offset) + Int(record.idBytes)
        let textStart = titleStart + Int(record.titleBytes) + Int(record.metadataBytes)
        let title = try string(at: titleStart, count: record.titleBytes)
        return try above.map { index in
            let range = headings[index].range
            return try string(at: textStart + range.lowerBound, count: UInt32(range.count))
        }.filter { $0 != title }
    }

    /// The range of a passage in its document's text, of which what is before it is read.
    func range(ofPassage local: Int) throws -> TextRange {
        let passage: PassageRecord = passages.load(local)
        let document = try record(passage.document)
        guard passage.start <= passage.end, passage.end <= document.textBytes else { throw damaged }
        let start =
            Int(document.offset) + Int(document.idBytes) + Int(document.titleBytes) + Int(document.metadataBytes)
        let bytes = try text.bytes(in: start..<start + Int(passage.end))
        let split = Int(passage.start)
        let before = bytes[..<split].reduce(0) { $0 + (isScalarStart($1) ? 1 : 0) }
        let within = bytes[split...].reduce(0) { $0 + (isScalarStart($1) ? 1 : 0) }
        return TextRange(bytes: split..<bytes.count, scalars: before..<before + within)
    }

    /// The metadata of a document; its text is not read.
    func metadata(of document: UInt32) throws -> DocumentMetadata {
        let record = try record(document)
        let start = Int(record.offset) + Int(record.idBytes) + Int(record.titleBytes)
        return try metadata(string(at: start, count: record.metadataBytes))
    }

    /// The record of a document, with all its sizes inside the text blob.
    func record(_ document: UInt32) throws -> DocumentRecord {
        guard document < reader.info.documentCount else { throw damaged }
        let record: DocumentRecord = documents.load(Int(document))
        let bytes =
            UInt64(record.idBytes) + UInt64(record.titleBytes) + UInt64(record.metadataBytes) + UInt64(record.textBytes)
        let (end, overflow) = record.offset.addingReportingOverflow(bytes)
        guard !overflow, end <= UInt64(text.byteCount), bytes <= UInt64(UInt32.max) * 4 else { throw damaged }
        return record
    }

    /// The id, title, metadata and text of a document, one after the other, as they are stored.
    func content(of record: DocumentRecord) throws -> [UInt8] {
        let count = Int(record.idBytes) + Int(record.titleBytes) + Int(record.metadataBytes) + Int(record.textBytes)
        return try text.bytes(in: Int(record.offset)..<Int(record.offset) + count)
    }

    func string(at offset: Int, count: UInt32) throws -> String {
        String(decoding: try text.bytes(in: offset..<offset + Int(count)), as: UTF8.self)
    }

    private func metadata(_ json: String) throws -> DocumentMetadata {
        do { return try DocumentMetadata(stored: json) } catch { throw damaged }
    }

    var damaged: TrawlError {
        TrawlError(
            .corrupted, "the documents of segment \(reader.info.number) contradict themselves",
            path: reader.snapshot.path, remedy: "build the index again")
    }
}
