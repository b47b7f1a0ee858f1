import TrawlCore
public import TrawlCorpus

/// The documents of a segment that is being built, in memory. The builder starts a new segment when a draft has reached
/// its budget, which bounds the memory of indexing whatever the corpus.
public struct SegmentDraft: Sendable {
    public struct Entry: Sendable {
        public let document: Document
        /// The byte ranges of the passages in the document's text.
        public let passages: [Range<Int>]

        public var passageTexts: [String] { passages.map { document.text.substring(utf8: $0) } }
    }

    /// The documents in the order of the corpus.
    public private(set) var entries: [Entry] = []
    /// The passages of all documents.
    public private(set) var passageCount = 0
    /// The bytes of titles, texts and metadata.
    public private(set) var textBytes = 0

    private var origins: [DocumentID: Origin] = [:]

    init() {}

    /// - Throws: `TrawlError.invalidInput` when the draft has a document of that id.
    mutating func append(_ document: Document, passages: [Range<Int>]) throws {
        if let first = origins.updateValue(document.origin, forKey: document.id) {
            throw Self.duplicate(document, first: first)
        }
        entries.append(Entry(document: document, passages: passages))
        passageCount += passages.count
        textBytes += document.title.utf8.count + document.text.utf8.count
        for field in document.metadata { textBytes += field.key.utf8.count + field.value.utf8.count }
    }

    /// - Parameter first: the origin of the other document; nil for one of an earlier segment or run.
    static func duplicate(_ document: Document, first: Origin?) -> TrawlError {
        TrawlError(
            .invalidInput,
            "the id \"\(document.id)\" is not unique: "
                + (first.map { "it is also at \($0)" } ?? "the index has it already"),
            path: document.origin.path, line: document.origin.line, remedy: "rename or remove one of the documents")
    }

    /// Calls `body` with title and text of each passage, as embedders and the lexical index read them, in order.
    public func forEachPassage(_ body: (_ content: String) throws -> Void) rethrows {
        for entry in entries {
            for text in entry.passageTexts { try body(passageText(title: entry.document.title, text: text)) }
        }
    }
}

extension String {
    /// The part of the string at `range` of its UTF-8 bytes.
    func substring(utf8 range: Range<Int>) -> String {
        if range.lowerBound == 0, range.upperBound == utf8.count { return self }
        return String(decoding: utf8.dropFirst(range.lowerBound).prefix(range.count), as: UTF8.self)
    }
}

/// What embedders, rerankers and the lexical index read of a passage.
func passageText(title: String, text: String) -> String {
    title.isEmpty ? text : text.isEmpty ? title : title + " " + text
}
