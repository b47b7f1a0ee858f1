public import TrawlCore

/// A document in a list: what it is called and how large it is.
public struct DocumentSummary: Encodable, Sendable {
    public let document: DocumentID
    public let title: String
    /// How many passages it has.
    public let passages: Int
    /// The bytes of its text in UTF-8.
    public let bytes: Int
}

extension StoredDocuments {
    /// Calls `body` with a summary of each live document that meets `conditions`, in the order of indexing, at most `limit`
    /// times.
    ///
    /// - Parameter first: the document before the first one that is summarised; nil: from the beginning.
    /// - Throws: `TrawlError.invalidInput` for a key that the conditions compare and no document has; `.notFound` for a
    ///   document that the index does not have.
    /// - Complexity: O(documents visited + segments); their text is not read.
    public func forEachSummary(
        after first: DocumentID? = nil, meeting conditions: [DocumentCondition] = [], limit: Int = .max,
        _ body: (DocumentSummary) throws -> Void
    ) throws {
        var left = limit
        guard left > 0 else { return }
        try forEachDocument(after: first, meeting: conditions) { segment, document in
            try body(try segment.summary(of: document))
            left -= 1
            return left > 0
        }
    }
}

extension DocumentSegment {
    fileprivate func summary(of document: UInt32) throws -> DocumentSummary {
        let record = try record(document)
        let id = Int(record.offset)
        return DocumentSummary(
            document: DocumentID(try string(at: id, count: record.idBytes)),
            title: try string(at: id + Int(record.idBytes), count: record.titleBytes),
            passages: try passages(of: document).count, bytes: Int(record.textBytes))
    }
}
