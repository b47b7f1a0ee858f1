import Foundation
import Testing
import TrawlCore
import TrawlTensors

@testable import TrawlTraining

/// Sequential boosting of blocks of neurons (training-methods section 5.3).
@Suite struct BoostingTests {
    /// Random features, and targets that are a linear function of them plus noise.
    private static func regression(rows: Int, seed: UInt64) -> (table: FeatureTable, targets: [Float]) {
        var random = SplitMix64(seed: seed)
        let values = (0..<rows * 3).map { _ in Float.random(in: -1...1, using: &random) }
        let targets = (0..<rows).map { row in
            2 * values[3 * row] - values[3 * row + 1] + 0.5 + Float.random(in: -0.3...0.3, using: &random)
        }
        return (FeatureTable(rows: rows, features: 3, values: values), targets)
    }

    private static func meanSquare(_ values: [Float]) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)
    }

    @Test func oneLinearBlockIsTheLeastSquaresSolutionAndASecondAddsNothing() throws {
        let (table, targets) = Self.regression(rows: 300, seed: 4)
        var fitter = BlockFitter()
        (fitter.units, fitter.activation, fitter.ridge, fitter.iterations) = (1, .identity, 0, 200)
        let block = fitter.fit(table, targets: targets, seed: 1)
        let left = zip(targets, block.values(table)).map { $0 - $1 }
        // The normal equations, solved directly.
        var design: [Double] = []
        for row in 0..<table.rows { design += (0..<3).map { Double(table.column($0)[$0 * table.rows + row]) } + [1] }
        let x = try Matrix<Double>(rows: table.rows, columns: 4, values: design)
        let y = try Matrix<Double>(rows: table.rows, columns: 1, values: targets.map { Double($0) })
        let solution = try Matrix.product(x, x, transposingFirst: true).solvingPositiveDefinite(
            Matrix.product(x, y, transposingFirst: true))
        let exact = try Matrix.product(x, solution)
        let best = zip(targets, exact.values).reduce(0.0) { $0 + pow(Double($1.0) - $1.1, 2) } / Double(table.rows)
        #expect(abs(Self.meanSquare(left) - best) < 1e-4 * best)
        let second = fitter.fit(table, targets: left, seed: 2)
        #expect(second.values(table).allSatisfy { abs($0) < 5e-3 })
    }

    @Test func squaredLossNeverRises() {
        var (table, left) = Self.regression(rows: 200, seed: 5)
        left = left.map { tanh(2 * $0) }
        var fitter = BlockFitter()
        (fitter.ridge, fitter.iterations) = (0, 30)
        var before = Self.meanSquare(left)
        for step in 0..<8 {
            let block = fitter.fit(table, targets: left, seed: UInt64(step))
            left = zip(left, block.values(table)).map { $0 - 0.5 * $1 }
            let after = Self.meanSquare(left)
            #expect(after <= before + 1e-9)
            before = after
        }
    }

    @Test func blockLossHasTheGradientOfItsDifferences() {
        let (table, targets) = Self.regression(rows: 40, seed: 6)
        var random = SplitMix64(seed: 7)
        let fitter = BlockFitter()
        let point = (0..<2 * 5 + 1).map { _ in Double.random(in: -1...1, using: &random) }
        let direction = point.map { _ in Bool.random(using: &random) ? 1.0 : -1.0 }
        func value(_ step: Double) -> Double {
            fitter.loss(zip(point, direction).map { $0 + step * $1 }, table, targets).value
        }
        let slope = zip(fitter.loss(point, table, targets).gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
        let h = 1e-2
        #expect(abs(slope - (value(h) - value(-h)) / (2 * h)) < 1e-3 * max(1, abs(slope)))
    }

    @Test func listwiseResidualsSumToZeroAndAreMinusTheGradient() {
        let two = RankingLists(
            table: FeatureTable(rows: 2, features: 1, values: [0, 0]), lists: [0..<2], base: [0, 0], grades: [1, 0],
            weights: [1])
        #expect(two.residuals([0, 0], of: 0) == [0.5, -0.5])
        let lists = RankingLists(
            table: FeatureTable(rows: 5, features: 1, values: [0, 0, 0, 0, 0]), lists: [0..<5],
            base: [0, 0, 0, 0, 0], grades: [0, 2, 0, 1, 0], weights: [1])
        let scores = [0.3, -1, 2, 0.1, 0.7]
        let residuals = lists.residuals(scores, of: 0)
        #expect(abs(residuals.reduce(0, +)) < 1e-12)
        for row in scores.indices {
            var (up, down) = (scores, scores)
            up[row] += 1e-5
            down[row] -= 1e-5
            let slope = (lists.loss(up, of: [0]) - lists.loss(down, of: [0])) / 2e-5
            #expect(abs(residuals[row] + slope) < 1e-6)
        }
    }

    /// Lists in which the second feature tells what is relevant; the base is noise about the first.
    static func lists(count: Int, seed: UInt64) -> RankingLists {
        var random = SplitMix64(seed: seed)
        var (values, base, grades): ([Float], [Double], [Double]) = ([], [], [])
        for _ in 0..<count {
            let relevant = Int.random(in: 0..<10, using: &random)
            for row in 0..<10 {
                let noise = Float.random(in: 0...1, using: &random)
                let sign = row == relevant ? Float(1) : 0
                values += [noise, sign + Float.random(in: -0.5...0.5, using: &random)]
                base.append(Double(noise) + (row == relevant ? 0.3 : 0))
                grades.append(row == relevant ? 1 : 0)
            }
        }
        return RankingLists(
            table: FeatureTable(rows: base.count, features: 2, values: values).standardised,
            lists: (0..<count).map { 10 * $0..<10 * $0 + 10 }, base: base, grades: grades,
            weights: [Double](repeating: 1, count: count))
    }

    @Test func scoresAreTheScaledBaseAndTheBlocks() {
        let lists = Self.lists(count: 40, seed: 8)
        let all = Array(lists.lists.indices)
        var ranking = BoostedRanking(lists, fittedTo: all)
        #expect(zip(ranking.scores, lists.base).allSatisfy { $0 == ranking.scale * $1 })
        let before = lists.loss(ranking.scores, of: all)
        for _ in 0..<5 { ranking.addBlock() }
        #expect(lists.loss(ranking.scores, of: all) < 0.8 * before)
        let values = ranking.blocks.map { $0.values(lists.table) }
        for row in lists.base.indices {
            let sum = values.reduce(ranking.scale * lists.base[row]) { $0 + Double($1[row]) }
            #expect(abs(sum - ranking.scores[row]) < 1e-6 * max(1, abs(sum)))
        }
        // The same blocks come again.
        var again = BoostedRanking(lists, fittedTo: all)
        for _ in 0..<5 { again.addBlock() }
        #expect(again.blocks == ranking.blocks)
    }

    @Test func minimiserFindsTheLowestPoint() {
        // Rosenbrock's valley.
        let found = LBFGS().minimise([-1.2, 1]) { x in
            let (a, b) = (1 - x[0], x[1] - x[0] * x[0])
            return (a * a + 100 * b * b, [-2 * a - 400 * x[0] * b, 200 * b])
        }
        #expect(abs(found.point[0] - 1) < 1e-4 && abs(found.point[1] - 1) < 1e-4)
        #expect(abs(goldenSection(from: 0, to: 10, tolerance: 1e-6) { ($0 - 3.5) * ($0 - 3.5) } - 3.5) < 1e-5)
    }

    /// `scipy.optimize.minimize(rosen, …, method="L-BFGS-B")` of SciPy 1.17 with `maxiter` as given, `gtol` 1e-4, `ftol` 64 eps.
    @Test(arguments: [
        (1, [-0.9252620531299447, 0.959222568182552, 0.7764576846577148]),
        (3, [-0.9372623337619871, 0.892068440918212, 0.8042540195887001]),
        (8, [-0.9190058128613146, 0.8351589807455317, 0.6911877495004264]),
        (200, [1.0000000045042368, 1.0000000016853567, 0.9999999061423523]),
    ]) func minimisingTakesTheStepsOfSciPy(_ iterations: Int, _ expected: [Double]) {
        var minimiser = LBFGS()
        minimiser.followsSciPy = true
        minimiser.iterations = iterations
        minimiser.tolerance = 1e-4
        let found = minimiser.minimise([-1.2, 1, 0.7]) { x in
            var (value, gradient) = (0.0, [0.0, 0, 0])
            for index in 0..<2 {
                let (bend, rest) = (x[index + 1] - x[index] * x[index], 1 - x[index])
                value += 100 * bend * bend + rest * rest
                gradient[index] -= 400 * x[index] * bend + 2 * rest
                gradient[index + 1] += 200 * bend
            }
            return (value, gradient)
        }
        for (a, b) in zip(found.point, expected) { #expect(abs(a - b) < 1e-7) }
    }
}
