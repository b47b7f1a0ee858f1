public import TrawlCore

/// Texts with their classes or clusters.
public struct LabelledTexts: Sendable {
    public private(set) var texts: [String] = []
    /// The label of each text; several where labels are hierarchical, from the widest to the narrowest.
    public private(set) var labels: [[String]] = []
    /// The texts of each record, where records hold lists of texts that are clustered one list at a time; else empty.
    public private(set) var sets: [Range<Int>] = []

    /// Reads JSON lines or TSV with the fields `text` and `label` (or `sentences` and `labels`).
    ///
    /// - Throws: `TrawlError` that names the file and the line.
    public init(path: String) throws(TrawlError) {
        let file = try TaskFile(
            path: path,
            [
                TaskColumn("text", "sentences", "sentence", "texts"),
                TaskColumn("label", "labels", "label_text", "category"),
            ])
        for row in file.rows {
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
