/// The interpolated precision-recall curves of all systems.
struct PrecisionRecallChart {
    let names: [String]
    let curves: [PrecisionRecall]

    func svg(_ id: String) -> String {
        var drawing = Drawing(width: 720, height: max(340, Double(names.count) * 22 + 40))
        let (left, right, top, bottom) = (56.0, 500.0, 14.0, 290.0)
        let highest = curves.flatMap(\.precision).max() ?? 1
        let horizontal = Axis(low: 0, high: 1, start: left, end: right)
        let vertical = Axis(low: 0, high: highest > 0.5 ? 1 : highest > 0.25 ? 0.5 : 0.25, start: bottom, end: top)
        for tick in vertical.ticks(5) {
            drawing.line(left, vertical.position(tick), right, vertical.position(tick), tick == 0 ? "axis" : "grid")
            drawing.text(left - 8, vertical.position(tick) + 4, Axis.label(tick), .end)
        }
        for tick in horizontal.ticks(5) {
            drawing.line(horizontal.position(tick), bottom, horizontal.position(tick), bottom + 5, "axis")
            drawing.text(horizontal.position(tick), bottom + 20, Axis.label(tick), .middle)
        }
        drawing.text((left + right) / 2, bottom + 40, "recall", .middle)
        drawing.upwardText(16, (top + bottom) / 2, "precision (interpolated)")
        for (system, curve) in curves.enumerated() {
            let points = zip(PrecisionRecall.levels, curve.precision).map {
                (x: horizontal.position($0), y: vertical.position($1))
            }
            drawing.polyline(points, "curve c\(system % 8)" + (system >= 8 ? " dashed" : ""))
            for point in points { drawing.marker(point.x, point.y, of: system, radius: 3.2) }
        }
        for (system, name) in names.enumerated() {
            let y = top + 10 + Double(system) * 22
            drawing.line(526, y, 550, y, "curve c\(system % 8)" + (system >= 8 ? " dashed" : ""))
            drawing.marker(538, y, of: system, radius: 3.6)
            drawing.text(558, y + 4, HTMLText.shortened(name, 22))
        }
        return drawing.svg(
            id, title: "Interpolated precision at eleven levels of recall",
            description: "One curve for each of \(names.count) systems; the table below has the values.")
    }

    /// The values of the curves.
    var table: String {
        var text = "<table><thead><tr><th scope=\"col\">recall</th>"
        for level in PrecisionRecall.levels { text += "<th scope=\"col\">\(Axis.label(level))</th>" }
        text += "</tr></thead><tbody>\n"
        for (name, curve) in zip(names, curves) {
            text += "<tr><th scope=\"row\">\(HTMLText.name(name))</th>"
            for precision in curve.precision { text += "<td>\(ComparisonText.score(precision))</td>" }
            text += "</tr>\n"
        }
        return text + "</tbody></table>\n"
    }
}
