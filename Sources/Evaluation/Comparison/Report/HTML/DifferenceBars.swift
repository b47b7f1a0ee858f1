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
        drawing.path(outline(sorted, count, vertical, left, step) { max($0, 0) }, "bars up")
        drawing.path(outline(sorted, count, vertical, left, step) { min($0, 0) }, "bars down")
        let description =
            "\(second) is better for \(comparison.wins) queries, equal for \(comparison.ties) and worse for "
            + "\(comparison.losses); the greatest gain is \(ComparisonText.difference(sorted.first ?? 0)), the greatest loss "
            + "\(ComparisonText.difference(sorted.last ?? 0))."
        return drawing.svg(
            id, title: "\(comparison.measure) of \(second) less \(first), by query", description: description)
    }

    /// The steps around all bars: bars side by side would show seams.
    private static func outline(
        _ sorted: [Double], _ count: Int, _ vertical: Axis, _ left: Double, _ step: Double, _ height: (Double) -> Double
    ) -> String {
        let zero = Drawing.number(vertical.position(0))
        var path = "M\(Drawing.number(left)) \(zero)"
        var level = zero
        for bar in 0..<count {
            let next = Drawing.number(vertical.position(height(sorted[bar * sorted.count / count])))
            guard next != level else { continue }
            path += "H\(Drawing.number(left + Double(bar) * step))V\(next)"
            level = next
        }
        return path + "H\(Drawing.number(left + Double(count) * step))V\(zero)Z"
    }
}
