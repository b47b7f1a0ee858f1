import TrawlCore
import TrawlStore

/// Documents that are about to be deleted from the segments of a snapshot.
struct PendingDeletions {
    private let documents: StoredDocuments
    private let parts: [any IndexPart]
    /// The numbers of documents to delete, by the position of their segment.
    private var chosen: [[UInt32]]
    private(set) var count = 0

    /// - Parameter parts: those of the index.
    init(from documents: StoredDocuments, _ parts: [any IndexPart]) {
        self.documents = documents
        self.parts = parts
        chosen = documents.segments.map { _ in [] }
    }

    /// - Precondition: the document is live and was not passed before.
    mutating func delete(_ position: (segment: Int, document: UInt32)) {
        chosen[position.segment].append(position.document)
        count += 1
    }

    /// Writes a new deletion set for each segment that loses documents.
    ///
    /// - Returns: the segments that remain; those without a live document are left out.
    func write(_ session: WriteSession, progress: any ProgressReporter) throws -> [SegmentInfo] {
        guard count > 0 else { return documents.segments.map(\.reader.info) }
        progress.begin("deleting", total: count, unit: "documents")
        defer { progress.end() }
        return try zip(documents.segments, chosen).compactMap { segment, chosen in
            defer { progress.advance(chosen.count) }
            return chosen.isEmpty ? segment.reader.info : try write(chosen, of: segment, session)
        }
    }

    private func write(_ chosen: [UInt32], of segment: DocumentSegment, _ session: WriteSession) throws
        -> SegmentInfo?
    {
        // What is damaged would be written again with a sound checksum.
        try segment.verifyDeletions()
        var info = segment.reader.info
        var dead = segment.deletions?.documents.bitSet() ?? BitSet(bound: Int(info.documentCount))
        var deadPassages = segment.deletions?.passages.bitSet() ?? BitSet(bound: Int(info.passageCount))
        for document in chosen {
            dead.insert(Int(document))
            for passage in try segment.passages(of: document) { deadPassages.insert(Int(passage)) }
        }
        guard dead.count < Int(info.documentCount) else { return nil }
        let writer = session.newSegment()
        info.deletions = try DeletionSet.write(documents: dead, passages: deadPassages, into: writer)
        for part in parts { try part.delete(deadPassages, from: segment.reader, into: writer) }
        return info
    }
}
