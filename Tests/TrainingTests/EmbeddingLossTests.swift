import Foundation
import Testing
import TrawlCore

@testable import TrawlTraining

/// The losses of embeddings: known values, and slopes against differences.
@Suite struct EmbeddingLossTests {
    private static func row(_ positive: Int, _ group: [Int], _ labels: [Double], masked: Set<Int> = [])
        -> ContrastiveRow
    {
        ContrastiveRow(positive: positive, group: group, labels: labels, masked: masked)
    }

    @Test func aTeacherThatIsCertainAgreesWithTheJudgements() {
        let scores: [Float] = [2, 1, 0.5, -1]
        let found = EmbeddingLoss.contrastive(
            scores, columns: 4, [Self.row(0, [0, 1, 2, 3], [1, 0, 0, 0])], softWeight: 1)
        #expect(found.hard == found.soft)
        let hard = EmbeddingLoss.contrastive(
            scores, columns: 4, [Self.row(0, [0, 1, 2, 3], [1, 0, 0, 0])], softWeight: 0)
        #expect(found.slopes == hard.slopes.map { 2 * $0 })
    }

    @Test func equalScoresLoseTheLogarithmOfTheirNumber() {
        let found = EmbeddingLoss.contrastive(
            [Float](repeating: 3, count: 7), columns: 7, [Self.row(2, [2, 1], [0.5, 0.5])], softWeight: 1)
        #expect(abs(found.hard[0] - log(7.0)) < 1e-12)
        #expect(abs(found.soft[0] - log(2.0)) < 1e-12)
    }

    @Test func aCopyOfTheRelevantPassageCostsNothingOnlyIfItIsMasked() {
        let plain = EmbeddingLoss.contrastive([1, 1], columns: 2, [Self.row(0, [0], [1])], softWeight: 0)
        let masked = EmbeddingLoss.contrastive([1, 1], columns: 2, [Self.row(0, [0], [1], masked: [1])], softWeight: 0)
        #expect(abs(plain.hard[0] - log(2.0)) < 1e-12)
        #expect(masked.hard[0] == 0)
        #expect(masked.slopes == [0, 0])
    }

    @Test func aHighTemperatureTeachesNothing() {
        let q = TapeTests.parameter(2, 8, seed: 1)
        let d = TapeTests.parameter(4, 8, seed: 2)
        let tape = Tape()
        tape.clear()
        let scores = tape.similarities(
            tape.unitRows(TapeTests.input(q, tape)), tape.unitRows(TapeTests.input(d, tape)), scale: 1e-6)
        _ = tape.loss(of: scores) { values in
            let found = EmbeddingLoss.contrastive(
                values, columns: 4, [Self.row(0, [0, 1], [0.5, 0.5]), Self.row(2, [2, 3], [0.5, 0.5])], softWeight: 1)
            return (0, found.slopes)
        }
        tape.backward()
        #expect((q.gradients ?? [1]).map { abs($0) }.max() ?? 1 < 1e-5)
    }

    /// The slope along a direction of ones and minus ones.
    private static func expectDirectional(
        _ x: [Float], _ loss: ([Float]) -> LossAndSlopes, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let direction = TapeTests.values(x.count, seed: 8).map { Float($0 > 0 ? 1 : -1) }
        let h: Float = 1e-3
        let above = loss(zip(x, direction).map { $0 + h * $1 }).value
        let below = loss(zip(x, direction).map { $0 - h * $1 }).value
        let expected = (above - below) / (2 * Double(h))
        let found = zip(loss(x).slopes, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(found - expected) < 1e-3 * max(1, abs(expected)), sourceLocation: sourceLocation)
    }

    @Test func slopesAreDifferences() {
        let rows = [
            Self.row(0, [0, 1, 2], [0.5, 0.3, 0.2], masked: [4]), Self.row(3, [3, 4, 5], [0.7, 0.2, 0.1]),
        ]
        Self.expectDirectional(TapeTests.values(12, seed: 1, scale: 2)) {
            let found = EmbeddingLoss.contrastive($0, columns: 6, rows, softWeight: 0.7)
            return (found.hard.reduce(0, +) + 0.7 * found.soft.reduce(0, +), found.slopes)
        }
        Self.expectDirectional(TapeTests.values(6, seed: 2, scale: 0.2)) {
            EmbeddingLoss.ranking($0, given: [5, 3, 3, 1, 0, 4])
        }
    }

    @Test func onlyTheOrderOfCosinesCountsForPairs() {
        let pair = EmbeddingLoss.ranking([0.5, 0.6], given: [2, 1])
        #expect(abs(pair.value - log(1 + exp(2.0))) < 1e-5)
        #expect(pair.slopes[0] < 0 && pair.slopes[1] == -pair.slopes[0])
        #expect(EmbeddingLoss.ranking([0.5, 0.6], given: [1, 1]).value == 0)
        #expect(EmbeddingLoss.ranking([0.9, -0.9], given: [2, 1]).value < 1e-10)
    }

    /// A limit of 95% of the relevant passage's score, whatever its sign.
    @Test func aMarginDropsPassagesThatMayBeRelevant() {
        func kept(_ positive: Float, _ others: [Float], _ margin: Double?) -> [Int] {
            JudgedRanking(
                tokens: [1],
                ranking: [.init(passage: 0, score: positive, isRelevant: true)]
                    + others.enumerated().map { .init(passage: $0.offset + 1, score: $0.element, isRelevant: false) }
            ).irrelevant(hardest: 10, margin: margin)
        }
        #expect(kept(0.8, [0.77, 0.75, 0.7], 0.05) == [2, 3])
        #expect(kept(-0.2, [-0.205, -0.215], 0.05) == [2])
        #expect(kept(0.8, [0.9, 0.77], nil) == [1, 2])
        #expect(kept(-.infinity, [0.9], 0.05) == [1])
    }
}
