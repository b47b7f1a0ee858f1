import Foundation

/// What each change of an adaptation did to held-out queries: a row is a change, a column those queries that the same documents
/// answer. In an index that grew, the columns of earlier and of new documents show what was forgotten and what was gained.
public struct AdaptationPicture {
    private let report: IndexAdaptation.Report

    public init(_ report: IndexAdaptation.Report) { self.report = report }

    private typealias Column = (name: String, scores: (IndexAdaptation.Trial) -> IndexAdaptation.Trial.Scores?)

    private var columns: [Column] {
        let columns: [Column] = [
            ("earlier documents", \.earlier), ("new documents", \.new),
            ("all held-out queries", { .init(before: $0.before, after: $0.after) }),
        ]
        return columns.filter { column in report.trials.contains { column.scores($0) != nil } }
    }

    /// The change of nDCG@10 that has the full colour.
    private static let fullChange = 0.1
    private static let (cell, margin, head) = ((width: 170.0, height: 40.0), 150.0, 34.0)

    /// The picture, which needs no other file; it follows the light or dark scheme of the reader. Blue is a gain of nDCG@10, orange
    /// a loss; changes that were not kept are framed with dashes.
    public var svg: String {
        let (columns, trials) = (columns, report.trials)
        let width = Self.margin + Self.cell.width * Double(columns.count) + 16
        let height = Self.head + Self.cell.height * Double(trials.count) + 16
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(fixed(width, 0)) \(fixed(height, 0))\" role=\"img\" "
                + "aria-label=\"nDCG@10 of held-out queries before and after \(trials.count) changes\">",
            "<style>text{font:12px sans-serif;fill:#333}.title{fill:#777}.gain{fill:#2563a8}.loss{fill:#b3541e}"
                + "rect.frame{fill:none;stroke:#999}rect.discarded{fill:none;stroke:#999;stroke-dasharray:4 3}"
                + "@media(prefers-color-scheme:dark){text{fill:#ddd}.title{fill:#999}.gain{fill:#7db3ec}.loss{fill:#f0a070}}"
                + "</style>",
        ]
        for (index, column) in columns.enumerated() {
            let middle = Self.margin + Self.cell.width * (Double(index) + 0.5)
            lines.append(
                "<text class=\"title\" x=\"\(fixed(middle, 1))\" y=\"22\" text-anchor=\"middle\">\(column.name)</text>")
        }
        for (row, trial) in trials.enumerated() {
            let y = Self.head + Self.cell.height * Double(row)
            let middle = y + Self.cell.height / 2 + 4
            lines.append(
                "<text x=\"\(fixed(Self.margin - 10, 1))\" y=\"\(fixed(middle, 1))\" text-anchor=\"end\">\(trial.change), "
                    + "\(trial.isKept ? "kept" : "not kept")</text>")
            for (index, column) in columns.enumerated() {
                guard let scores = column.scores(trial) else { continue }
                lines += cell(scores, isKept: trial.isKept, x: Self.margin + Self.cell.width * Double(index), y: y)
            }
        }
        return lines.joined(separator: "\n") + "\n</svg>\n"
    }

    private func cell(_ scores: IndexAdaptation.Trial.Scores, isKept: Bool, x: Double, y: Double) -> [String] {
        let change = scores.after - scores.before
        let opacity = 0.6 * min(1, abs(change) / Self.fullChange)
        let place =
            "x=\"\(fixed(x + 2, 1))\" y=\"\(fixed(y + 2, 1))\" width=\"\(fixed(Self.cell.width - 4, 1))\" "
            + "height=\"\(fixed(Self.cell.height - 4, 1))\""
        return [
            "<rect class=\"\(change < 0 ? "loss" : "gain")\" \(place) fill-opacity=\"\(fixed(opacity, 2))\"/>",
            "<rect class=\"\(isKept ? "frame" : "discarded")\" \(place)/>",
            "<text x=\"\(fixed(x + Self.cell.width / 2, 1))\" y=\"\(fixed(y + Self.cell.height / 2 + 4, 1))\" "
                + "text-anchor=\"middle\">\(fixed(scores.before, 3)) \u{2192} \(fixed(scores.after, 3))</text>",
        ]
    }
}
