import Foundation
import Testing

@testable import TrawlWorkbench

/// Which labels are taken for which.
@Suite struct ConfusionMatrixTests {
    private let matrix = ConfusionMatrix(
        labels: ["a<b", "tea & \"milk\"", "unused", "x\u{1}y"], predictions: [0, 1, 1, 0, 1, 3],
        targets: [0, 0, 0, 1, 1, 1])

    @Test func scoresOfLabelsAreThoseOfScikitLearn() {
        // precision_recall_fscore_support([0, 0, 0, 1, 1, 1], [0, 1, 1, 0, 1, 3], zero_division=0)
        let rows = matrix.rows
        #expect(rows.map(\.label) == ["a<b", "tea & \"milk\"", "x\u{1}y"] && rows.map(\.examples) == [3, 3, 0])
        let expected: [(Double, Double, Double)] = [(0.5, 1.0 / 3, 0.4), (1.0 / 3, 1.0 / 3, 1.0 / 3), (0, 0, 0)]
        for (row, values) in zip(rows, expected) {
            let gap = max(abs(row.precision - values.0), abs(row.recall - values.1), abs(row.f1 - values.2))
            #expect(gap < 1e-12, "\(row)")
        }
        #expect(matrix.confusions.map(\.count) == [2, 1, 1] && matrix.confusions[0].predicted == "tea & \"milk\"")
    }

    @Test func thePictureIsXMLWhateverTheLabels() throws {
        let svg = matrix.svg
        #expect(XMLBalance.isBalanced(svg))
        #expect(svg.contains("a&lt;b \u{2192} tea &amp; &quot;milk&quot;: 2 of 3"))
        #expect(!svg.contains("unused") && !svg.contains("\u{1}") && !svg.contains("\"milk\""))
    }
}

/// Whether tags open and close in turn: XML has no other way to break here, for texts are escaped.
private enum XMLBalance {
    static func isBalanced(_ text: String) -> Bool {
        var open: [Substring] = []
        for part in text.split(separator: "<") {
            guard let end = part.firstIndex(of: ">") else { return false }
            let tag = part[..<end]
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else { return false }
            } else if !tag.hasSuffix("/") {
                open.append(tag.prefix { $0 != " " })
            }
        }
        return open.isEmpty
    }
}
