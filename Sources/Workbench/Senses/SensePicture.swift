import Foundation
public import TrawlEngine
import TrawlEvaluation
import TrawlSenses
import TrawlTensors

/// The senses of a word and their nearest words, projected to the plane in which they differ most (principal components).
public struct SensePicture: Sendable {
    private struct Point {
        let label: String
        /// Counted from 0.
        let sense: Int
        let isSense: Bool
        let vector: [Double]
    }

    private let word: String
    private let points: [Point]
    private static let (width, height, margin) = (720.0, 480.0, 72.0)
    private static let colours = ["#2563a8", "#b3541e", "#2e7d4f", "#8a3d8f", "#9a7b14", "#4a4a4a"]
    private static let darkColours = ["#7db3ec", "#f0a070", "#7fd0a0", "#d59bdb", "#e0c060", "#bbbbbb"]

    /// - Throws: `TrawlError` for an index without senses, or text that is not a word with senses.
    public init(_ text: String, of index: SearchIndex, neighbours: Int = 10) throws {
        let learnt = try index.requiredSenses()
        let model = learnt.model
        let number = try index.word(text, in: learnt)
        word = model.words[number].form
        var points: [Point] = []
        var seen: Set<[Int]> = []
        for sense in 0..<model.senseCount(of: number) {
            points.append(
                Point(
                    label: "\(model.words[number].form)#\(sense + 1)", sense: sense, isSense: true,
                    vector: model.vector(of: number, sense: sense).map(Double.init)))
            for near in model.neighbours(of: number, sense: sense, limit: neighbours)
            where seen.insert([near.word, near.sense]).inserted {
                points.append(
                    Point(
                        label: model.words[near.word].form, sense: sense, isSense: false,
                        vector: model.vector(of: near.word, sense: near.sense).map(Double.init)))
            }
        }
        self.points = points
    }

    /// The picture, which needs no other file; it follows the light or dark scheme of the reader.
    ///
    /// - Throws: `TrawlError.notFound` without OpenBLAS.
    public func svg() throws -> String {
        let plane = try positions()
        func rule(_ colours: [String]) -> String {
            colours.enumerated().map { ".s\($0){fill:\($1)}" }.joined()
        }
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" "
                + "aria-label=\"the senses of \(HTMLText.escaped(word)) and their nearest words\">",
            "<style>text{font:12px sans-serif}text.sense{font:bold 14px sans-serif}\(rule(Self.colours))"
                + "@media(prefers-color-scheme:dark){\(rule(Self.darkColours))}</style>",
        ]
        for (point, position) in zip(points, plane) {
            let kind = "s\(point.sense % Self.colours.count)"
            let (x, y) = (fixed(position.x, 1), fixed(position.y, 1))
            lines.append("<circle class=\"\(kind)\" cx=\"\(x)\" cy=\"\(y)\" r=\"\(point.isSense ? 6 : 2.5)\"/>")
            lines.append(
                "<text class=\"\(kind)\(point.isSense ? " sense" : "")\" x=\"\(fixed(position.x + 8, 1))\" "
                    + "y=\"\(fixed(position.y + 4, 1))\">\(HTMLText.escaped(point.label))</text>")
        }
        return lines.joined(separator: "\n") + "\n</svg>\n"
    }

    /// Where each point is drawn: the first principal component to the right, the second upwards.
    private func positions() throws -> [(x: Double, y: Double)] {
        let dimensions = points[0].vector.count
        let mean = (0..<dimensions).map { index in
            points.reduce(0.0) { $0 + $1.vector[index] } / Double(points.count)
        }
        let centred = points.map { zip($0.vector, mean).map { $0 - $1 } }
        var covariance = Matrix<Double>(rows: dimensions, columns: dimensions)
        for row in 0..<dimensions {
            for column in 0..<dimensions {
                covariance[row, column] = centred.reduce(0) { $0 + $1[row] * $1[column] }
            }
        }
        let axes = try covariance.symmetricEigenDecomposition().vectors
        func scaled(_ axis: Int, _ range: ClosedRange<Double>) -> [Double] {
            let values = centred.map { vector in zip(vector, axes.row(axis)).reduce(0.0) { $0 + $1.0 * $1.1 } }
            let (least, most) = (values.min() ?? 0, values.max() ?? 0)
            let width = max(most - least, 1e-9)
            return values.map { range.lowerBound + (range.upperBound - range.lowerBound) * ($0 - least) / width }
        }
        let x = scaled(0, Self.margin...Self.width - 2 * Self.margin)
        let y = scaled(min(1, dimensions - 1), Self.margin / 2...Self.height - Self.margin / 2)
        return zip(x, y).map { (x: $0, y: Self.height - $1) }
    }
}
