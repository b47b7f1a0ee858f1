public import TrawlCore

/// Reads queries: JSON lines with `_id` and `text` (BEIR), `id<TAB>text`, CSV with a header, TREC topics, or one query a line
/// (ids from 1).
///
/// A first line of column names, such as `qid<TAB>query`, is not a query.
public struct QueryReader: Sendable {
    /// How queries are written down.
    public enum Format: String, CaseIterable, Sendable, Codable {
        case jsonLines = "jsonl"
        case tsv
        case csv
        case topics = "trec"
        case lines
    }

    let fields: FieldMapping
    let topicFields: [TopicField]?
    let standardInput: Int32

    /// The names by which collections call ids and texts of queries.
    private static let names = FieldMapping(
        id: FieldMapping.default.id + [
            "qid", "query-id", "query_id", "queryid", "topic", "topic-id", "topic_id", "number",
        ],
        text: FieldMapping.default.text + ["query", "question", "query_text"])

    /// - Parameter topicFields: What TREC topics are asked by; nil for the title. Other formats have none.
    public init(fields: FieldMapping? = nil, topicFields: [TopicField]? = nil, standardInput: Int32 = 0) {
        self.fields = fields ?? Self.names
        self.topicFields = topicFields
        self.standardInput = standardInput
    }

    /// All queries of a file (plain, `.gz` or `.zst`), a pipe, or standard input (`-`), in order.
    ///
    /// - Parameter format: Nil to tell it by the file's name and first bytes.
    /// - Throws: `TrawlError` with file and line for malformed lines, blank queries, repeated ids, and no query at all.
    public func read(_ path: String, format: Format? = nil) throws -> [Query] {
        let source = try ByteSource.input(path, standardInput: standardInput)
        let documents: any RawDocumentSource
        let format = try format ?? detect(source)
        guard topicFields == nil || format == .topics else {
            throw TrawlError(
                .invalidInput, "holds no TREC topics, whose fields could be chosen", path: source.name,
                remedy: "leave the choice of fields out")
        }
        switch format {
        case .jsonLines: documents = JSONLinesSource(source, fields: fields)
        case .tsv: documents = TSVSource(source, fields: fields)
        case .csv: documents = CSVSource(source, fields: fields)
        case .topics: documents = try TRECTopicsSource(source, fields: topicFields ?? [.title])
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
        case "csv": return .csv
        default: break
        }
        if try source.beginsWithObject() { return .jsonLines }
        let head = try source.head()
        let start = String(decoding: head.drop { $0 <= 0x20 }, as: UTF8.self).lowercased()
        if start.hasPrefix("<top") || (start.hasPrefix("<") && ["<topic", "<top>"].contains(where: start.contains)) {
            return .topics
        }
        return Self.areRows(head) ? .tsv : .lines
    }

    /// Whether every line begins with an id and a tab. A tab elsewhere is part of a query.
    private static func areRows(_ head: ArraySlice<UInt8>) -> Bool {
        var lines = head.split(separator: 10)
        // The last line may go on after the first bytes.
        if lines.count > 1, head.last != 10 { lines.removeLast() }
        return !lines.isEmpty
            && lines.allSatisfy { line in
                guard let tab = line.firstIndex(of: 9), tab > line.startIndex else { return false }
                return !line[..<tab].contains(0x20)
            }
    }
}
