import Foundation
import TrawlCore
import TrawlCorpus
import TrawlStore

/// The documents of a damaged segment, as far as their bytes match their checksums.
struct SalvagedSegment {
    let reader: SegmentReader
    /// The documents that were written, deleted ones included.
    let documentCount: UInt32
    private let text: PartialBlob
    private let documents: PartialBlob
    private let positions: PartialBlob
    /// By document; nil when they cannot be read.
    private let headings: [UInt32: [Heading]]?
    private let dead: BitSet?

    /// Whether it is known which documents were deleted.
    var knowsDeletions: Bool { dead != nil }

    var hasHeadings: Bool { headings != nil }

    /// Whether the positions of all documents in the whole corpus are known, as those of a shard are.
    var hasPositions: Bool { positions.isWhole }

    init(_ reader: SegmentReader) {
        self.reader = reader
        text = reader.partialBlob(DocumentTables.text, recordSize: 1)
        documents = reader.partialBlob(DocumentTables.documents, recordSize: MemoryLayout<DocumentRecord>.stride)
        // What the manifest states is not covered by a checksum.
        documentCount =
            documents.byteCount.map { UInt32(clamping: $0 / MemoryLayout<DocumentRecord>.stride) }
            ?? min(
                reader.info.documentCount,
                UInt32(clamping: reader.snapshot.byteCount / MemoryLayout<DocumentRecord>.stride))
        headings = Self.headings(of: reader)
        positions = reader.partialBlob(DocumentTables.positions, recordSize: MemoryLayout<UInt64>.stride)
        dead = Self.dead(in: reader, documents, bound: Int(documentCount))
    }

    private static func headings(of reader: SegmentReader) -> [UInt32: [Heading]]? {
        guard let has = try? reader.hasBlob(DocumentTables.headings) else { return nil }
        guard has else { return [:] }
        let blob = reader.partialBlob(DocumentTables.headings, recordSize: MemoryLayout<HeadingRecord>.stride)
        guard blob.isWhole else { return nil }
        var headings: [UInt32: [Heading]] = [:]
        var index = 0
        while let record = blob.load(index, as: HeadingRecord.self) {
            guard record.start <= record.end else { return nil }
            headings[record.document, default: []].append(
                Heading(level: Int(record.level), range: Int(record.start)..<Int(record.end)))
            index += 1
        }
        return headings
    }

    /// The deleted documents: those that are listed, or all whose passages are.
    private static func dead(in reader: SegmentReader, _ documents: PartialBlob, bound: Int) -> BitSet? {
        guard let deletions = reader.deletionReader else { return BitSet(bound: bound) }
        if let members = members(DeletionSet.deadDocuments, deletions, bound: bound) { return members }
        let passageCount = Int(reader.info.passageCount)
        guard passageCount <= 8 * reader.snapshot.byteCount,
            let passages = members(DeletionSet.deadPassages, deletions, bound: passageCount)
        else { return nil }
        var dead = BitSet(bound: bound)
        for number in 0..<bound {
            guard let record = documents.load(number, as: DocumentRecord.self) else { continue }
            // Each document has a passage.
            let first = Int(record.firstPassage)
            if first < passages.bound, passages.contains(first) { dead.insert(number) }
        }
        return dead
    }

    private static func members(_ kind: BlobKind, _ reader: SegmentReader, bound: Int) -> BitSet? {
        let blob = reader.partialBlob(kind, recordSize: 8)
        guard blob.byteCount == (bound + 63) / 64 * 8 else { return nil }
        var set = BitSet(bound: bound)
        for word in 0..<(bound + 63) / 64 {
            guard let bits = blob.load(word, as: UInt64.self) else { return nil }
            for bit in 0..<64 where bits >> UInt64(bit) & 1 == 1 {
                guard word * 64 + bit < bound else { return nil }
                set.insert(word * 64 + bit)
            }
        }
        return set
    }

    func isDead(_ number: UInt32) -> Bool { dead?.contains(Int(number)) ?? false }

    /// The id of a document, or nil.
    func id(of number: UInt32) -> DocumentID? {
        guard let record = documents.load(Int(number), as: DocumentRecord.self), record.offset < 1 << 60,
            let bytes = text.bytes(in: Int(record.offset)..<Int(record.offset) + Int(record.idBytes))
        else { return nil }
        return DocumentID(String(decoding: bytes, as: UTF8.self))
    }

    /// The ids by document, as far as the table of ids can be read: names for documents whose own cannot.
    func tableOfIDs() -> [UInt32: DocumentID] {
        var ids: [UInt32: DocumentID] = [:]
        try? reader.forEachRecord(of: DocumentTables.ids) { key, number in
            ids[number] = DocumentID(String(decoding: key, as: UTF8.self))
            return true
        }
        return ids
    }

    /// The document `number` as a corpus would have it; nil unless all of it is intact.
    ///
    /// - Parameter keys: the keys of the files that documents came from, by number; a key is the path of the origin.
    func document(_ number: UInt32, keys: [UInt32: String]) -> Document? {
        guard let record = documents.load(Int(number), as: DocumentRecord.self), record.offset < 1 << 60 else {
            return nil
        }
        var offset = Int(record.offset)
        func next(_ count: UInt32) -> String? {
            defer { offset += Int(count) }
            return text.bytes(in: offset..<offset + Int(count)).map { String(decoding: $0, as: UTF8.self) }
        }
        guard let id = next(record.idBytes), let title = next(record.titleBytes),
            let json = next(record.metadataBytes), let text = next(record.textBytes),
            let metadata = try? DocumentMetadata(stored: json)
        else { return nil }
        let headings = (headings?[number] ?? []).filter { $0.range.upperBound <= text.utf8.count }
        var document = Document(
            id: DocumentID(id), title: title, text: text, metadata: metadata.fields, headings: headings,
            origin: Origin(path: keys[record.file] ?? reader.snapshot.path))
        document.position = positions.load(Int(number), as: UInt64.self) ?? UInt64(number)
        return document
    }
}

/// The documents that are indexed again, in order.
final class SalvagedDocuments: DocumentSource {
    let totalBytes: Int? = nil
    let bytesRead = 0
    let warnings: [String] = []
    private var rest: ArraySlice<(segment: SalvagedSegment, number: UInt32)>
    private let keys: [UInt32: String]

    init(_ documents: [(segment: SalvagedSegment, number: UInt32)], keys: [UInt32: String]) {
        rest = documents[...]
        self.keys = keys
    }

    func next() -> Document? {
        while let (segment, number) = rest.popFirst() {
            if let document = segment.document(number, keys: keys) { return document }
        }
        return nil
    }
}
