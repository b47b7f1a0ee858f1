public import TrawlCore

/// What labels mean, in words: JSON lines, TSV or CSV with the fields `label` and `description`.
public struct LabelDescriptions: Sendable {
    public struct Entry: Sendable {
        public let label: String
        public let text: String
        /// From 1; nil in a JSON array.
        public let line: Int?
    }

    /// The file as messages name it.
    public let path: String
    /// In the order of the file.
    public private(set) var entries: [Entry] = []

    /// - Throws: `TrawlError` that names the file and the line, also for a label that occurs twice or has no description.
    public init(path: String) throws(TrawlError) {
        let file = try TaskFile(
            path: path, [TaskColumn("label"), TaskColumn("description", "text")], isPositional: true)
        self.path = file.path
        var seen: Set<String> = []
        for row in file.rows {
            guard let label = try file.labels(row, 0).first, !label.isEmpty else {
                throw file.error("the description has no label", row)
            }
            let text = try file.text(row, 1)
            guard text.contains(where: { !$0.isWhitespace }) else {
                throw file.error("the label '\(label)' has no description", row)
            }
            guard seen.insert(label).inserted else { throw file.error("the label '\(label)' occurs twice", row) }
            entries.append(Entry(label: label, text: text, line: row.line))
        }
    }
}
