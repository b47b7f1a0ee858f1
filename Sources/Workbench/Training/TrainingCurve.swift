import Foundation
import TrawlCore
import TrawlTraining

/// The course of a training as a picture: the smoothed loss of each step, and the scores of held-out queries.
struct TrainingCurve {
    let history: TrainingHistory
    /// The names of the loss and of the score.
    let loss, score: String

    private static let (width, height, margin) = (720.0, 360.0, 56.0)
    /// The points of a curve, however many steps there are.
    private static let points = 240

    /// The picture, which needs no other file; it follows the light or dark scheme of the reader.
    var svg: String {
        let losses = smoothed((history.losses[loss] ?? []).map { $0.map(Double.init) })
        let steps = max(losses.count, history.scores.last?.step ?? 0, 1)
        let lossRange = range(losses.map(\.value))
        let scoreRange = range(history.scores.map(\.value))
        func x(_ step: Int) -> Double { Self.margin + (Self.width - 2 * Self.margin) * Double(step) / Double(steps) }
        func y(_ value: Double, _ range: ClosedRange<Double>) -> Double {
            let share = (value - range.lowerBound) / max(range.upperBound - range.lowerBound, 1e-12)
            return Self.height - Self.margin - (Self.height - 2 * Self.margin) * share
        }
        func path(_ points: [(Int, Double)], _ range: ClosedRange<Double>) -> String {
            points.map { "\(fixed(x($0.0), 1)),\(fixed(y($0.1, range), 1))" }.joined(separator: " ")
        }
        func text(_ value: String, _ x: Double, _ y: Double, _ anchor: String, _ kind: String) -> String {
            "<text x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\" text-anchor=\"\(anchor)\" class=\"\(kind)\">\(value)</text>"
        }
        let stride = max(1, losses.count / Self.points)
        let shown = losses.enumerated().filter { $0.offset % stride == 0 }.map { ($0.element.step, $0.element.value) }
        let (left, right) = (Self.margin - 8, Self.width - Self.margin + 8)
        let (top, bottom) = (Self.margin, Self.height - Self.margin)
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" "
                + "aria-label=\"\(loss) loss and \(score) by step\">",
            "<style>text{font:12px sans-serif}.axis{fill:#555}.loss{fill:#2563a8}.score{fill:#b3541e}"
                + "polyline{fill:none;stroke-width:1.5}polyline.loss{fill:none;stroke:#2563a8}"
                + "polyline.score{fill:none;stroke:#b3541e}line{stroke:#999}"
                + "@media(prefers-color-scheme:dark){.axis{fill:#bbb}.loss{fill:#7db3ec}.score{fill:#f0a070}"
                + "polyline.loss{stroke:#7db3ec}polyline.score{stroke:#f0a070}}</style>",
            "<line x1=\"\(Self.margin)\" y1=\"\(bottom)\" x2=\"\(Self.width - Self.margin)\" y2=\"\(bottom)\"/>",
            text("0", Self.margin, bottom + 18, "middle", "axis"),
            text("\(steps) steps", Self.width - Self.margin, bottom + 18, "middle", "axis"),
        ]
        if !shown.isEmpty {
            lines += [
                text("\(loss) loss", Self.margin, top - 20, "start", "loss"),
                text(fixed(lossRange.upperBound, 3), left, top + 4, "end", "loss"),
                text(fixed(lossRange.lowerBound, 3), left, bottom + 4, "end", "loss"),
                "<polyline class=\"loss\" points=\"\(path(shown, lossRange))\"/>",
            ]
        }
        if !history.scores.isEmpty {
            lines += [
                text("\(score) of held-out queries", Self.width - Self.margin, top - 20, "end", "score"),
                text(fixed(scoreRange.upperBound, 3), right, top + 4, "start", "score"),
                text(fixed(scoreRange.lowerBound, 3), right, bottom + 4, "start", "score"),
                "<polyline class=\"score\" points=\"\(path(history.scores.map { ($0.step, $0.value) }, scoreRange))\"/>",
            ]
        }
        return lines.joined(separator: "\n") + "\n</svg>\n"
    }

    /// Means over the steps so far, recent ones counting more.
    private func smoothed(_ losses: [Double?]) -> [(step: Int, value: Double)] {
        var mean: Double?
        return losses.enumerated().compactMap { step, loss in
            if let loss { mean = mean.map { 0.98 * $0 + 0.02 * loss } ?? loss }
            return mean.map { (step + 1, $0) }
        }
    }

    private func range(_ values: [Double]) -> ClosedRange<Double> {
        guard let lowest = values.min(), let highest = values.max() else { return 0...1 }
        return lowest < highest ? lowest...highest : lowest - 0.5...lowest + 0.5
    }
}
