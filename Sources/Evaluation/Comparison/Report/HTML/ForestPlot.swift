/// Differences with their intervals on one scale, a row for each pair; they stand beside the numbers in a table.
struct ForestPlot {
    private static let width = 190.0
    private static let margin = 14.0
    private let axis: Axis

    init(_ pairs: [SystemPair]) {
        let ends = pairs.flatMap { pair in
            [pair.comparison.difference] + (pair.interval.map { [$0.low, $0.high] } ?? [])
        }
        let (low, high) = (min(0, ends.min() ?? 0), max(0, ends.max() ?? 0))
        let slack = max((high - low) * 0.04, 1e-6)
        axis = Axis(low: low - slack, high: high + slack, start: Self.margin, end: Self.width - Self.margin)
    }

    func row(_ pair: SystemPair) -> String {
        var drawing = Drawing(width: Self.width, height: 26)
        drawing.line(axis.position(0), 0, axis.position(0), 26, "zero")
        let style = !pair.isSignificant ? "none" : pair.comparison.difference > 0 ? "up" : "down"
        if let interval = pair.interval {
            drawing.line(axis.position(interval.low), 13, axis.position(interval.high), 13, "whisker \(style)")
            for end in [interval.low, interval.high] {
                drawing.line(axis.position(end), 9, axis.position(end), 17, "whisker \(style)")
            }
        }
        let x = axis.position(pair.comparison.difference)
        drawing.rectangle(x - 4, 9, 8, 8, "dot \(style)")
        return drawing.decoration
    }

    /// The scale below the rows.
    var scale: String {
        var drawing = Drawing(width: Self.width, height: 24)
        drawing.line(axis.start, 0.5, axis.end, 0.5, "axis")
        let ticks = axis.ticks(4)
        let step = ticks.count > 1 ? ticks[1] - ticks[0] : 1
        // Where labels would touch, every second tick has one, and 0.
        let isDense = ticks.count > 1 && axis.position(ticks[1]) - axis.position(ticks[0]) < 44
        for tick in ticks {
            drawing.line(axis.position(tick), 0, axis.position(tick), 4, "axis")
            if isDense, !Int((tick / step).rounded()).isMultiple(of: 2) { continue }
            drawing.text(axis.position(tick), 16, Axis.label(tick), .middle)
        }
        return drawing.decoration
    }
}
