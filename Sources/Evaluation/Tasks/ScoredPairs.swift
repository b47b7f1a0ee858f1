public import TrawlCore

/// Pairs of sentences with the similarity that people gave them (semantic textual similarity, Cer et al. 2017, arXiv
/// 1708.00055).
public struct ScoredPairs: Sendable {
    public private(set) var scores: [Double] = []
    public private(set) var first: [String] = []
    public private(set) var second: [String] = []

    /// Reads JSON lines, TSV or CSV with the fields `score`, `sentence1` and `sentence2`. TSV without a line of names has its
    /// columns in this order. Further fields are passed over; quotes mean nothing in TSV.
    ///
    /// - Throws: `TrawlError` that names the file and the line.
    public init(path: String) throws(TrawlError) {
        let file = try TaskFile(
            path: path,
            [
                TaskColumn("score", "similarity_score", "label", "similarity"), .firstSentence, .secondSentence,
            ], isPositional: true)
        for row in file.rows {
            let (scores, first, second) = (
                try file.numbers(row, 0), try file.texts(row, 1), try file.texts(row, 2)
            )
            guard scores.count == first.count, scores.count == second.count else {
                throw file.error("the lists of the record are of different lengths", row)
            }
            self.scores += scores
            self.first += first
            self.second += second
        }
        guard scores.count > 1 else {
            throw TrawlError(
                .invalidInput, "the file has \(scores.count) pairs of sentences", path: path,
                remedy: "give at least two")
        }
    }
}

extension TaskColumn {
    static let firstSentence = TaskColumn("sentence1", "sentence_1", "sent1", "text1")
    static let secondSentence = TaskColumn("sentence2", "sentence_2", "sent2", "text2")
}
