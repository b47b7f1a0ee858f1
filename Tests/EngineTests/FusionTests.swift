import Testing
import TrawlCore

@testable import TrawlEngine

@Suite struct FusionTests {
    private func ranking(_ scores: [UInt32: Float]) -> Ranking {
        Ranking(scores.map { ScoredPassage(PassageID($0.key), $0.value) })
    }

    @Test func minMaxAddsNormalisedScores() {
        let fused = Fusion.fuse(
            [(1, ranking([1: 10, 2: 5, 3: 0])), (2, ranking([3: 0.9, 2: 0.8, 4: 0.7]))], method: .minMax, constant: 60)
        #expect(fused.map(\.passage.rawValue) == [3, 2, 1, 4])
        #expect(fused.map(\.score).elementsEqual([2, 1.5, 1, 0]) { abs($0 - $1) < 1e-5 })
    }

    @Test func reciprocalRankUsesRanksOnly() {
        let a = ranking([1: 1000, 2: 1])
        let b = ranking([2: 0.2, 1: 0.1])
        let fused = Fusion.fuse([(1, a), (1, b)], method: .reciprocalRank, constant: 60)
        #expect(fused[0].score == fused[1].score)
        #expect(fused.map(\.passage.rawValue) == [1, 2])
    }

    @Test func equalScoresCountFully() {
        let fused = Fusion.fuse([(1, ranking([1: 3, 2: 3]))], method: .minMax, constant: 60)
        #expect(fused.map(\.score) == [1, 1])
        #expect(Fusion.fuse([(1, ranking([1: 3, 2: 3]))], method: .zScore, constant: 60).map(\.score) == [1, 1])
    }

    @Test func emptyRankingsAndZeroWeightsAddNothing() {
        #expect(Fusion.fuse([], method: .zScore, constant: 60).isEmpty)
        #expect(Fusion.fuse([(0, ranking([1: 3])), (1, Ranking([]))], method: .minMax, constant: 60).isEmpty)
    }
}
