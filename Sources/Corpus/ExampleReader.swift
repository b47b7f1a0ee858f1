import TrawlCore

/// Reads pairs of a query and a passage that answers it: JSON lines with `query` and `passage`, or `query<TAB>passage`.
public struct ExampleReader: Sendable {
    public init() {}

    /// - Parameter path: A file, plain or compressed, a pipe, or `-` for standard input.
    /// - Throws: `TrawlError` with file and line for a line that is no pair, and for a file without pairs.
    public func read(_ path: String) throws -> [(query: String, passage: String)] {
        let lines = try LinesSource(ByteSource.input(path))
        var examples: [(query: String, passage: String)] = []
        while let line = try lines.next() {
            let text = line.text
            if isBlank(text) { continue }
            let pair = text.first == "{" ? Self.jsonPair(text) : Self.tabbedPair(text)
            guard let pair, !isBlank(pair.query), !isBlank(pair.passage) else {
                throw TrawlError(
                    .invalidInput, "the line is not an example", path: path, line: line.line,
                    remedy: #"write {"query": "…", "passage": "…"}, or the query, a tab and the passage"#)
            }
            examples.append(pair)
        }
        guard !examples.isEmpty else {
            throw TrawlError(.invalidInput, "there are no examples", path: path, remedy: "write one a line")
        }
        return examples
    }

    private static func tabbedPair(_ line: String) -> (query: String, passage: String)? {
        let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }

    private static func jsonPair(_ line: String) -> (query: String, passage: String)? {
        var line = line
        let object = line.withUTF8 { try? JSON(parsing: UnsafeRawBufferPointer($0), path: "") }
        guard let query = object?["query"]?.string, let passage = object?["passage"]?.string else { return nil }
        return (query, passage)
    }
}
