import Testing
import TrawlCore

@testable import TrawlTraining

@Suite struct RerankLossTests {
    /// Against differences of the loss: (L(s + h) - L(s - h)) / 2h.
    @Test(arguments: RerankLoss.allCases) func slopesAreThoseOfTheLoss(_ loss: RerankLoss) {
        let scores: [Float] = [0.3, -0.6, 0.9, 0.1]
        let teacher: [Float] = [2.5, -1, 0.5, 1]
        let (_, slopes) = loss.value(scores, teacher: teacher)
        let step: Float = 1e-3
        for index in scores.indices {
            var (above, below) = (scores, scores)
            above[index] += step
            below[index] -= step
            let expected =
                (loss.value(above, teacher: teacher).value - loss.value(below, teacher: teacher).value)
                / (Double(above[index]) - Double(below[index]))
            #expect(
                abs(Double(slopes[index]) - expected) < 1e-3, "\(loss)[\(index)]: \(slopes[index]), not \(expected)")
        }
    }

    @Test func equalScoresGiveTheLogarithmOfTheGroup() {
        #expect(abs(RerankLoss.listwise.value([1, 1, 1, 1], teacher: []).value - 1.386294) < 1e-5)
        #expect(abs(RerankLoss.crossEntropy.value([0, 0], teacher: []).value - 0.693147) < 1e-5)
        #expect(abs(RerankLoss.softmax.value([0, 0], teacher: []).value - 0.5) < 1e-6)
        #expect(RerankLoss.hinge.value([1, 1], teacher: []).value == 1)
        #expect(RerankLoss.hinge.value([3, 1], teacher: []).value == 0)
    }

    @Test func theTeachersMarginHasNoLoss() {
        #expect(RerankLoss.marginSquared.value([3, 1], teacher: [7, 5]).value == 0)
        #expect(RerankLoss.marginSquared.value([3, 1], teacher: [7, 4]).value == 1)
    }

    @Test func aTeachersScaleAndOffsetDoNotMatter() {
        let plain = RerankLoss.distillation.value([1, 0, 2], teacher: [3, 1, 2])
        let scaled = RerankLoss.distillation.value([1, 0, 2], teacher: [36, 16, 26])
        #expect(abs(plain.value - scaled.value) < 1e-6)
    }
}

@Suite struct RerankCurriculumTests {
    @Test(
        arguments: [
            ([3, 2, 1], [0.7957, 0.5, 0.2043]), ([5, 1.4, 1.2, 1], [0.8716, 0.4176, 0.3761, 0.3347]),
        ] as [([Float], [Double])])
    func kernelEstimatesMatchWorkedNumbers(_ scores: [Float], _ expected: [Double]) {
        for (value, expected) in zip(RerankCurriculum(.kde).values(scores).ranked, expected) {
            #expect(abs(value - expected) < 1e-4)
        }
    }

    @Test func weightsMatchWorkedNumbers() {
        var curriculum = RerankCurriculum(.reciprocal)
        curriculum.samples = 20
        // A relevant passage at rank 2 and another at rank 1: D = 0.25.
        #expect(abs(curriculum.weight(relevant: 0.5, others: [1], seen: 5) - 0.4375) < 1e-6)
        curriculum.isReversed = true
        #expect(abs(curriculum.weight(relevant: 0.5, others: [1], seen: 5) - (0.75 * 0.75 + 0.25)) < 1e-6)
    }

    @Test func weightsRiseToOne() {
        var curriculum = RerankCurriculum(.normalised)
        curriculum.samples = 100
        let weights = stride(from: 0, through: 120, by: 10).map {
            curriculum.weight(relevant: 0.2, others: [0.9, 0.4], seen: $0)
        }
        #expect(zip(weights, weights.dropFirst()).filter { $0 > $1 }.isEmpty)
        #expect(weights.suffix(3) == [1, 1, 1])
    }

    @Test(arguments: RerankCurriculum.Heuristic.allCases)
    func scaleAndOffsetOfScoresDoNotMatter(_ heuristic: RerankCurriculum.Heuristic) {
        let scores: [Float] = [9, 4, 3.5, 1]
        let curriculum = RerankCurriculum(heuristic)
        let (plain, scaled) = (curriculum.values(scores).ranked, curriculum.values(scores.map { 4 * $0 + 8 }).ranked)
        #expect(zip(plain, scaled).filter { abs($0 - $1) > 1e-6 }.isEmpty)
    }

    @Test func equalScoresAreInTheMiddle() {
        #expect(RerankCurriculum(.normalised).values([2, 2]).ranked == [0.5, 0.5])
        #expect(RerankCurriculum(.kde).values([2, 2]).ranked == [0.5, 0.5])
    }
}

@Suite struct LossReweightingTests {
    @Test(
        arguments: [
            (.linearUpper, 1, [0.1193, 0.2323, 0.3242, 0.3242]), (.linearUpper, 0.4, [0.0326, 0.1727, 0.3973, 0.3973]),
            (.quadratic, 1, [0.1457, 0.3543, 0.3543, 0.1457]), (.extremes, 1, [0.3304, 0.1696, 0.1696, 0.3304]),
        ] as [(LossReweighting.Strategy, Double, [Double])])
    func weightsMatchWorkedNumbers(_ strategy: LossReweighting.Strategy, _ strength: Double, _ expected: [Double]) {
        for losses in [[1, 2, 3, 4], [10, 12, 14, 16]] as [[Double]] {
            let weights = LossReweighting.weights(losses, strategy, strength: strength)
            #expect(zip(weights, expected).filter { abs($0 - $1) > 1e-4 }.isEmpty, "\(weights)")
        }
    }

    @Test func weightsHaveAMeanOfOneOverRecentLosses() {
        var reweighting = LossReweighting(.linearUpper, strength: 0.4, start: 0)
        var weights: [Float] = []
        for part in [[1, 5], [2, 4], [3, 3]] as [[Double]] {
            weights += reweighting.weights(of: part.map { ExampleLoss(example: 0, value: $0) }, done: 0.5)
        }
        let all = LossReweighting.weights([1, 5, 2, 4, 3, 3], .linearUpper, strength: 0.4).map { Float($0 * 6) }
        #expect(zip(weights.suffix(2), all.suffix(2)).filter { abs($0 - $1) > 1e-5 }.isEmpty)
    }

    @Test func beforeItsStartAllCountAlike() {
        var reweighting = LossReweighting(.extremes, start: 0.05)
        let losses = [1.0, 9.0, 5.0].map { ExampleLoss(example: 0, value: $0) }
        #expect(reweighting.weights(of: losses, done: 0.04) == [1, 1, 1])
        #expect(reweighting.weights(of: losses, done: 0.06) != [1, 1, 1])
    }

    private static func examples(_ losses: [Double]) -> [ExampleLoss] {
        losses.map { ExampleLoss(example: 0, value: $0) }
    }

    @Test(arguments: LossReweighting.Strategy.allCases) func weightsSumToOne(_ strategy: LossReweighting.Strategy) {
        let weights = LossReweighting.weights([4, 0.5, 2.5, 9, 1], strategy, strength: 0.4)
        #expect(abs(weights.reduce(0, +) - 1) < 1e-12)
        #expect(LossReweighting.weights([3, 3], strategy, strength: 0.4) == [0.5, 0.5])
        let even = LossReweighting.weights([4, 0.5, 2.5, 9, 1], strategy, strength: 1e6)
        #expect(even.allSatisfy { abs($0 * 5 - 1) < 1e-5 })
    }

    @Test func upperWeightsNeverFall() {
        let weights = LossReweighting.weights((0..<20).map { Double($0 * $0) }, .linearUpper, strength: 0.4)
        #expect(zip(weights, weights.dropFirst()).filter { $0 > $1 }.isEmpty)
    }

    /// With as many as 16 examples, what came before is of no account.
    @Test func manyExamplesAreComparedWithOneAnother() {
        var reweighting = LossReweighting(.linearUpper, start: 0)
        _ = reweighting.weights(of: Self.examples([100, 200]), done: 0.1)
        let losses = (0..<16).map { Double($0) }
        let expected = LossReweighting.weights(losses, .linearUpper, strength: 0.4).map { Float($0 * 16) }
        #expect(reweighting.weights(of: Self.examples(losses), done: 0.2) == expected)
    }

    /// With fewer, the lowest and the highest loss of the last 20 steps are the range, that of the step among them.
    @Test func fewExamplesAreComparedWithThoseOfTwentySteps() {
        var reweighting = LossReweighting(.linearUpper, start: 0)
        for step in 0..<20 {
            _ = reweighting.weights(of: Self.examples([step == 0 ? 0 : 5, 5]), done: Double(step) / 100)
        }
        // The loss of 0 is 20 steps past.
        #expect(reweighting.weights(of: Self.examples([5, 5]), done: 0.2) == [1, 1])
        var other = LossReweighting(.linearUpper, start: 0)
        for step in 0..<20 { _ = other.weights(of: Self.examples([step == 1 ? 0 : 5, 5]), done: Double(step) / 100) }
        #expect(other.weights(of: Self.examples([5, 5]), done: 0.2).allSatisfy { $0 > 1 })
        #expect(other.memory.count == 2 * 40)
    }
}
