/// Quality against time per query. A system is on the Pareto front if none is both better and faster.
struct CostChart {
    struct Point {
        let system: Int
        let name: String
        /// The median time per query.
        let milliseconds: Double
        let score: Double
        let interval: ConfidenceInterval?
    }

    let measure: Measure
    let points: [Point]

    init(_ comparison: RunComparison) {
        measure = comparison.measures[0]
        points = comparison.systems.enumerated().compactMap { number, system in
            guard let time = system.cost?.medianMilliseconds, time > 0, time.isFinite else { return nil }
            return Point(
                system: number, name: system.name, milliseconds: time, score: comparison.reports[number].means[0],
                interval: comparison.intervals[number][0])
        }
    }

    /// The points that no other dominates, the fastest first.
    var front: [Point] {
        points.filter { point in
            !points.contains {
                $0.milliseconds <= point.milliseconds && $0.score >= point.score
                    && ($0.milliseconds < point.milliseconds || $0.score > point.score)
            }
        }.sorted { ($0.milliseconds, $0.system) < ($1.milliseconds, $1.system) }
    }

    func svg(_ id: String) -> String {
        var drawing = Drawing(width: 720, height: 360)
        let (left, right, top, bottom) = (64.0, 610.0, 14.0, 300.0)
        let width = drawing.width
        let times = points.map(\.milliseconds)
        let ends = points.flatMap { [$0.score] + ($0.interval.map { [$0.low, $0.high] } ?? []) }
        let (low, high) = (ends.min() ?? 0, ends.max() ?? 1)
        let slack = max((high - low) * 0.06, 1e-4)
        let horizontal = Axis(
            low: (times.min() ?? 1) / 1.6, high: (times.max() ?? 1) * 1.6, start: left, end: right, isLogarithmic: true)
        let vertical = Axis(low: max(0, low - slack), high: high + slack, start: bottom, end: top)
        for tick in vertical.ticks(5) {
            drawing.line(left, vertical.position(tick), right, vertical.position(tick), "grid")
            drawing.text(left - 8, vertical.position(tick) + 4, Axis.label(tick), .end)
        }
        drawing.line(left, bottom, right, bottom, "axis")
        for tick in horizontal.ticks(5) {
            drawing.line(horizontal.position(tick), bottom, horizontal.position(tick), bottom + 5, "axis")
            drawing.text(horizontal.position(tick), bottom + 20, Axis.label(tick), .middle)
        }
        drawing.text((left + right) / 2, bottom + 42, "median time per query (ms, logarithmic)", .middle)
        drawing.upwardText(16, (top + bottom) / 2, measure.description)
        let front = front
        drawing.polyline(
            front.map { (x: horizontal.position($0.milliseconds), y: vertical.position($0.score)) }, "front")
        for point in points {
            let (x, y) = (horizontal.position(point.milliseconds), vertical.position(point.score))
            if let interval = point.interval {
                drawing.line(
                    x, vertical.position(interval.low), x, vertical.position(interval.high),
                    "error c\(point.system % 8)")
            }
            let isFront = front.contains { $0.system == point.system }
            drawing.marker(x, y, of: point.system, radius: 5, isHollow: !isFront)
        }
        label(&drawing, horizontal, vertical, width)
        let description =
            points.map { "\($0.name): \(ComparisonText.score($0.score)) at \(CostColumns.short($0.milliseconds)) ms" }
            .joined(separator: "; ") + ". On the Pareto front: " + front.map(\.name).joined(separator: ", ") + "."
        return drawing.svg(id, title: "\(measure) against the median time per query", description: description)
    }

    /// Names beside their points, moved apart where they would meet.
    private func label(_ drawing: inout Drawing, _ horizontal: Axis, _ vertical: Axis, _ right: Double) {
        var taken: [(x: ClosedRange<Double>, y: Double)] = []
        for point in points.sorted(by: { ($0.score, $1.system) > ($1.score, $0.system) }) {
            let (x, y) = (horizontal.position(point.milliseconds), vertical.position(point.score))
            let name = HTMLText.shortened(point.name, 24)
            let width = Double(name.count) * 7.2
            let isLeft = x + 12 + width > right
            let range = isLeft ? (x - 12 - width)...(x - 12) : (x + 12)...(x + 12 + width)
            var baseline = y + 4
            // A system without a nearer neighbour keeps its place.
            for _ in 0..<points.count where taken.contains(where: { $0.x.overlaps(range) && abs($0.y - baseline) < 16 })
            {
                baseline = (taken.filter { $0.x.overlaps(range) && abs($0.y - baseline) < 16 }.map(\.y).max() ?? y) + 16
            }
            taken.append((range, baseline))
            drawing.text(isLeft ? x - 12 : x + 12, baseline, name, isLeft ? .end : .start, "label")
        }
    }
}
