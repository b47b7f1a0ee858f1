public import TrawlCore

/// Reads queries: JSON lines with `_id` and `text` (BEIR), `id<TAB>text`, or one query a line (ids from 1).
public struct QueryReader: Sendable {
    /// How queries are written down.
    public enum Format: String, CaseIterable, Sendable, Codable {
        case jsonLines = "jsonl"
        case tsv
        case lines
    }

    let fields: FieldMapping
    let standardInput: Int32

    public init(
        fields: FieldMapping = FieldMapping(text: FieldMapping.default.text + ["query"]), standardInput: Int32 = 0
    ) {
        self.fields = fields
        self.standardInput = standardInput
    }

    /// All queries of a file (plain, `.gz` or `.zst`) or of standard input (`-`), in order.
    ///
    /// - Parameter format: Nil to tell it by the file's name and first bytes.
    /// - Throws: `TrawlError` with file and line for malformed lines, blank queries, repeated ids, and no query at all.
    public func read(_ path: String, format: Format? = nil) throws -> [Query] {
        let source =
            path == "-"
            ? try ByteSource(descriptor: standardInput, name: "standard input") : try ByteSource(path: path)
        let documents: any RawDocumentSource
        let format = try format ?? detect(source)
        switch format {
        case .jsonLines: documents = JSONLinesSource(source, fields: fields)
        case .tsv: documents = TSVSource(source, fields: fields)
        case .lines: documents = LinesSource(source)
        }
        var queries: [Query] = []
        var lineOfID: [String: Int] = [:]
        while let raw = try documents.next() {
            let text = cleaned(raw.text)
            let id = format == .lines ? String(queries.count + 1) : raw.id
            if isBlank(text) {
                if format == .lines { continue }
                throw TrawlError(
                    .invalidInput, "the query \(id) is blank", path: source.name, line: raw.line,
                    remedy: "write a text or remove the line")
            }
            if isBlank(id) {
                throw TrawlError(
                    .invalidInput, "the id is empty", path: source.name, line: raw.line, remedy: "give the query an id")
            }
            if let earlier = lineOfID.updateValue(raw.line ?? 0, forKey: id) {
                throw TrawlError(
                    .invalidInput, "the id \(id) stands in line \(earlier) already", path: source.name, line: raw.line,
                    remedy: "give every query an id of its own")
            }
            queries.append(Query(id: id, text: text, metadata: raw.metadata))
        }
        if queries.isEmpty {
            throw TrawlError(
                .invalidInput, "there is no query in it", path: source.name, remedy: "write one query a line")
        }
        return queries
    }

    private func detect(_ source: ByteSource) throws -> Format {
        switch FileName(source.name).fileExtension {
        case "jsonl", "ndjson", "json": return .jsonLines
        case "tsv": return .tsv
        default: break
        }
        var head = try source.peek(1 << 12)[...]
        if head.starts(with: [0xEF, 0xBB, 0xBF]) { head = head.dropFirst(3) }
        if head.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") { return .jsonLines }
        return head.prefix(while: { $0 != 0x0A }).contains(0x09) ? .tsv : .lines
    }
}
