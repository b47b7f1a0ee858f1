import Foundation
public import TrawlCore
import TrawlStore

/// A document as the index keeps it.
public struct StoredDocument: Sendable {
    public let id: DocumentID
    public let title: String
    public let text: String
    public let metadata: [String: String]
    /// The byte ranges of its passages in `text`.
    public let passages: [Range<Int>]
}

/// A passage as the index keeps it.
public struct StoredPassage: Sendable {
    public let document: DocumentID
    public let title: String
    public let text: String
    /// The passage's number within its document, from 0.
    public let ordinal: Int
    /// Where the passage stands in its document's text, in UTF-8 bytes.
    public let range: Range<Int>
}

/// The documents and passages of a snapshot, read in place.
public struct StoredDocuments: Sendable {
    struct Segment {
        let reader: SegmentReader
        let text: Blob
        let documents: Blob
        let passages: Blob
        let deletions: DeletionSet?

        func isDead(document: UInt32) -> Bool { deletions?.documents.contains(Int(document)) ?? false }
    }

    let segments: [Segment]
    /// The documents and passages that are not deleted. Their numbers have gaps where others were.
    public let documentCount: Int
    public let passageCount: Int
    public let deletedDocumentCount: Int
    public let deletedPassageCount: Int

    init(_ snapshot: Snapshot) throws {
        segments = try snapshot.segments.map { reader in
            let segment = Segment(
                reader: reader, text: try reader.blob(DocumentTables.text, recordSize: 1),
                documents: try reader.blob(
                    DocumentTables.documents, recordSize: MemoryLayout<DocumentRecord>.stride),
                passages: try reader.blob(DocumentTables.passages, recordSize: MemoryLayout<PassageRecord>.stride),
                deletions: try DeletionSet(reader))
            guard segment.documents.recordCount == Int(reader.info.documentCount),
                segment.passages.recordCount == Int(reader.info.passageCount)
            else {
                throw TrawlError(
                    .corrupted, "segment \(reader.info.number) has another number of documents than the manifest says",
                    path: snapshot.path, remedy: "build the index again")
            }
            return segment
        }
        documentCount = segments.reduce(0) { $0 + $1.reader.info.liveDocumentCount }
        passageCount = segments.reduce(0) { $0 + $1.reader.info.livePassageCount }
        deletedDocumentCount = segments.reduce(0) { $0 + $1.documents.recordCount } - documentCount
        deletedPassageCount = segments.reduce(0) { $0 + $1.passages.recordCount } - passageCount
    }

    /// The passage `id`.
    public func passage(_ id: PassageID) throws -> StoredPassage {
        let (segment, local) = try locate(passage: id)
        let record: PassageRecord = segment.passages.load(local)
        let document = try self.record(document: record.document, in: segment)
        guard record.start <= record.end, record.end <= document.textBytes else { throw damaged(segment) }
        let textStart =
            Int(document.offset) + Int(document.idBytes) + Int(document.titleBytes)
            + Int(document.metadataBytes)
        return StoredPassage(
            document: DocumentID(try string(segment, at: Int(document.offset), count: document.idBytes)),
            title: try string(segment, at: Int(document.offset) + Int(document.idBytes), count: document.titleBytes),
            text: try string(segment, at: textStart + Int(record.start), count: record.end - record.start),
            ordinal: Int(record.ordinal), range: Int(record.start)..<Int(record.end))
    }

    /// The number, over all segments, of the document that passage `id` is part of. Touches no text.
    public func documentNumber(of id: PassageID) throws -> UInt32 {
        let (segment, local) = try locate(passage: id)
        let record: PassageRecord = segment.passages.load(local)
        guard record.document < segment.reader.info.documentCount else {
            throw TrawlError(
                .corrupted, "passage \(id.rawValue) belongs to no document", path: segment.reader.snapshot.path,
                remedy: "build the index again")
        }
        return segment.reader.documentBase + record.document
    }

    /// The id of document `number`, counted over all segments.
    public func documentID(_ number: UInt32) throws -> DocumentID {
        let (segment, local) = try locate(document: number)
        let record = try self.record(document: local, in: segment)
        return DocumentID(try string(segment, at: Int(record.offset), count: record.idBytes))
    }

    /// The document called `id`, or nil.
    public func document(_ id: DocumentID) throws -> StoredDocument? {
        try place(of: id).map { try document(segments[$0.segment], $0.document) }
    }

    /// Where the live document called `id` is: the place of its segment and its number there; nil when there is none.
    func place(of id: DocumentID) throws -> (segment: Int, document: UInt32)? {
        guard id.rawValue.utf8.count <= longestRecordKey else { return nil }
        for (place, segment) in segments.enumerated() {
            guard let local = try segment.reader.record(DocumentTables.ids, id.rawValue.utf8) else { continue }
            guard local < segment.reader.info.documentCount else { throw damaged(segment) }
            if !segment.isDead(document: local) { return (place, local) }
        }
        return nil
    }

    /// Calls `body` with each live document in the order of indexing.
    public func forEachDocument(_ body: (StoredDocument) throws -> Void) throws {
        for segment in segments {
            for local in 0..<segment.reader.info.documentCount where !segment.isDead(document: local) {
                try body(try document(segment, local))
            }
        }
    }

    /// Calls `body` with the number of each live document and with its passages, in order.
    func forEachPassageList(_ body: (_ document: UInt32, [PassageID]) throws -> Void) throws {
        for segment in segments {
            for local in 0..<segment.reader.info.documentCount where !segment.isDead(document: local) {
                try body(
                    segment.reader.documentBase + local,
                    try passages(of: local, in: segment).map { PassageID(segment.reader.passageBase + $0) })
            }
        }
    }

    /// The numbers in the segment of a document's passages.
    func passages(of document: UInt32, in segment: Segment) throws -> Range<UInt32> {
        let first = try record(document: document, in: segment).firstPassage
        let isLast = document + 1 == segment.reader.info.documentCount
        let end =
            try isLast
            ? segment.reader.info.passageCount : record(document: document + 1, in: segment).firstPassage
        guard first <= end, end <= segment.reader.info.passageCount else { throw damaged(segment) }
        return first..<end
    }

    func document(_ segment: Segment, _ local: UInt32) throws -> StoredDocument {
        let record = try self.record(document: local, in: segment)
        var offset = Int(record.offset)
        func next(_ count: UInt32) throws -> String {
            defer { offset += Int(count) }
            return try string(segment, at: offset, count: count)
        }
        let id = try next(record.idBytes)
        let title = try next(record.titleBytes)
        let metadata = try next(record.metadataBytes)
        let text = try next(record.textBytes)
        var ranges: [Range<Int>] = []
        var number = Int(record.firstPassage)
        while number < segment.passages.recordCount {
            let passage: PassageRecord = segment.passages.load(number)
            guard passage.document == local else { break }
            guard passage.start <= passage.end, passage.end <= record.textBytes else { throw damaged(segment) }
            ranges.append(Int(passage.start)..<Int(passage.end))
            number += 1
        }
        return StoredDocument(
            id: DocumentID(id), title: title, text: text, metadata: try pairs(metadata, segment), passages: ranges)
    }

    /// The metadata of a document; its text is not read.
    func metadata(of document: UInt32, in segment: Segment) throws -> [String: String] {
        let record = try record(document: document, in: segment)
        guard record.metadataBytes > 0 else { return [:] }
        let start = Int(record.offset) + Int(record.idBytes) + Int(record.titleBytes)
        return try pairs(string(segment, at: start, count: record.metadataBytes), segment)
    }

    private func pairs(_ metadata: String, _ segment: Segment) throws -> [String: String] {
        guard !metadata.isEmpty else { return [:] }
        guard let pairs = try? JSONDecoder().decode([String: String].self, from: Data(metadata.utf8)) else {
            throw damaged(segment)
        }
        return pairs
    }

    private func locate(passage id: PassageID) throws -> (Segment, Int) {
        for segment in segments where id.rawValue < segment.reader.passageBase + segment.reader.info.passageCount {
            return (segment, Int(id.rawValue - segment.reader.passageBase))
        }
        throw TrawlError(.corrupted, "there is no passage \(id.rawValue)", remedy: "build the index again")
    }

    private func locate(document number: UInt32) throws -> (Segment, UInt32) {
        for segment in segments where number < segment.reader.documentBase + segment.reader.info.documentCount {
            return (segment, number - segment.reader.documentBase)
        }
        throw TrawlError(.corrupted, "there is no document \(number)", remedy: "build the index again")
    }

    /// The record of a document, with all its sizes inside the text blob.
    func record(document: UInt32, in segment: Segment) throws -> DocumentRecord {
        guard document < segment.reader.info.documentCount else { throw damaged(segment) }
        let record: DocumentRecord = segment.documents.load(Int(document))
        let bytes =
            UInt64(record.idBytes) + UInt64(record.titleBytes) + UInt64(record.metadataBytes) + UInt64(record.textBytes)
        let (end, overflow) = record.offset.addingReportingOverflow(bytes)
        guard !overflow, end <= UInt64(segment.text.byteCount), bytes <= UInt64(UInt32.max) * 4 else {
            throw damaged(segment)
        }
        return record
    }

    /// The id, title, metadata and text of a document, one after the other, as they are stored.
    func content(of record: DocumentRecord, in segment: Segment) throws -> [UInt8] {
        let count = Int(record.idBytes) + Int(record.titleBytes) + Int(record.metadataBytes) + Int(record.textBytes)
        return try segment.text.bytes(in: Int(record.offset)..<Int(record.offset) + count)
    }

    private func string(_ segment: Segment, at offset: Int, count: UInt32) throws -> String {
        String(decoding: try segment.text.bytes(in: offset..<offset + Int(count)), as: UTF8.self)
    }

    func damaged(_ segment: Segment) -> TrawlError {
        TrawlError(
            .corrupted, "the documents of segment \(segment.reader.info.number) contradict themselves",
            path: segment.reader.snapshot.path, remedy: "build the index again")
    }
}
