public import TrawlCore

/// A place in the input, for messages: `corpus.jsonl:12`.
public struct Origin: Hashable, Sendable, CustomStringConvertible {
    /// The path as the user named it or as it was found below a named folder; `standard input` for `-`.
    public let path: String
    /// Counted from 1; nil when the whole file is the document.
    public let line: Int?

    public init(path: String, line: Int? = nil) {
        self.path = path
        self.line = line
    }

    public var description: String { path + (line.map { ":\($0)" } ?? "") }
}

/// A document of a corpus. Its strings are valid, in Unicode NFC, and free of control characters but tab and newline;
/// title and text are not both blank.
public struct Document: Hashable, Sendable {
    /// As the corpus has it: 1 to 480 bytes of UTF-8, not normalised. Uniqueness is for the store to check.
    public let id: DocumentID
    public let title: String
    public let text: String
    /// In the order of the input. A key may repeat.
    public let metadata: [MetadataField]
    /// The headings in `text`, in order; none for formats without headings.
    public let headings: [Heading]
    public let origin: Origin
    /// The number of the document's record in its corpus, from 0: records without a document count too.
    public var position: UInt64 = 0

    public init(
        id: DocumentID, title: String, text: String, metadata: [MetadataField] = [], headings: [Heading] = [],
        origin: Origin
    ) {
        self.id = id
        self.title = title
        self.text = text
        self.metadata = metadata
        self.headings = headings
        self.origin = origin
    }

    /// A document that a program made itself: its strings are cleaned as those of files are.
    ///
    /// - Throws: `TrawlError.invalidInput` for an id that is blank, longer than 480 bytes or has control characters, and for a
    ///   document without title and text.
    public init(id: String, title: String = "", text: String, metadata: [String: String] = [:]) throws {
        let origin = Origin(path: "document \(id)")
        try DocumentID.check(id, origin)
        let (title, text) = (cleaned(title), cleaned(text))
        guard !isBlank(title) || !isBlank(text) else {
            throw TrawlError(.invalidInput, "the document \(id) is blank", remedy: "give it a title or a text")
        }
        self.init(
            id: DocumentID(id), title: title, text: text,
            metadata: metadata.sorted { $0.key < $1.key }.map { MetadataField(key: $0.key, value: $0.value) },
            origin: origin)
    }

    /// The values of a metadata key, in the order of the input.
    public func values(of key: String) -> [String] { metadata.filter { $0.key == key }.map(\.value) }

    /// The value of a metadata key, the last one if it repeats.
    public func value(of key: String) -> String? { metadata.last { $0.key == key }?.value }
}

/// A heading in the text of a document. The section that it opens ends before the next heading of the same level or a
/// higher one.
public struct Heading: Hashable, Sendable {
    /// 1 is the highest.
    public let level: Int
    /// The bytes of the heading's line in the document's UTF-8 text, without its line break.
    public let range: Range<Int>

    public init(level: Int, range: Range<Int>) {
        self.level = level
        self.range = range
    }
}

extension DocumentID {
    /// Ids must fit a key of the store, whose limit is 511 bytes.
    static let maximumBytes = 480

    /// - Throws: `TrawlError.invalidInput` for an id that is blank, too long or has control characters.
    static func check(_ id: String, _ origin: Origin) throws {
        let problem: String
        if isBlank(id) {
            problem = "the id is empty"
        } else if id.utf8.count > maximumBytes {
            problem = "the id has \(id.utf8.count) bytes and may have \(maximumBytes): \(id.prefix(40))…"
        } else if id.utf8.contains(where: { $0 < 0x20 }) {
            problem = "the id has a control character: \(id.debugDescription)"
        } else {
            return
        }
        throw TrawlError(
            .invalidInput, problem, path: origin.path, line: origin.line, remedy: "give the document another id")
    }
}

/// A document as a format's parser found it: not cleaned, not checked.
struct RawDocument {
    var id: String
    var title: String
    var text: String
    var metadata: [MetadataField] = []
    /// In the order of their lines.
    var headings: [RawHeading] = []
    /// A title for a document that has a text and no title of its own: the name of its file.
    var fallbackTitle: String?
    var line: Int?
    /// True when the id is a number that the reader gave.
    var isNumbered = false
    /// What was changed or could not be understood although the document was read.
    var repair: String?
}

/// A heading by its line, which cleaning the text does not change.
struct RawHeading {
    var level: Int
    /// The number of line feeds before it in the text.
    var line: Int
}

extension [RawHeading] {
    /// The headings as bytes of the cleaned text.
    ///
    /// - Complexity: O(n) in the bytes of the text; nothing for a text without headings.
    func located(in text: String) -> [Heading] {
        if isEmpty { return [] }
        let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false)
        return compactMap { heading in
            guard lines.indices.contains(heading.line) else { return nil }
            let line = lines[heading.line]
            let start = text.utf8.distance(from: text.utf8.startIndex, to: line.startIndex)
            return Heading(level: heading.level, range: start..<start + line.count)
        }
    }
}

/// Reads the documents of one file in order.
protocol RawDocumentSource: AnyObject {
    func next() throws -> RawDocument?

    /// The same. Of a document that `takes` refuses, no more than the id and the line have to be read.
    func next(taking takes: ((DocumentID) -> Bool)?) throws -> RawDocument?

    /// After `next` has thrown: whether calling it again gives what follows the bad record. Otherwise the rest of the file
    /// cannot be read.
    var resumesAfterError: Bool { get }
}

extension RawDocumentSource {
    func next(taking takes: ((DocumentID) -> Bool)?) throws -> RawDocument? { try next() }
    var resumesAfterError: Bool { false }
}
