import Foundation
import Testing
import TrawlCore
import TrawlTensors

@testable import TrawlTraining

/// The query-side adapter (training-methods sections 0.2 and 2.5).
@Suite struct QueryAdapterTests {
    private static func units(_ rows: Int, _ columns: Int, _ random: inout SplitMix64) throws -> Matrix<Float> {
        var values: [Float] = []
        for _ in 0..<rows {
            let row = (0..<columns).map { _ in Float.random(in: -1...1, using: &random) }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            values += row.map { $0 / length }
        }
        return try Matrix(rows: rows, columns: columns, values: values)
    }

    /// Queries that are near no answer of theirs: each is the vector of its passage with the numbers in another order.
    private static func examples(_ count: Int, dimension: Int = 12, seed: UInt64 = 5) throws -> QueryAdapterExamples {
        var random = SplitMix64(seed: seed)
        let passages = try units(count, dimension, &random)
        let queries = try Matrix(
            rows: count, columns: dimension,
            values: (0..<count).flatMap { row in (0..<dimension).map { passages[row, ($0 + 5) % dimension] } })
        return try QueryAdapterExamples(
            queries: queries, passages: passages, answers: (0..<count).map { [(passage: $0, grade: 1)] })
    }

    private static func loss(_ examples: QueryAdapterExamples, _ map: QueryAdapterMap) throws -> Double {
        var loss = QueryAdapterLoss(examples, temperature: 0.5)
        return try loss.add(Array(0..<examples.queries.rows), to: map)
    }

    @Test func theGradientIsThatOfTheLoss() throws {
        var random = SplitMix64(seed: 2)
        var examples = try Self.examples(6)
        // Several answers with grades.
        examples = try QueryAdapterExamples(
            queries: examples.queries, passages: examples.passages,
            answers: (0..<6).map { [(passage: $0, grade: 1), (passage: ($0 + 1) % 6, grade: 0.5)] })
        let map = QueryAdapterMap(rank: 3, dimension: 12, seed: 1)
        for parameter in map.parameters {
            try parameter.replaceValues((0..<parameter.count).map { _ in .random(in: -0.5...0.5, using: &random) })
        }
        _ = try Self.loss(examples, map)
        let gradients = map.parameters.map { $0.gradients ?? [] }
        let start = map.parameters.map(\.values)
        let directions = map.parameters.map { parameter in
            (0..<parameter.count).map { _ in Bool.random(using: &random) ? Float(1) : -1 }
        }
        func shifted(_ step: Float) throws -> Double {
            for (parameter, (values, direction)) in zip(map.parameters, zip(start, directions)) {
                try parameter.replaceValues(zip(values, direction).map { $0 + step * $1 })
            }
            return try Self.loss(examples, map)
        }
        let numeric = (try shifted(1e-2) - shifted(-1e-2)) / 2e-2
        let exact = zip(gradients.joined(), directions.joined()).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(numeric - exact) < 1e-3 * max(1, abs(exact)))
    }

    @Test func theLossOfEqualScoresIsTheLogarithmOfTheirNumber() throws {
        let one = [Float](repeating: 0.5, count: 4)
        let examples = try QueryAdapterExamples(
            queries: Matrix(rows: 1, columns: 4, values: one),
            passages: Matrix(rows: 8, columns: 4, values: Array([[Float]](repeating: one, count: 8).joined())),
            answers: [[(passage: 3, grade: 2)]])
        let loss = try Self.loss(examples, QueryAdapterMap(rank: 2, dimension: 4, seed: 1))
        #expect(abs(loss - log(8)) < 1e-5)
    }

    @Test func eightExamplesAreLearntAndASeedGivesTheSameFit() throws {
        let examples = try Self.examples(8)
        var fit = QueryAdapterFit()
        (fit.rounds, fit.learningRate, fit.weightDecay, fit.rank) = (200, 1e-2, 0, 12)
        let fitted = try fit.fitted(examples)
        #expect(fitted.losses[0] > 1 && fitted.losses.last ?? 1 < 0.01)
        #expect(try fit.fitted(examples) == fitted)
        fit.seed = 2
        #expect(try fit.fitted(examples) != fitted)
    }

    @Test func aFitWithoutRoundsChangesNothing() throws {
        var fit = QueryAdapterFit()
        fit.rounds = 0
        let fitted = try fit.fitted(Self.examples(8))
        #expect(fitted.up.filter { $0 != 0 }.isEmpty && fitted.bias.filter { $0 != 0 }.isEmpty)
        #expect(fitted.down.contains { $0 != 0 })
    }

    @Test func chosenExamplesHaveNoPassageOfOthers() throws {
        let all = try Self.examples(8)
        let chosen = try all.chosen([6, 2])
        #expect(chosen.queries.rows == 2 && chosen.passages.rows == 2)
        for (row, query) in [6, 2].enumerated() {
            #expect(Array(chosen.queries.row(row)) == Array(all.queries.row(query)))
            let passage = try #require(chosen.answers[row].first?.passage)
            #expect(Array(chosen.passages.row(passage)) == Array(all.passages.row(query)))
        }
    }

    @Test func badExamplesAreRefused() throws {
        let good = try Self.examples(3)
        for answers in [[[(passage: 0, grade: Float(1))]], [[], [], [(passage: 3, grade: 1)]], [[], [], [(0, 0)]]] {
            #expect(throws: TrawlError.self) {
                try QueryAdapterExamples(queries: good.queries, passages: good.passages, answers: answers)
            }
        }
        let none = try QueryAdapterExamples(queries: good.queries, passages: good.passages, answers: [[], [], []])
        #expect(throws: TrawlError.self) { try QueryAdapterFit().fitted(none) }
        var values = good.queries.values
        values[4] = .nan
        #expect(throws: TrawlError.self) {
            try QueryAdapterExamples(
                queries: Matrix(rows: 3, columns: 12, values: values), passages: good.passages, answers: good.answers)
        }
    }

    @Test func aFitThatDivergesSaysSo() throws {
        var fit = QueryAdapterFit()
        fit.learningRate = 1e30
        #expect {
            try fit.fitted(Self.examples(8))
        } throws: {
            "\($0)".contains("the loss is not finite")
        }
    }

    @Test func aFitCanBeCancelled() throws {
        #expect(throws: CancellationError.self) {
            try QueryAdapterFit().fitted(Self.examples(8), cancellation: Cancellation { true })
        }
    }
}
