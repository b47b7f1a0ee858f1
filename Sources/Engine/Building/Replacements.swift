import TrawlCore
import TrawlCorpus
import TrawlStore

/// Which documents of an index a run of the builder replaces, keeps and deletes.
struct Replacements {
    let documents: StoredDocuments
    private var deletions: PendingDeletions
    /// Documents that were read again: replaced, or found to be the same. By segment and number.
    private var seen: Set<Position> = []

    private struct Position: Hashable {
        let segment: Int
        let document: UInt32
    }

    /// - Parameter parts: those of the index.
    init(_ documents: StoredDocuments, _ parts: [any IndexPart]) {
        self.documents = documents
        deletions = PendingDeletions(from: documents, parts)
    }

    /// The documents that will be deleted.
    var count: Int { deletions.count }

    /// The number of the file that a document came from; 0 when it is not known.
    func file(of position: (segment: Int, document: UInt32)) throws -> UInt32 {
        try documents.segments[position.segment].record(position.document).file
    }

    /// Whether this run has replaced the document, or kept it.
    func hasSeen(_ position: (segment: Int, document: UInt32)) -> Bool {
        seen.contains(Position(segment: position.segment, document: position.document))
    }

    /// - Precondition: the document is live and `hasSeen` does not know it.
    mutating func replace(_ position: (segment: Int, document: UInt32)) {
        deletions.delete(position)
        seen.insert(Position(segment: position.segment, document: position.document))
    }

    /// Keeps what the index has of `document` if that is the same, and answers whether it is.
    mutating func keep(_ document: Document, file: UInt32) throws -> Bool {
        guard let position = try documents.position(of: document.id), try self.file(of: position) == file,
            try documents.segments[position.segment].document(position.document).hasContent(of: document)
        else { return false }
        return seen.insert(Position(segment: position.segment, document: position.document)).inserted
    }

    /// Deletes the documents of `files` that were not read again.
    ///
    /// - Returns: how many.
    /// - Complexity: O(documents); no text is read.
    mutating func deleteRest(of files: Set<UInt32>) throws -> Int {
        guard !files.isEmpty else { return 0 }
        let before = deletions.count
        for (number, segment) in documents.segments.enumerated() {
            for local in 0..<segment.reader.info.documentCount where !segment.isDead(document: local) {
                guard files.contains(try segment.record(local).file),
                    !seen.contains(Position(segment: number, document: local))
                else { continue }
                deletions.delete((number, local))
            }
        }
        return deletions.count - before
    }

    /// Writes the deletion sets; see `PendingDeletions`.
    func write(_ session: WriteSession, progress: any ProgressReporter) throws -> [SegmentInfo] {
        try deletions.write(session, progress: progress)
    }
}

extension StoredDocument {
    /// Whether indexing `document` would store the same.
    fileprivate func hasContent(of document: Document) -> Bool {
        title == document.title && text == document.text && headings == document.headings
            && metadata == DocumentMetadata(document.metadata)
    }
}
