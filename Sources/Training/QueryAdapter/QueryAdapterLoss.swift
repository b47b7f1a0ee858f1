import Foundation
import TrawlCore
import TrawlTensors

/// The loss of a query adapter and its gradient.
struct QueryAdapterLoss {
    private let examples: QueryAdapterExamples
    private let temperature: Float
    /// For each query the targets of its answers, which add up to 1.
    private let targets: [[(passage: Int, share: Float)]]

    init(_ examples: QueryAdapterExamples, temperature: Float) {
        self.examples = examples
        self.temperature = temperature
        targets = examples.answers.enumerated().map { query, answers in
            let scores = answers.map { answer in
                zip(examples.queries.row(query), examples.passages.row(answer.passage)).reduce(Float(0)) {
                    $0 + $1.0 * $1.1
                } / temperature
            }
            let highest = scores.max() ?? 0
            let weights = zip(answers, scores).map { $0.grade * exp($1 - highest) }
            let sum = weights.reduce(0, +)
            return zip(answers, weights).map { ($0.passage, $1 / sum) }
        }
    }

    /// Adds the gradient of the mean loss of some queries to the parameters.
    ///
    /// - Returns: The mean loss.
    mutating func add(_ rows: [Int], to map: QueryAdapterMap) throws -> Double {
        let dimension = examples.queries.columns
        let rank = map.down.rows
        let queries = try examples.queries.rows(rows)
        let down = try Matrix(rows: rank, columns: dimension, values: map.down.values)
        let up = try Matrix(rows: dimension, columns: rank, values: map.up.values)
        let inner = try Matrix.product(queries, down, transposingSecond: true)
        var moved = queries
        try moved.addProduct(inner, up, transposingSecond: true)
        let lengths = Self.scaleToUnitLength(&moved, adding: map.bias.values)

        // Scores become their gradient, row by row.
        var scores = try Matrix.product(moved, examples.passages, transposingSecond: true)
        let share = 1 / Float(rows.count)
        var loss = 0.0
        let columns = scores.columns
        scores.withRows { row, values in
            var highest = -Float.infinity
            for column in 0..<columns {
                values[column] /= temperature
                highest = max(highest, values[column])
            }
            var sum = 0.0
            for column in 0..<columns { sum += Double(exp(values[column] - highest)) }
            let logSum = highest + Float(log(sum))
            for (passage, target) in targets[rows[row]] { loss += Double(target * (logSum - values[passage])) }
            for column in 0..<columns { values[column] = exp(values[column] - logSum) * share / temperature }
            for (passage, target) in targets[rows[row]] { values[passage] -= target * share / temperature }
        }
        var gradient = try Matrix.product(scores, examples.passages)
        // Through the scaling to length 1: dx = (du - u (u.du)) / length.
        var biasGradient = [Float](repeating: 0, count: dimension)
        gradient.withRows { row, values in
            let unit = moved.row(row)
            var along: Float = 0
            for (index, value) in unit.enumerated() { along += value * values[index] }
            for (index, value) in unit.enumerated() {
                values[index] = (values[index] - value * along) / lengths[row]
                biasGradient[index] += values[index]
            }
        }
        try map.bias.addGradients(biasGradient)
        try map.up.addGradients(try Matrix.product(gradient, inner, transposingFirst: true).values)
        let innerGradient = try Matrix.product(gradient, up)
        try map.down.addGradients(try Matrix.product(innerGradient, queries, transposingFirst: true).values)
        return loss * Double(share)
    }

    /// Adds `bias` to each row and scales it to length 1.
    ///
    /// - Returns: The lengths before.
    private static func scaleToUnitLength(_ matrix: inout Matrix<Float>, adding bias: [Float]) -> [Float] {
        var lengths = [Float](repeating: 1, count: matrix.rows)
        matrix.withRows { row, values in
            var square: Float = 0
            for index in values.indices {
                values[index] += bias[index]
                square += values[index] * values[index]
            }
            lengths[row] = max(square.squareRoot(), 1e-12)
            for index in values.indices { values[index] /= lengths[row] }
        }
        return lengths
    }
}
