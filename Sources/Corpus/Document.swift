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
    public let origin: Origin

    public init(
        id: DocumentID, title: String, text: String, metadata: [MetadataField] = [], origin: Origin
    ) {
        self.id = id
        self.title = title
        self.text = text
        self.metadata = metadata
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

    /// The value of a metadata key, the last one if it repeats.
    public func value(of key: String) -> String? { metadata.last { $0.key == key }?.value }
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
    /// A title for a document that has a text and no title of its own: the name of its file.
    var fallbackTitle: String?
    var line: Int?
}

/// Reads the documents of one file in order.
protocol RawDocumentSource: AnyObject {
    func next() throws -> RawDocument?
}
