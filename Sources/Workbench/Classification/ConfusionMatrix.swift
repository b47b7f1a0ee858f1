import Foundation

/// How often each label was taken for which.
public struct ConfusionMatrix: Sendable {
    public let labels: [String]
    /// By the true label, then by the predicted one, `[labels, labels]`.
    public let counts: [[Int]]

    init(labels: [String], predictions: [Int], targets: [Int]) {
        self.labels = labels
        var counts = [[Int]](repeating: [Int](repeating: 0, count: labels.count), count: labels.count)
        for (prediction, target) in zip(predictions, targets) { counts[target][prediction] += 1 }
        self.counts = counts
    }

    /// The labels that occur among the texts or the predictions.
    private var used: [Int] {
        labels.indices.filter { label in counts[label].contains { $0 > 0 } || counts.contains { $0[label] > 0 } }
    }

    var rows: [ClassifierReport.LabelRow] {
        used.map { label in
            let right = Double(counts[label][label])
            let actual = counts[label].reduce(0, +)
            let predicted = counts.reduce(0) { $0 + $1[label] }
            func share(_ total: Int) -> Double { total > 0 ? right / Double(total) : 0 }
            return ClassifierReport.LabelRow(
                label: labels[label], examples: actual, precision: share(predicted), recall: share(actual),
                f1: 2 * right / Double(actual + predicted))
        }
    }

    var confusions: [ClassifierReport.Confusion] {
        let pairs = used.flatMap { label in used.map { (label, $0) } }
            .filter { $0.0 != $0.1 && counts[$0.0][$0.1] > 0 }
        let sorted = pairs.sorted { a, b in
            let (first, second) = (counts[a.0][a.1], counts[b.0][b.1])
            return first != second ? first > second : a < b
        }
        return sorted.map { .init(label: labels[$0.0], predicted: labels[$0.1], count: counts[$0.0][$0.1]) }
    }

    /// The picture, which needs no other file; it follows the light or dark scheme of the reader. A row is a label, a column
    /// what it was taken for; the depth of a colour is the share of the row.
    public var svg: String {
        let used = used
        let cell = used.count > 40 ? 12.0 : used.count > 15 ? 20.0 : 36.0
        let letter = min(12, cell * 0.8)
        let longest = Double(used.map { shown(labels[$0]).count }.max() ?? 0)
        let margin = longest * letter * 0.58 + 28
        let side = cell * Double(used.count)
        let (width, height) = (margin + side + 16, margin + side + 16)
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(fixed(width, 0)) \(fixed(height, 0))\" role=\"img\" "
                + "aria-label=\"confusion matrix of \(used.count) labels\">",
            "<style>text{font:\(fixed(letter, 1))px sans-serif;fill:#333}.title{fill:#777}.right{fill:#2563a8}"
                + ".wrong{fill:#b3541e}.light{fill:#fff}rect.frame{fill:none;stroke:#999}"
                + "@media(prefers-color-scheme:dark){text{fill:#ddd}.title{fill:#999}.right{fill:#7db3ec}"
                + ".wrong{fill:#f0a070}.light{fill:#111}}</style>",
            "<text class=\"title\" x=\"\(fixed(margin - 8, 1))\" y=\"\(fixed(margin - 8, 1))\" text-anchor=\"end\">"
                + "label \u{2193} predicted \u{2192}</text>",
            "<rect class=\"frame\" x=\"\(fixed(margin, 1))\" y=\"\(fixed(margin, 1))\" width=\"\(fixed(side, 1))\" "
                + "height=\"\(fixed(side, 1))\"/>",
        ]
        for (row, label) in used.enumerated() {
            let middle = margin + (Double(row) + 0.5) * cell
            let name = escaped(shown(labels[label]))
            lines.append(
                "<text x=\"\(fixed(margin - 4, 1))\" y=\"\(fixed(middle + letter * 0.35, 1))\" text-anchor=\"end\">\(name)</text>"
            )
            lines.append(
                "<text transform=\"translate(\(fixed(middle + letter * 0.35, 1)),\(fixed(margin - 4, 1))) rotate(-90)\">\(name)</text>"
            )
            let total = counts[label].reduce(0, +)
            for (column, other) in used.enumerated() where counts[label][other] > 0 {
                let count = counts[label][other]
                let share = Double(count) / Double(total)
                let (x, y) = (margin + Double(column) * cell, margin + Double(row) * cell)
                let kind = label == other ? "right" : "wrong"
                lines.append(
                    "<rect class=\"\(kind)\" x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\" width=\"\(fixed(cell, 1))\" "
                        + "height=\"\(fixed(cell, 1))\" fill-opacity=\"\(fixed(0.1 + 0.9 * share, 2))\"><title>"
                        + "\(name) \u{2192} \(escaped(labels[other])): \(count) of \(total)</title></rect>")
                if cell >= 20 {
                    let shade = share > 0.5 ? " class=\"light\"" : ""
                    lines.append(
                        "<text\(shade) x=\"\(fixed(x + cell / 2, 1))\" y=\"\(fixed(y + cell / 2 + letter * 0.35, 1))\" "
                            + "text-anchor=\"middle\">\(count)</text>")
                }
            }
        }
        return lines.joined(separator: "\n") + "\n</svg>\n"
    }

    private func shown(_ label: String) -> String { label.count > 40 ? label.prefix(39) + "\u{2026}" : label }
}
