import Foundation
import Testing
import TrawlCore

@testable import TrawlEngine

@Suite struct FusionTests {
    private func ranking(_ scores: [UInt32: Float]) -> Ranking {
        Ranking(scores.map { ScoredPassage(PassageID($0.key), $0.value) })
    }

    /// Each passage is a document of its own.
    private func fuse(_ rankings: [(weight: Float, ranking: Ranking)], _ method: FusionMethod) -> Ranking {
        Fusion(method: method, constant: 60).fuse(
            rankings.map { Fusion.Input(weight: $0.weight, ranking: $0.ranking) }, document: { $0.rawValue }
        ).ranking
    }

    @Test func minMaxAddsNormalisedScores() {
        let fused = fuse([(1, ranking([1: 10, 2: 5, 3: 0])), (2, ranking([3: 0.9, 2: 0.8, 4: 0.7]))], .minMax)
        #expect(fused.map(\.passage.rawValue) == [3, 2, 1, 4])
        #expect(fused.map(\.score).elementsEqual([2, 1.5, 1, 0]) { abs($0 - $1) < 1e-5 })
    }

    @Test func reciprocalRankUsesRanksOnly() {
        let a = ranking([1: 1000, 2: 1])
        let b = ranking([2: 0.2, 1: 0.1])
        let fused = fuse([(1, a), (1, b)], .reciprocalRank)
        #expect(fused[0].score == fused[1].score)
        #expect(fused.map(\.passage.rawValue) == [1, 2])
    }

    @Test func equalScoresCountFully() {
        let fused = fuse([(1, ranking([1: 3, 2: 3]))], .minMax)
        #expect(fused.map(\.score) == [1, 1])
        #expect(fuse([(1, ranking([1: 3, 2: 3]))], .zScore).map(\.score) == [1, 1])
    }

    @Test func emptyRankingsAndZeroWeightsAddNothing() {
        #expect(fuse([], .zScore).isEmpty)
        #expect(fuse([(0, ranking([1: 3])), (1, Ranking([]))], .minMax).isEmpty)
    }

    /// Two passages of a document that are each the best of one ranking count together.
    @Test func documentCountsWithItsBestPassageOfEachRanking() {
        let lexical = ranking([10: 4, 20: 3, 11: 0])
        let dense = ranking([11: 0.9, 20: 0.6, 30: 0.1])
        let fused = Fusion(method: .minMax, constant: 60).fuse(
            [Fusion.Input(weight: 1, ranking: lexical), Fusion.Input(weight: 1, ranking: dense)],
            document: { $0.rawValue / 10 })
        // Document 1: 1 of passage 10 and 1 of passage 11. The first is as good as the second, and stands before it.
        #expect(fused.ranking.map(\.passage.rawValue) == [10, 20, 30])
        #expect(fused.ranking[0].score == 2)
        #expect(fused.part(of: 0, to: 1) == 1 && fused.part(of: 1, to: 1) == 1)
        #expect(fused.part(of: 0, to: 3) == nil && fused.part(of: 1, to: 3) == 0 && fused.part(of: 0, to: 4) == nil)
    }

    /// Scores must not depend on how many hits were asked for.
    @Test(arguments: FusionMethod.allCases) func whatIsBeyondTheDepthAddsNothing(method: FusionMethod) {
        let words = ranking([1: 9, 2: 7, 3: 6, 4: 2, 5: 1])
        let vectors = ranking([2: 0.9, 6: 0.8, 1: 0.3, 3: 0.2, 7: 0.1])
        func fuse(_ count: Int) -> Fusion.Fused {
            let inputs = [
                Fusion.Input(weight: 1, ranking: words.top(count), bound: 20, readsWords: true),
                Fusion.Input(weight: 2, ranking: vectors.top(count), bound: 1),
            ]
            return Fusion(method: method, constant: 60, depth: 3).fuse(inputs, document: { $0.rawValue })
        }
        let (few, many) = (fuse(3), fuse(5))
        #expect(many.ranking.top(few.ranking.count) == few.ranking)
        #expect(Set(many.ranking.map(\.passage.rawValue)) == [1, 2, 3, 4, 5, 6, 7])
        for passage in [4, 5, 7] as [UInt32] {
            #expect(many.ranking.first { $0.passage.rawValue == passage }?.score == 0)
        }
    }

    @Test func partsSumToTheScore() {
        var random = SplitMix64(seed: 3)
        for method in FusionMethod.allCases {
            let inputs = (0..<3).map { _ in
                Fusion.Input(
                    weight: Float.random(in: 0.1...2, using: &random),
                    ranking: ranking(
                        Dictionary(
                            uniqueKeysWithValues: (0..<30).map { ($0 * 3 + 1, Float.random(in: 0...9, using: &random)) }
                        )),
                    bound: 10)
            }
            let fused = Fusion(method: method, constant: 60).fuse(inputs, document: { $0.rawValue / 4 })
            for entry in fused.ranking {
                let document = entry.passage.rawValue / 4
                let sum = inputs.indices.reduce(Float(0)) { $0 + (fused.part(of: $1, to: document) ?? 0) }
                #expect(abs(sum - entry.score) < 1e-5)
            }
        }
    }

    /// The best of poor hits must not count as much as a good one.
    @Test func boundedScoresKeepTheirSize() {
        let poor = Fusion.Input(weight: 1, ranking: ranking([1: 2, 2: 1]), bound: 20)
        let good = Fusion.Input(weight: 1, ranking: ranking([2: 0.8, 1: 0.5]), bound: 1)
        let fused = Fusion(method: .bounded, constant: 60).fuse([poor, good], document: { $0.rawValue })
        #expect(fused.ranking.map(\.passage.rawValue) == [2, 1])
        #expect(abs(fused.ranking[0].score - 0.85) < 1e-6)
    }

    /// Of two rankings that min-max makes equal, the one whose best hit has few of the query's words counts less.
    @Test func adaptiveTrustsWordsByWhatTheirBestHitHas() {
        func fuse(best: Float, bound: Float? = 10, weight: Float = 1) -> [Float?] {
            let words = Fusion.Input(
                weight: weight, ranking: ranking([1: best, 2: 0.5]), bound: bound, readsWords: true)
            let ngrams = Fusion.Input(weight: 1, ranking: ranking([1: 7, 2: 1]), readsWords: true)
            let vectors = Fusion.Input(weight: 1, ranking: ranking([2: 0.9, 1: 0.1]), bound: 1)
            let fused = Fusion(method: .adaptive, constant: 60)
                .fuse([words, ngrams, vectors], document: { $0.rawValue })
            return [fused.part(of: 0, to: 1), fused.part(of: 1, to: 1), fused.part(of: 2, to: 2)]
        }
        #expect(fuse(best: 9) == [1, 1, 1])
        #expect(fuse(best: 5) == [1, 1, 1])
        #expect(fuse(best: 4) == [0.8, 0.8, 1])
        #expect(fuse(best: 1) == [0.5, 0.5, 1])
        // Nobody knows a highest score, or its method does not take part.
        #expect(fuse(best: 1, bound: nil) == [1, 1, 1])
        #expect(fuse(best: 1, weight: 0) == [nil, 1, 1])
    }

    @Test func adaptiveTrustsWordsThatFindNothingLeast() {
        let words = Fusion.Input(weight: 1, ranking: Ranking([]), bound: 10, readsWords: true)
        let ngrams = Fusion.Input(weight: 1, ranking: ranking([1: 7, 2: 1]), readsWords: true)
        let fused = Fusion(method: .adaptive, constant: 60).fuse([words, ngrams], document: { $0.rawValue })
        #expect(fused.part(of: 1, to: 1) == 0.5)
    }

    /// A method that knows no highest score is worth as much as the best share of one that reads words.
    @Test func methodWithoutABoundIsScaledToTheWords() {
        let words = Fusion.Input(weight: 1, ranking: ranking([1: 4, 2: 2]), bound: 10, readsWords: true)
        let unbounded = Fusion.Input(weight: 1, ranking: ranking([2: 9, 1: 5, 3: 1]))
        let fused = Fusion(method: .bounded, constant: 60).fuse([words, unbounded], document: { $0.rawValue })
        #expect(abs((fused.part(of: 1, to: 2) ?? 0) - 0.4) < 1e-6)
        let alone = Fusion(method: .bounded, constant: 60).fuse([unbounded], document: { $0.rawValue })
        #expect(alone.ranking[0].score == 0.5)
    }

    /// What an earlier Trawl fitted adds to the sum that it was fitted to.
    @Test func aFittedFusionWithoutABaseAddsToMinMax() throws {
        let fusion = FittedFusion(
            weights: ["lexical": 1, "dense": 1.5], features: ["a"], queries: 60, unitsPerBlock: 2)
        let data = try JSONEncoder().encode(fusion)
        #expect(try JSONDecoder().decode(FittedFusion.self, from: data) == fusion && fusion.base == .adaptive)
        var object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        object["base"] = nil
        let earlier = try JSONSerialization.data(withJSONObject: object)
        #expect(try JSONDecoder().decode(FittedFusion.self, from: earlier).base == .minMax)
        object["base"] = "fitted"
        let wrong = try JSONSerialization.data(withJSONObject: object)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(FittedFusion.self, from: wrong) }
    }
}
