import TrawlCore

/// How the documents of a corpus are written down.
public enum CorpusFormat: String, CaseIterable, Sendable, Codable {
    /// A folder with `corpus.jsonl` in it, plain, `.gz` or `.zst` (BEIR, Thakur et al. 2021).
    case beir
    /// One JSON object a line.
    case jsonLines = "jsonl"
    /// One array of objects, one object of key to object (the key is the id of an object that has none), or objects
    /// one after the other.
    case json
    /// `id<TAB>text`, `id<TAB>title<TAB>text`, `id<TAB>url<TAB>title<TAB>text` (MS MARCO), or what a header line says.
    case tsv
    /// `<DOC><DOCNO>…</DOCNO> … <TEXT>…</TEXT></DOC>`, many to a file.
    case trec
    /// A file is a document.
    case text
    /// A file is a document; its first heading is the title.
    case markdown
    /// A file is a document; `<title>` is the title.
    case html
    /// A line is a document and its number is the id.
    case lines

    /// The format that a file's name promises, without regard to a compression suffix.
    init?(fileName: String) {
        switch FileName(fileName).fileExtension {
        case "jsonl", "ndjson": self = .jsonLines
        case "json": self = .json
        case "tsv": self = .tsv
        case "trec", "sgml", "sgm": self = .trec
        case "txt", "text": self = .text
        case "md", "markdown": self = .markdown
        case "html", "htm", "xhtml": self = .html
        default: return nil
        }
    }
}

/// Which fields of a JSON object, or columns of a TSV file with a header, hold what. The first name that is present
/// counts; fields that no name claims become metadata.
public struct FieldMapping: Hashable, Sendable, Codable {
    public var id: [String]
    public var title: [String]
    public var text: [String]

    public init(
        id: [String] = FieldMapping.default.id, title: [String] = FieldMapping.default.title,
        text: [String] = FieldMapping.default.text
    ) {
        self.id = id
        self.title = title
        self.text = text
    }

    private init(standard: Void) {
        id = ["_id", "id", "docid", "doc_id"]
        title = ["title"]
        text = ["text", "contents", "body"]
    }

    public static let `default` = FieldMapping(standard: ())

    /// As in a recipe: `text: extract` or `text: [extract, description]`; what is not given stays as it is by default.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func names(_ key: CodingKeys) throws -> [String]? {
            guard container.contains(key) else { return nil }
            if let name = try? container.decode(String.self, forKey: key) { return [name] }
            return try container.decode([String].self, forKey: key)
        }
        self.init(
            id: try names(.id) ?? Self.default.id, title: try names(.title) ?? Self.default.title,
            text: try names(.text) ?? Self.default.text)
    }

    private enum CodingKeys: String, CodingKey { case id, title, text }
}
