import TrawlCore

/// Reads texts that are not queries, such as those to embed.
///
/// Every line is a text, also a blank one, and its number is its id; a tab is part of the text. JSON lines, `.tsv` files with
/// an id and a text or a header, and `.csv` files with a header are read as such; what has no id has its number.
public struct TextReader: Sendable {
    /// A text with its id; it may be blank.
    public struct Text: Hashable, Sendable {
        public let id: String
        public let text: String
    }

    let fields: FieldMapping

    public init(fields: FieldMapping = FieldMapping(text: FieldMapping.default.text + ["query"])) {
        self.fields = fields
    }

    /// All texts of a file (plain, `.gz` or `.zst`), a pipe, or standard input (`-`), in order.
    ///
    /// - Throws: `TrawlError` with file and line for malformed lines.
    public func read(_ path: String) throws -> [Text] {
        let source = try ByteSource.input(path)
        let documents: any RawDocumentSource =
            switch FileName(source.name).fileExtension {
            case "jsonl", "ndjson", "json": JSONLinesSource(source, fields: fields)
            case "tsv": TSVSource(source, fields: fields)
            case "csv": CSVSource(source, fields: fields)
            case "txt", "text", "md": LinesSource(source)
            default:
                try source.beginsWithObject()
                    ? JSONLinesSource(source, fields: fields) : LinesSource(source)
            }
        var texts: [Text] = []
        while let raw = try documents.next() { texts.append(Text(id: raw.id, text: cleaned(raw.text))) }
        return texts
    }
}

extension ByteSource {
    /// The first bytes without a byte order mark.
    func head() throws -> ArraySlice<UInt8> {
        let head = try peek(1 << 12)
        return head.starts(with: [0xEF, 0xBB, 0xBF]) ? head.dropFirst(3) : head
    }

    /// Whether the first sign that is not white space opens a JSON object.
    func beginsWithObject() throws -> Bool { try head().first { $0 > 0x20 } == UInt8(ascii: "{") }
}
