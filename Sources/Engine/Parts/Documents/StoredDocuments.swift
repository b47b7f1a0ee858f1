public import TrawlCore
public import TrawlCorpus
import TrawlStore

/// A document as the index keeps it.
public struct StoredDocument: Sendable {
    public let id: DocumentID
    public let title: String
    public let text: String
    public let metadata: DocumentMetadata
    /// The headings in `text`, in order.
    public let headings: [Heading]
    /// The byte ranges of its passages in `text`.
    public let passages: [Range<Int>]

    package init(
        id: DocumentID, title: String, text: String, metadata: DocumentMetadata, headings: [Heading],
        passages: [Range<Int>]
    ) {
        (self.id, self.title, self.text) = (id, title, text)
        (self.metadata, self.headings, self.passages) = (metadata, headings, passages)
    }
}

/// As JSON: the id is `document`.
extension StoredDocument: Encodable {
    enum CodingKeys: String, CodingKey { case document, title, text, metadata, passages }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(id, forKey: .document)
        try values.encode(title, forKey: .title)
        try values.encode(text, forKey: .text)
        try values.encode(metadata, forKey: .metadata)
        try values.encode(TextRange.list(passages, in: text), forKey: .passages)
    }
}

/// A passage as the index keeps it.
public struct StoredPassage: Sendable {
    public let document: DocumentID
    public let title: String
    /// The headings above the passage, outermost first. One that repeats the title is left out.
    public let section: [String]
    public let text: String
    /// The passage's number within its document, from 0.
    public let ordinal: Int
    /// The passage's range in its document's text, in UTF-8 bytes.
    public let range: Range<Int>

    package init(
        document: DocumentID, title: String, section: [String], text: String, ordinal: Int, range: Range<Int>
    ) {
        (self.document, self.title, self.section, self.text) = (document, title, section, text)
        (self.ordinal, self.range) = (ordinal, range)
    }

    /// Title, section and text as embedders, rerankers and the lexical index read them.
    public var content: String { passageContent(title: title, section: section, text: text) }
}

/// The documents and passages of a snapshot, read in place.
public struct StoredDocuments: Sendable {
    let segments: [DocumentSegment]
    /// The documents and passages that are not deleted. Their numbers have gaps where others were.
    public let documentCount: Int
    public let passageCount: Int
    public let deletedDocumentCount: Int
    public let deletedPassageCount: Int

    init(_ snapshot: Snapshot) throws {
        segments = try snapshot.segments.map { try DocumentSegment($0) }
        documentCount = segments.reduce(0) { $0 + $1.reader.info.liveDocumentCount }
        passageCount = segments.reduce(0) { $0 + $1.reader.info.livePassageCount }
        deletedDocumentCount = segments.reduce(0) { $0 + $1.documents.recordCount } - documentCount
        deletedPassageCount = segments.reduce(0) { $0 + $1.passages.recordCount } - passageCount
    }

    /// The passage `id`.
    ///
    /// - Throws: `TrawlError.corrupted` when there is no such passage, or the segment is damaged.
    public func passage(_ id: PassageID) throws -> StoredPassage {
        let (segment, local) = try locate(passage: id)
        return try segment.passage(local)
    }

    /// The range of passage `id` in its document's text.
    ///
    /// - Complexity: O(bytes of the text up to its end).
    public func range(of id: PassageID) throws -> TextRange {
        let (segment, local) = try locate(passage: id)
        return try segment.range(ofPassage: local)
    }

    /// The length of the text of passage `id`, in bytes of UTF-8. Touches no text.
    public func byteCount(of id: PassageID) throws -> Int {
        let (segment, local) = try locate(passage: id)
        let record: PassageRecord = segment.passages.load(local)
        guard record.start <= record.end else { throw segment.damaged }
        return Int(record.end - record.start)
    }

    /// The metadata of the document that passage `id` is part of.
    public func metadata(of id: PassageID) throws -> DocumentMetadata {
        let (segment, local) = try locate(passage: id)
        let record: PassageRecord = segment.passages.load(local)
        return try segment.metadata(of: record.document)
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
        let record = try segment.record(local)
        return DocumentID(try segment.string(at: Int(record.offset), count: record.idBytes))
    }

    /// The position in the whole corpus of document `number`, counted over all segments: what ties between the shards of a
    /// corpus are broken by. In an index that is not a shard it is the number.
    package func position(ofDocument number: UInt32) throws -> UInt64 {
        let (segment, local) = try locate(document: number)
        return try segment.position(of: local) ?? UInt64(number)
    }

    /// The document called `id`, or nil.
    public func document(_ id: DocumentID) throws -> StoredDocument? {
        try position(of: id).map { try segments[$0.segment].document($0.document) }
    }

    /// The passages of the document called `id`; none when there is no such document.
    public func passages(of id: DocumentID) throws -> [PassageID] {
        guard let (number, local) = try position(of: id) else { return [] }
        let segment = segments[number]
        return try segment.passages(of: local).map { PassageID(segment.reader.passageBase + $0) }
    }

    /// Whether there is a document called `id`.
    public func contains(_ id: DocumentID) throws -> Bool { try position(of: id) != nil }

    /// The passage that `reference` names, or nil.
    public func passage(_ reference: PassageReference) throws -> PassageID? {
        guard let (position, document) = try position(of: reference.document) else { return nil }
        let passages = try segments[position].passages(of: document)
        guard reference.passage >= 0, reference.passage < passages.count else { return nil }
        return PassageID(segments[position].reader.passageBase + passages.lowerBound + UInt32(reference.passage))
    }

    /// The index of the segment of the live document called `id`, and its number there; nil when there is none.
    func position(of id: DocumentID) throws -> (segment: Int, document: UInt32)? {
        guard id.rawValue.utf8.count <= longestRecordKey else { return nil }
        for (position, segment) in segments.enumerated() {
            guard let local = try segment.reader.record(DocumentTables.ids, id.rawValue.utf8) else { continue }
            guard local < segment.reader.info.documentCount else { throw segment.damaged }
            if !segment.isDead(document: local) { return (position, local) }
        }
        return nil
    }

    /// Calls `body` with each live document in the order of indexing.
    public func forEachDocument(_ body: (StoredDocument) throws -> Void) throws {
        for segment in segments {
            for local in 0..<segment.reader.info.documentCount where !segment.isDead(document: local) {
                try body(try segment.document(local))
            }
        }
    }

    /// Calls `body` with the number of each live document and with its passages, in order.
    public func forEachPassageList(_ body: (_ document: UInt32, [PassageID]) throws -> Void) throws {
        for segment in segments {
            for local in 0..<segment.reader.info.documentCount where !segment.isDead(document: local) {
                try body(
                    segment.reader.documentBase + local,
                    try segment.passages(of: local).map { PassageID(segment.reader.passageBase + $0) })
            }
        }
    }

    private func locate(passage id: PassageID) throws -> (DocumentSegment, Int) {
        for segment in segments where id.rawValue < segment.reader.passageBase + segment.reader.info.passageCount {
            return (segment, Int(id.rawValue - segment.reader.passageBase))
        }
        throw TrawlError(.corrupted, "there is no passage \(id.rawValue)", remedy: "build the index again")
    }

    private func locate(document number: UInt32) throws -> (DocumentSegment, UInt32) {
        for segment in segments where number < segment.reader.documentBase + segment.reader.info.documentCount {
            return (segment, number - segment.reader.documentBase)
        }
        throw TrawlError(.corrupted, "there is no document \(number)", remedy: "build the index again")
    }
}
