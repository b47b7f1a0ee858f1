public import TrawlCore

/// Texts with their classes or clusters.
public struct LabelledTexts: Sendable {
    public private(set) var texts: [String] = []
    /// The label of each text; several where labels are hierarchical, from the widest to the narrowest.
    public private(set) var labels: [[String]] = []
    /// The texts of each record, where records hold lists of texts that are clustered one list at a time; else empty.
    public private(set) var sets: [Range<Int>] = []
    /// The file as messages name it.
    public let path: String
    /// The line of each record, from 1; nil in a JSON array.
    public private(set) var lines: [Int?] = []

    /// Reads JSON lines, TSV or CSV with the fields `text` and `label` (or `sentences` and `labels`).
    ///
    /// - Parameters:
    ///   - text: The name of the field with the text, where it is another one.
    ///   - label: That of the field with the label.
    /// - Throws: `TrawlError` that names the file and the line.
    public init(path: String, text: String? = nil, label: String? = nil) throws(TrawlError) {
        let file = try TaskFile(
            path: path,
            [
                text.map { TaskColumn($0) } ?? TaskColumn("text", "sentences", "sentence", "texts"),
                label.map { TaskColumn($0) } ?? TaskColumn("label", "labels", "label_text", "category"),
            ])
        self.path = file.path
        for row in file.rows {
            lines.append(row.line)
            let (texts, labels) = (try file.texts(row, 0), try file.labels(row, 1))
            guard !labels.isEmpty else { throw file.error("the text has no label", row) }
            if file.isList(row, 0) {
                guard texts.count == labels.count else {
                    throw file.error("there are \(texts.count) texts and \(labels.count) labels", row)
                }
                sets.append(self.texts.count..<self.texts.count + texts.count)
                self.labels += labels.map { [$0] }
            } else {
                self.labels.append(labels)
            }
            self.texts += texts
        }
        guard sets.isEmpty || sets.count == file.rows.count else {
            throw TrawlError(
                .invalidInput, "some records hold one text and others a list of texts", path: file.path,
                remedy: "write them all one way")
        }
    }
}
