import TrawlEvaluation

/// How the losses of pairs are distributed, as a picture: a histogram for each source, planted pairs apart.
public struct InspectionHistogram {
    private let report: InspectionReport

    private static let (width, panel, margin) = (720.0, 150.0, 40.0)
    private static let bins = 30

    public init(_ report: InspectionReport) { self.report = report }

    /// The picture, which needs no other file; it follows the light or dark scheme of the reader.
    public var svg: String {
        let largest = max(report.pairs.map(\.loss).max() ?? 0, 1e-6)
        let height = Self.panel * Double(max(1, report.sources.count)) + Self.margin
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(fixed(Self.width, 0)) \(fixed(height, 0))\" role=\"img\" "
                + "aria-label=\"losses of \(report.pairs.count) pairs\">",
            "<style>text{font:12px sans-serif;fill:#555}.judged{fill:#2563a8}.planted{fill:#b3541e}line{stroke:#999}"
                + "@media(prefers-color-scheme:dark){text{fill:#bbb}.judged{fill:#7db3ec}.planted{fill:#f0a070}}</style>",
        ]
        for (number, source) in report.sources.enumerated() {
            let bottom = Self.panel * Double(number + 1)
            let pairs = report.pairs.filter { $0.index == source.index }
            let judged = counts(pairs.filter { !$0.isPlanted }.map(\.loss), largest)
            let planted = counts(pairs.filter(\.isPlanted).map(\.loss), largest)
            let highest = Double(max(1, zip(judged, planted).map { $0 + $1 }.max() ?? 1))
            let scale = (Self.panel - 50) / highest
            let step = (Self.width - 2 * Self.margin) / Double(Self.bins)
            func bar(_ bin: Int, from base: Int, _ count: Int, _ kind: String) -> String {
                "<rect class=\"\(kind)\" x=\"\(fixed(Self.margin + Double(bin) * step, 1))\" "
                    + "y=\"\(fixed(bottom - Double(base + count) * scale, 1))\" width=\"\(fixed(step - 1, 1))\" "
                    + "height=\"\(fixed(Double(count) * scale, 1))\"/>"
            }
            lines.append(
                "<text x=\"\(fixed(Self.margin, 0))\" y=\"\(fixed(bottom - Self.panel + 24, 0))\">"
                    + "\(HTMLText.escaped(source.index)): \(source.pairs) pairs, mean loss "
                    + "\(fixed(source.means[InspectionReport.Measure.loss.rawValue] ?? 0, 3))</text>")
            for bin in 0..<Self.bins {
                if judged[bin] > 0 { lines.append(bar(bin, from: 0, judged[bin], "judged")) }
                if planted[bin] > 0 { lines.append(bar(bin, from: judged[bin], planted[bin], "planted")) }
            }
            lines.append(
                "<line x1=\"\(fixed(Self.margin, 0))\" y1=\"\(fixed(bottom, 0))\" "
                    + "x2=\"\(fixed(Self.width - Self.margin, 0))\" y2=\"\(fixed(bottom, 0))\"/>")
        }
        let axis = height - Self.margin + 18
        lines.append("<text x=\"\(fixed(Self.margin, 0))\" y=\"\(fixed(axis, 0))\">0</text>")
        lines.append(
            "<text x=\"\(fixed(Self.width - Self.margin, 0))\" y=\"\(fixed(axis, 0))\" text-anchor=\"end\">"
                + "loss \(fixed(largest, 2))</text>")
        return lines.joined(separator: "\n") + "\n</svg>\n"
    }

    private func counts(_ losses: [Double], _ largest: Double) -> [Int] {
        var counts = [Int](repeating: 0, count: Self.bins)
        for loss in losses { counts[min(Self.bins - 1, Int(loss / largest * Double(Self.bins)))] += 1 }
        return counts
    }
}
