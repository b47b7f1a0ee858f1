/// The scores of all queries and systems under one measure: a column for each query, the easiest first.
struct HeatMap {
    private static let mostColumns = 400
    let comparison: RunComparison
    let column: Int

    /// The queries by their mean over the systems, descending.
    private var order: [Int] {
        let means = comparison.queries.indices.map { row in
            comparison.reports.reduce(0) { $0 + $1.perQuery[row][column] }
        }
        return means.indices.sorted { (means[$1], $0) < (means[$0], $1) }
    }

    /// Whether a column stands for several queries.
    var isBinned: Bool { comparison.queries.count > Self.mostColumns }

    func svg(_ id: String) -> String {
        let systems = comparison.systems
        let (left, width, rowHeight) = (150.0, 800.0, 24.0)
        var drawing = Drawing(width: left + width + 10, height: Double(systems.count) * rowHeight + 66)
        let order = order
        let columns = min(order.count, Self.mostColumns)
        let step = width / Double(columns)
        for (row, system) in systems.enumerated() {
            let y = Double(row) * rowHeight + 2
            drawing.text(left - 10, y + rowHeight / 2 + 3, HTMLText.shortened(system.name, 20), .end)
            drawing.rectangle(left, y, width, rowHeight - 3, "ground")
            for cell in 0..<columns {
                let queries = order[(cell * order.count / columns)..<((cell + 1) * order.count / columns)]
                let score =
                    queries.reduce(0) { $0 + comparison.reports[row].perQuery[$1][column] } / Double(queries.count)
                let title =
                    isBinned
                    ? "\(queries.count) queries: \(ComparisonText.score(score))"
                    : "\(HTMLText.shortened(comparison.queries[queries[queries.startIndex]], 40)): \(ComparisonText.score(score))"
                drawing.rectangle(
                    left + Double(cell) * step, y, step, rowHeight - 3, "h h\(Self.shade(score))", title: title)
            }
        }
        legend(&drawing, left, Double(systems.count) * rowHeight + 16, width)
        return drawing.svg(
            id, title: "\(comparison.measures[column]) of every query and system",
            description:
                "A row for each system and a column for each query, from the easiest to the hardest; darker is higher. "
                + "The table below has the values.")
    }

    private func legend(_ drawing: inout Drawing, _ left: Double, _ y: Double, _ width: Double) {
        drawing.text(left, y + 4, "easy")
        drawing.text(left + width, y + 4, "hard", .end)
        drawing.text(left + width / 2 - 128, y + 34, "\(comparison.measures[column])  0", .end)
        drawing.rectangle(left + width / 2 - 121, y + 22, 242, 15, "ground")
        for shade in 0...10 {
            drawing.rectangle(left + width / 2 - 121 + Double(shade) * 22, y + 22, 22, 15, "h h\(shade)")
        }
        drawing.text(left + width / 2 + 128, y + 34, "1")
    }

    private static func shade(_ score: Double) -> Int { Int((min(1, max(0, score)) * 10).rounded()) }

    /// The scores of all queries, in the order of the qrels.
    var table: String {
        var text = "<table><thead><tr><th scope=\"col\">query</th>"
        for system in comparison.systems { text += "<th scope=\"col\">\(HTMLText.name(system.name))</th>" }
        text += "</tr></thead><tbody>\n"
        for (row, query) in comparison.queries.enumerated() {
            text += "<tr><th scope=\"row\">\(HTMLText.name(query))</th>"
            for report in comparison.reports {
                text += "<td>\(ComparisonText.score(report.perQuery[row][column]))</td>"
            }
            text += "</tr>\n"
        }
        return text + "</tbody></table>\n"
    }
}
