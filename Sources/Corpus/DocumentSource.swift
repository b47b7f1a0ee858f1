/// Documents in a fixed order, read once: a corpus, or a program's own objects. For one thread at a time.
public protocol DocumentSource: AnyObject {
    /// The bytes that `bytesRead` grows to; nil when that is not known.
    var totalBytes: Int? { get }
    /// The bytes read so far, for progress.
    var bytesRead: Int { get }
    /// What the user should know once all is read.
    var warnings: [String] { get }
    /// The corpus whose documents these are; nil for documents that come from no files.
    var corpus: DocumentIterator? { get }

    /// The next document; nil at the end.
    ///
    /// - Throws: `TrawlError` with the file and the line of what cannot be read.
    func next() throws -> Document?
}

extension DocumentSource {
    public var corpus: DocumentIterator? { nil }
}

/// Documents in memory.
public final class DocumentList: DocumentSource {
    private var rest: ArraySlice<Document>
    public let totalBytes: Int?
    public private(set) var bytesRead = 0
    public let warnings: [String] = []

    public init(_ documents: [Document]) {
        rest = documents[...]
        totalBytes = documents.reduce(0) { $0 + Self.bytes($1) }
    }

    public func next() -> Document? {
        guard let document = rest.popFirst() else { return nil }
        bytesRead += Self.bytes(document)
        return document
    }

    private static func bytes(_ document: Document) -> Int { document.title.utf8.count + document.text.utf8.count }
}
