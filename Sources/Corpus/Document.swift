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

/// A named value that travels with a document or a query and is not searched.
public struct MetadataField: Hashable, Sendable {
    public let key: String
    /// A string as it was; any other JSON value as its JSON text, such as `1999` or `["a","b"]`.
    public let value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
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

    /// The value of a metadata key, the last one if it repeats.
    public func value(of key: String) -> String? { metadata.last { $0.key == key }?.value }
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
protocol DocumentSource: AnyObject {
    func next() throws -> RawDocument?
}
