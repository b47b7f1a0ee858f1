import Foundation

/// An SVG picture within a page. Colours come from the style sheet, by classes.
struct Drawing {
    let width: Double
    let height: Double
    private var body = ""

    init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

    enum Anchor: String { case start, middle, end }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        body +=
            "<line class=\"\(style)\" x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" x2=\"\(Self.number(x2))\" "
            + "y2=\"\(Self.number(y2))\"/>"
    }

    mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, title: String? = nil
    ) {
        body +=
            "<rect class=\"\(style)\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" "
            + "height=\"\(Self.number(height))\""
        body += title.map { "><title>\(HTMLText.escaped($0))</title></rect>" } ?? "/>"
    }

    mutating func text(_ x: Double, _ y: Double, _ text: String, _ anchor: Anchor = .start, _ style: String = "") {
        let attribute = style.isEmpty ? "" : " class=\"\(style)\""
        let anchoring = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        body +=
            "<text\(attribute) x=\"\(Self.number(x))\" y=\"\(Self.number(y))\"\(anchoring)>"
            + HTMLText.escaped(text) + "</text>"
    }

    /// Text that reads upwards, around the middle (x, y).
    mutating func upwardText(_ x: Double, _ y: Double, _ text: String) {
        let (x, y) = (Self.number(x), Self.number(y))
        body +=
            "<text transform=\"translate(\(x) \(y)) rotate(-90)\" text-anchor=\"middle\">"
            + HTMLText.escaped(text) + "</text>"
    }

    mutating func polyline(_ points: [(x: Double, y: Double)], _ style: String) {
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        body += "<polyline class=\"\(style)\" points=\"\(list)\"/>"
    }

    mutating func path(_ commands: String, _ style: String) { body += "<path class=\"\(style)\" d=\"\(commands)\"/>" }

    /// A mark whose shape and colour tell the systems apart: the shape alone does.
    mutating func marker(_ x: Double, _ y: Double, of system: Int, radius r: Double = 4, isHollow: Bool = false) {
        func point(_ dx: Double, _ dy: Double) -> String { "\(Self.number(x + dx * r)) \(Self.number(y + dy * r))" }
        func polygon(_ corners: [(Double, Double)]) -> String {
            "M" + corners.map { point($0.0, $0.1) }.joined(separator: "L") + "Z"
        }
        let shape =
            switch system % 6 {
            case 0:
                "M\(point(-1, 0))a\(Self.number(r)) \(Self.number(r)) 0 1 0 \(Self.number(2 * r)) 0"
                    + "a\(Self.number(r)) \(Self.number(r)) 0 1 0 \(Self.number(-2 * r)) 0Z"
            case 1: polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
            case 2: polygon([(0, -1.2), (1.1, 0.8), (-1.1, 0.8)])
            case 3: polygon([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)])
            case 4: polygon([(0, 1.2), (1.1, -0.8), (-1.1, -0.8)])
            default:
                polygon([
                    (-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4), (0.4, 1.1),
                    (-0.4, 1.1),
                    (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4),
                ])
            }
        path(shape, "mark c\(system % 8)" + (isHollow ? " hollow" : ""))
    }

    /// The picture with a text for those who do not see it.
    ///
    /// - Parameter id: Unique on the page.
    func svg(_ id: String, title: String, description: String) -> String {
        "<svg role=\"img\" aria-labelledby=\"\(id)-t \(id)-d\" \(size)><title id=\"\(id)-t\">\(HTMLText.escaped(title))"
            + "</title><desc id=\"\(id)-d\">\(HTMLText.escaped(description))</desc>\(body)</svg>\n"
    }

    /// The picture of what stands beside it in words already.
    var decoration: String { "<svg aria-hidden=\"true\" \(size)>\(body)</svg>" }

    private var size: String {
        let (width, height) = (Self.number(width), Self.number(height))
        return "width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\""
    }

    /// Far outside of every picture.
    private static let farthest = 1e6

    /// At most two decimals. What lies outside of the picture is drawn somewhere outside of it.
    static func number(_ value: Double) -> String {
        let value = value.isNaN ? 0 : min(max(value, -farthest), farthest)
        let hundredths = Int((value * 100).rounded())
        let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
        let sign = hundredths < 0 ? "-" : ""
        if rest == 0 { return "\(sign)\(whole)" }
        return rest % 10 == 0 ? "\(sign)\(whole).\(rest / 10)" : "\(sign)\(whole)." + (rest < 10 ? "0" : "") + "\(rest)"
    }
}

/// A range of values along one direction of a picture.
struct Axis {
    let low: Double
    let high: Double
    let start: Double
    let end: Double
    var isLogarithmic = false

    func position(_ value: Double) -> Double {
        let share =
            isLogarithmic
            ? (log(value) - log(low)) / (log(high) - log(low)) : (value - low) / (high - low)
        return start + share * (end - start)
    }

    /// Round numbers from `low` to `high`, about `count` of them.
    func ticks(_ count: Int) -> [Double] {
        if isLogarithmic { return logarithmicTicks(count) }
        guard high > low else { return [low] }
        let step = Self.roundStep((high - low) / Double(max(1, count)))
        let first = (low / step - 1e-9).rounded(.up)
        return (0...100).map { (first + Double($0)) * step }.filter { $0 <= high + step * 1e-9 }
    }

    private func logarithmicTicks(_ count: Int) -> [Double] {
        let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
        let factors = decades.count > count ? [1.0] : [1, 2, 5]
        return decades.flatMap { decade in factors.map { $0 * pow(10, Double(decade)) } }
            .filter { $0 >= low * 0.999 && $0 <= high * 1.001 }
    }

    private static func roundStep(_ step: Double) -> Double {
        let power = pow(10, log10(step).rounded(.down))
        let factor = step / power
        return power * (factor < 1.5 ? 1 : factor < 3 ? 2 : factor < 7 ? 5 : 10)
    }

    /// A tick in as few digits as tell it, with a minus.
    static func label(_ value: Double) -> String {
        let text = String(format: "%.6g", abs(value) < 1e-12 ? 0 : value)
        return text.replacing("-", with: "−")
    }
}
