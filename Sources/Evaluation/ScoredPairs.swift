public import TrawlCore

/// Pairs of sentences with the similarity that people gave them (semantic textual similarity, Cer et al. 2017, arXiv
/// 1708.00055).
public struct ScoredPairs: Sendable {
    public private(set) var scores: [Double] = []
    public private(set) var first: [String] = []
    public private(set) var second: [String] = []

    /// The columns of score and sentences.
    private struct Columns {
        var score = 0
        var first = 1
        var second = 2

        init() {}

        /// From a line of names; nil when it is none.
        init?(header: [String]) {
            func column(_ names: String...) -> Int? { header.firstIndex { names.contains($0.lowercased()) } }
            guard let score = column("score", "similarity_score", "label", "similarity"),
                let first = column("sentence1", "sentence_1", "text1"),
                let second = column("sentence2", "sentence_2", "text2")
            else { return nil }
            (self.score, self.first, self.second) = (score, first, second)
        }
    }

    /// Reads a TSV file: columns in the order score, sentence, sentence, or in any order under a line of names (`score`,
    /// `sentence1`, `sentence2`). Further columns are passed over; quotes mean nothing.
    ///
    /// - Throws: `TrawlError` that names the file and the line.
    public init(path: String) throws(TrawlError) {
        let file = try ColumnFile(path: path)
        var columns: Columns?
        try file.forEachLine(.tabs) { number, fields throws(TrawlError) in
            var texts: [String] = []
            for field in fields { texts.append(try file.text(field, line: number)) }
            if columns == nil {
                let named = Columns(header: texts)
                columns = named ?? Columns()
                if named != nil { return }
            }
            let places = columns ?? Columns()
            let needed = max(places.score, places.first, places.second) + 1
            guard texts.count >= needed else {
                throw file.error(
                    "the line has \(texts.count) columns separated by tabs, \(needed) are needed", line: number,
                    remedy: "give a score and two sentences, or begin with the names score, sentence1 and sentence2")
            }
            guard let score = Double(texts[places.score]), score.isFinite else {
                throw file.error(
                    "'\(texts[places.score])' is no score", line: number,
                    remedy: "put the score first, or begin with the names score, sentence1 and sentence2")
            }
            scores.append(score)
            first.append(texts[places.first])
            second.append(texts[places.second])
        }
        guard scores.count > 1 else {
            throw TrawlError(
                .invalidInput, "the file has \(scores.count) pairs of sentences", path: path,
                remedy: "give at least two")
        }
    }
}
