import Foundation
import Testing
import TrawlCore
import TrawlGeneration
import TrawlModels

@testable import TrawlTraining

@Suite struct SelfSamplesTests {
    private static func features(
        _ logProbability: Double, isInQuery: Bool = false
    ) -> KeyFeatures {
        let odds = logProbability + 9
        return KeyFeatures(
            values: [1, 0, 0, 0, 0, isInQuery ? 0 : 1, isInQuery ? 0 : 0.7] + (isInQuery ? [0, odds] : [odds, 0]),
            corpusLogProbability: -9)
    }

    private static let weights = LearnedKeyWeights(coefficients: [1, 0, 0, 0, 0, -0.5, 0.2, 0.3, 0.1])

    /// Two n-grams in the right passage only, one in both, one in the other only, and a single token.
    private static let sample = SelfSamples.Sample(
        query: [9, 8],
        found: KeyWeightExample(
            keys: [[4, 5], [5, 6], [6, 7], [7, 8], [9], [1, 1]],
            features: [-2, -3, -2.5, -4, -1, -6].map { features($0) },
            candidates: [
                .init(isRelevant: false, keys: [.init(key: 2), .init(key: 3)], relativeLength: 1.8),
                .init(
                    isRelevant: true,
                    keys: [
                        .init(key: 0), .init(key: 1), .init(key: 2),
                        .init(key: 4),
                    ],
                    relativeLength: 1.0),
            ]))

    private static let samples = SelfSamples(samples: [sample], weights: weights)

    @Test func keysOfTheRightPassageAreCorrectInFullOrInPart() throws {
        let kept = try #require(Self.samples.samples.first)
        // The n-gram of no passage is not kept.
        #expect(kept.found.keys == [[4, 5], [5, 6], [6, 7], [7, 8], [9]])
        let (full, partial) = SelfSamples.correctKeys(of: kept)
        #expect(full.map { kept.found.keys[$0] } == [[4, 5], [5, 6]])
        #expect(partial.map { kept.found.keys[$0] } == [[6, 7]])
    }

    @Test func damagedSamplesAreRefused() throws {
        func samples(_ key: Int, tokens: [TokenID]) -> SelfSamples {
            SelfSamples(
                samples: [
                    .init(
                        query: [1],
                        found: KeyWeightExample(
                            keys: [tokens], features: [Self.features(-1)],
                            candidates: [.init(isRelevant: true, keys: [.init(key: key)], relativeLength: 0.18)]))
                ], weights: Self.weights)
        }
        try samples(0, tokens: [4, 5]).validate(vocabulary: 6)
        #expect(throws: TrawlError.self) { try samples(0, tokens: [4, 6]).validate(vocabulary: 6) }
        let text = String(decoding: try JSONEncoder().encode(samples(0, tokens: [4, 5])), as: UTF8.self)
        let damaged = try JSONDecoder().decode(
            SelfSamples.self, from: Data(text.replacing("\"key\":0", with: "\"key\":7").utf8))
        #expect(throws: TrawlError.self) { try damaged.validate(vocabulary: 6) }
    }

    /// A title finds its own passage by its own words, which teaches nothing.
    @Test func whatStandsInATitleIsLeftOut() throws {
        func sample(_ isInQuery: [Bool]) -> SelfSamples.Sample {
            SelfSamples.Sample(
                query: [9, 8],
                found: KeyWeightExample(
                    keys: [[9, 8], [5, 6]],
                    features: isInQuery.map { Self.features(-2, isInQuery: $0) },
                    candidates: [
                        .init(isRelevant: true, keys: [.init(key: 0), .init(key: 1)], relativeLength: 1.0)
                    ]))
        }
        let samples = SelfSamples(
            samples: [sample([true, false]), sample([true, true])], weights: Self.weights
        ).withoutQueryNGrams
        #expect(samples.samples.map(\.found.keys) == [[[5, 6]]])
        #expect(samples.samples[0].found.candidates[0].keys.map(\.key) == [0])
    }

    @Test func queriesThatFoundNothingAreNotKept() {
        let nothing = SelfSamples.Sample(
            query: [1],
            found: KeyWeightExample(
                keys: [[1, 2]], features: [Self.features(-1)],
                candidates: [.init(isRelevant: false, keys: [.init(key: 0)], relativeLength: 0.18)]))
        #expect(SelfSamples(samples: [nothing], weights: Self.weights).samples.isEmpty)
    }

    private static func margin() throws -> RankingMargin {
        var random = SplitMix64(seed: 3)
        let kept = try #require(samples.samples.first)
        return try #require(samples.margin(of: kept, margin: 2, using: &random)).margin
    }

    @Test(arguments: [
        weights, LearnedKeyWeights(coefficients: [1, 0, 0, 0, 0, 0, 0, 1, 0], saturation: 0),
    ])
    func theMarginsSlopesAreItsDifferences(weights: LearnedKeyWeights) throws {
        let drawn = try Self.margin()
        let margin = RankingMargin(
            weights: weights, margin: 3, features: drawn.features, better: drawn.better, worse: drawn.worse)
        let point = margin.features.map { $0.values[7] - 9 }
        let (value, slopes) = margin.loss(point)
        #expect(value > 0)
        for index in point.indices {
            var (above, below) = (point, point)
            above[index] += 1e-5
            below[index] -= 1e-5
            let expected = (margin.loss(above).value - margin.loss(below).value) / 2e-5
            #expect(abs(slopes[index] - expected) < 1e-6)
        }
    }

    /// A likelier n-gram of the right passage lowers the loss, one of the other passage raises it; enough of a lead costs
    /// nothing.
    @Test func theMarginParts() throws {
        let margin = try Self.margin()
        let slopes = margin.loss(margin.features.map { $0.values[7] - 9 }).slopes
        let own = try #require(
            margin.better.keys.first { use in !margin.worse.contains { $0.keys.contains { $0.key == use.key } } })
        let other = try #require(
            margin.worse[0].keys.first { use in !margin.better.keys.contains { $0.key == use.key } })
        #expect(slopes[own.key] < 0 && slopes[other.key] > 0)
        let far = RankingMargin(
            weights: margin.weights, margin: -10, features: margin.features, better: margin.better,
            worse: margin.worse)
        let (value, none) = far.loss(margin.features.map { $0.values[7] - 9 })
        #expect(value == 0 && none.allSatisfy { $0 == 0 })
    }
}
