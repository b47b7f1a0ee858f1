import TrawlCore
public import TrawlCorpus

/// The documents of a segment that is being built, in memory. The builder starts a new segment when a draft has reached
/// its budget, which bounds the memory of indexing whatever the corpus.
public struct SegmentDraft: Sendable {
    public struct Entry: Sendable {
        public let document: Document
        /// The byte ranges of the passages in the document's text.
        public let passages: [Range<Int>]
        /// The number of the file that the document came from, in `CorpusFileTable`; 0 when it is not known.
        let file: UInt32

        public var passageTexts: [String] { passages.map { document.text.substring(utf8: $0) } }

        /// Each passage with its title and the headings above it, as embedders and the lexical index read it.
        public var passageContents: [String] {
            contents(
                ofPassages: passages, in: document.text, title: document.title, headings: document.headings)
        }
    }

    /// The documents in the order of the corpus.
    public private(set) var entries: [Entry] = []
    /// The passages of all documents.
    public private(set) var passageCount = 0
    /// The bytes of titles, texts and metadata.
    public private(set) var textBytes = 0
    /// About the bytes that ids, entries and passages take beside the text: what counts when documents are short.
    private(set) var bookkeepingBytes = 0

    private var origins: [DocumentID: Origin] = [:]

    init() {}

    /// - Throws: `TrawlError.invalidInput` when the draft has a document of that id.
    mutating func append(_ document: Document, passages: [Range<Int>], file: UInt32 = 0) throws {
        if let first = origins.updateValue(document.origin, forKey: document.id) {
            throw Self.duplicate(document, first: first)
        }
        entries.append(Entry(document: document, passages: passages, file: file))
        passageCount += passages.count
        textBytes += document.title.utf8.count + document.text.utf8.count
        for field in document.metadata { textBytes += field.key.utf8.count + field.value.utf8.count }
        bookkeepingBytes +=
            Self.bytesPerDocument + document.id.rawValue.utf8.count
            + passages.count * MemoryLayout<Range<Int>>.stride
            + document.metadata.count * MemoryLayout<MetadataField>.stride
            + document.headings.count * MemoryLayout<Heading>.stride
    }

    /// An entry, its arrays and its origin, in containers that grow by doubling.
    private static let bytesPerDocument = 400

    /// Whether the documents take as much memory as a segment's should.
    ///
    /// - Parameter limit: for text, and for what comes beside it, in bytes.
    func isFull(limit: Int) -> Bool { max(textBytes, bookkeepingBytes) >= limit }

    /// - Parameter first: the origin of the other document; nil for one of an earlier segment or run.
    static func duplicate(_ document: Document, first: Origin?) -> TrawlError {
        TrawlError(
            .invalidInput,
            "the id \"\(document.id)\" is not unique: "
                + (first.map { "it is also at \($0)" } ?? "the index has it already"),
            path: document.origin.path, line: document.origin.line, remedy: "rename or remove one of the documents")
    }

    /// Calls `body` with each passage, as embedders and the lexical index read it, in order.
    public func forEachPassage(_ body: (_ content: String) throws -> Void) rethrows {
        for entry in entries {
            for content in entry.passageContents { try body(content) }
        }
    }
}

/// What embedders, rerankers and the lexical index read of a passage: its document's title, the headings above it and its text.
///
/// Title and headings are repeated in every passage, so that very long ones are cut: a title after 4096 bytes, a heading after
/// 256, and the headings are the eight nearest.
func passageContent(title: String, section: [String], text: String) -> String {
    // A long text is not copied without need.
    if title.isEmpty, section.isEmpty { return text }
    return ([title.cut(utf8: 4096)] + section.suffix(8).map { $0.cut(utf8: 256) } + [text]).filter { !$0.isEmpty }
        .joined(separator: " ")
}

/// The contents of a document's passages, which are ranges of its text in ascending order.
func contents(
    ofPassages passages: [Range<Int>], in text: String, title: String, headings: [Heading]
) -> [String] {
    let headingTexts = headings.map { text.substring(utf8: $0.range) }
    var path = HeadingPath(headings)
    return passages.map { range in
        // A heading that repeats the title says nothing new.
        let section = path.indices(above: range.lowerBound).map { headingTexts[$0] }.filter { $0 != title }
        return passageContent(title: title, section: section, text: text.substring(utf8: range))
    }
}

extension String {
    /// The first characters that take `limit` bytes at most.
    fileprivate func cut(utf8 limit: Int) -> String {
        if utf8.count <= limit { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
