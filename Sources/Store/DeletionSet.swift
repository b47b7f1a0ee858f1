internal import TrawlCore

/// What has been deleted from a segment: a bitmap of dead documents and one of dead passages, read in place, with whatever
/// each part of the index keeps beside them. All of it is stored under the set's own number.
public struct DeletionSet: Sendable {
    /// The numbers of all that deletion sets hold; no part of an index shares them.
    public static let storage: ClosedRange<UInt16> = 40...49

    public static let deadDocuments = BlobKind(number: 40, "dead documents")
    public static let deadPassages = BlobKind(number: 41, "dead passages")

    public let documents: Bitmap
    public let passages: Bitmap
    /// Records and blobs of the set.
    public let reader: SegmentReader
    private let info: DeletionInfo

    /// The deletion set of `segment`; nil when nothing was deleted from it.
    ///
    /// - Throws: `TrawlError.corrupted` when it is missing or has another size than the segment.
    public init?(_ segment: SegmentReader) throws {
        guard let info = segment.info.deletions, let reader = segment.deletionReader else { return nil }
        self.info = info
        self.reader = reader
        documents = try Bitmap(
            reader.blob(Self.deadDocuments, recordSize: Bitmap.wordBytes), bound: Int(segment.info.documentCount),
            of: reader)
        passages = try Bitmap(
            reader.blob(Self.deadPassages, recordSize: Bitmap.wordBytes), bound: Int(segment.info.passageCount),
            of: reader)
    }

    /// Writes the bitmaps of a new set.
    public static func write(documents: BitSet, passages: BitSet, into writer: SegmentWriter) throws -> DeletionInfo {
        for (kind, set) in [(deadDocuments, documents), (deadPassages, passages)] {
            let blob = writer.blob(kind, recordSize: Bitmap.wordBytes)
            try blob.append(contentsOf: set.words)
            try blob.finish()
        }
        return DeletionInfo(
            number: writer.number, documentCount: UInt32(documents.count), passageCount: UInt32(passages.count))
    }

    /// Compares the bitmaps with their checksums and with the manifest.
    ///
    /// - Throws: `TrawlError.corrupted`.
    public func check() throws {
        try reader.verifyChecksums(Self.deadDocuments)
        try reader.verifyChecksums(Self.deadPassages)
        guard documents.populationCount == Int(info.documentCount), passages.populationCount == Int(info.passageCount)
        else { throw reader.damaged("the deletion set has another number of members than the manifest says") }
    }
}

extension SegmentReader {
    /// A reader of what is stored under the number of the segment's deletion set; nil when nothing was deleted.
    public var deletionReader: SegmentReader? {
        info.deletions.map { deletions in
            SegmentReader(
                snapshot: snapshot, info: SegmentInfo(number: deletions.number, documentCount: 0, passageCount: 0),
                passageBase: passageBase, documentBase: documentBase)
        }
    }

    /// The passages that are not deleted, as ascending runs of numbers in the segment.
    public func livePassages() throws -> [Range<UInt32>] {
        try DeletionSet(self)?.passages.bitSet().complement ?? (info.passageCount == 0 ? [] : [0..<info.passageCount])
    }
}
