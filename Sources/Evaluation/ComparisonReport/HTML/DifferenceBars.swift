/// The differences of each query between two systems, sorted: how many queries gain and how much.
struct DifferenceBars {
    private static let limit = 600

    /// - Parameter bound: The greatest difference in size that fits.
    static func svg(_ id: String, _ comparison: Comparison, second: String, first: String, bound: Double) -> String {
        var drawing = Drawing(width: 470, height: 170)
        let (left, right, top, bottom) = (40.0, 462.0, 10.0, 160.0)
        let vertical = Axis(low: -bound, high: bound, start: bottom, end: top)
        for tick in vertical.ticks(4) {
            drawing.line(left, vertical.position(tick), right, vertical.position(tick), tick == 0 ? "axis" : "grid")
            drawing.text(left - 6, vertical.position(tick) + 4, Axis.label(tick), .end)
        }
        let sorted = comparison.differences.sorted(by: >)
        let count = min(sorted.count, limit)
        let step = (right - left) / Double(max(1, count))
        var (gains, losses) = ("", "")
        for bar in 0..<count {
            let difference = sorted[bar * sorted.count / count]
            guard difference != 0 else { continue }
            let x = Drawing.number(left + (Double(bar) + 0.5) * step)
            let length = Drawing.number(vertical.position(difference) - vertical.position(0))
            let command = "M\(x) \(Drawing.number(vertical.position(0)))v\(length)"
            if difference > 0 { gains += command } else { losses += command }
        }
        let width = max(0.5, step > 3 ? step - 1 : step * 0.8)
        if !gains.isEmpty { drawing.path(gains, "bars up", strokeWidth: width) }
        if !losses.isEmpty { drawing.path(losses, "bars down", strokeWidth: width) }
        let description =
            "\(second) is better for \(comparison.wins) queries, equal for \(comparison.ties) and worse for "
            + "\(comparison.losses); the greatest gain is \(ComparisonText.difference(sorted.first ?? 0)), the greatest loss "
            + "\(ComparisonText.difference(sorted.last ?? 0))."
        return drawing.svg(id, title: "\(comparison.measure) of \(second) less \(first), by query", description: description)
    }
}
