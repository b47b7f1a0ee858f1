public import TrawlCore

/// Pairs of sentences that belong together or do not, such as duplicate questions.
public struct LabelledPairs: Sendable {
    public private(set) var first: [String] = []
    public private(set) var second: [String] = []
    /// Whether the sentences of a pair belong together.
    public private(set) var labels: [Bool] = []

    /// Reads JSON lines, TSV or CSV with the fields `sentence1`, `sentence2` and `label` (1 or 0). A record may hold lists of
    /// them, as older files of MTEB do.
    ///
    /// - Throws: `TrawlError` that names the file and the line; `invalidInput` when all pairs have one label.
    public init(path: String) throws(TrawlError) {
        let file = try TaskFile(
            path: path, [.firstSentence, .secondSentence, TaskColumn("label", "labels", "is_duplicate")])
        for row in file.rows {
            let (first, second, labels) = (try file.texts(row, 0), try file.texts(row, 1), try file.numbers(row, 2))
            guard labels.count == first.count, labels.count == second.count else {
                throw file.error("the lists of the record are of different lengths", row)
            }
            for label in labels {
                guard label == 0 || label == 1 else {
                    throw file.error(
                        "the label \(label) is neither 0 nor 1", row, remedy: "write 1 for pairs that belong together")
                }
                self.labels.append(label == 1)
            }
            self.first += first
            self.second += second
        }
        guard labels.contains(true), labels.contains(false) else {
            throw TrawlError(
                .invalidInput, "all pairs have the label \(labels.first == true ? 1 : 0)", path: path,
                remedy: "give pairs of both labels")
        }
    }
}
