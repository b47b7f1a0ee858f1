import Foundation
import Testing
import TrawlCore
import TrawlGeneration

@testable import TrawlTraining

@Suite struct KeyWeightFitterTests {
    /// Queries whose relevant passages are the short ones with keys of one feature, among others with keys of another.
    private static let examples: [KeyWeightExample] = {
        var random = SplitMix64(seed: 4)
        func number() -> Double { Double(random.next() >> 11) / Double(1 << 53) }
        return (0..<30).map { _ in
            let features = (0..<8).map { key in
                KeyFeatures(values: [number(), -5 * number(), 10 * number(), number(), key % 2 == 0 ? 1 : 0, number()])
            }
            let candidates = (0..<6).map { candidate in
                KeyWeightExample.Candidate(
                    isRelevant: candidate == 0,
                    keys: (0..<3).map {
                        .init(
                            key: ($0 * 2 + (candidate == 0 ? 0 : 1)) % 8, cover: 0.2 + 0.8 * number(),
                            occurrences: 1 + (candidate + $0) % 3)
                    },
                    length: candidate == 0 ? 50 : 100 + candidate)
            }
            return KeyWeightExample(keys: features.map { _ in [] }, features: features, candidates: candidates)
        }
    }()

    @Test func theGradientIsTheLosssDifference() {
        let fitter = KeyWeightFitter()
        let origin = LearnedKeyWeights(alpha: 2).coefficients + [0, 0]
        let point = [1.5, 0.1, 0.2, -0.3, 0.4, 0.1, -0.2, 0.3, 0.7]
        let (_, gradient) = fitter.loss(Self.examples, point, origin)
        for index in point.indices {
            var (above, below) = (point, point)
            above[index] += 1e-5
            below[index] -= 1e-5
            let expected =
                (fitter.loss(Self.examples, above, origin).value - fitter.loss(Self.examples, below, origin).value)
                / 2e-5
            #expect(abs(gradient[index] - expected) < 1e-5 * max(1, abs(expected)))
        }
    }

    @Test func whatTellsRelevantPassagesIsFound() {
        let fit = KeyWeightFitter().fit(Self.examples, from: LearnedKeyWeights(alpha: 2))
        #expect(fit.after < 0.5 * fit.before)
        #expect(fit.weights.coefficients[4] > 0.5)
        #expect(fit.weights.passageLength < 0)
    }

    @Test func theWeightsOfSEALAreAmongThoseThatCanBeLearnt() {
        let learned = LearnedKeyWeights(alpha: 3)
        for (logProbability, count) in [(-2.0, 5), (-0.01, 1), (-4, 40)] {
            let expected = KeyWeights.frequencyWeight(
                logProbability: logProbability, count: count, tokenCount: 1_000_000, alpha: 3)
            let features = KeyFeatures(values: [0, 0, log(1_000_005 / (Double(count) + 5)), 0.7, 1, 0.5])
            let weight = learned.weight(features, at: logProbability).value
            #expect(abs(weight - expected) < 0.002 * expected)
        }
    }

    /// Where likely n-grams stand in wrong passages, the likelihood is not looked at; it does not turn into a fault.
    @Test func whatIsLikelierNeverWeighsLess() {
        let examples = (0..<20).map { number in
            let rarity = 6 + Double(number % 3)
            let features = [-1.0 - Double(number) / 20, -9].map { logProbability in
                KeyFeatures(
                    values: [log(rarity + logProbability + 5), rarity + logProbability + 5, rarity, 0.7, 0, 0.5])
            }
            return KeyWeightExample(
                keys: [[1], [2]], features: features,
                candidates: [
                    .init(isRelevant: false, keys: [.init(key: 0, cover: 1)], length: 20),
                    .init(isRelevant: true, keys: [.init(key: 1, cover: 1)], length: 20),
                ])
        }
        let fit = KeyWeightFitter().fit(examples, from: LearnedKeyWeights(alpha: 2))
        #expect(fit.after < fit.before)
        #expect(fit.weights.coefficients[0] == 0 && fit.weights.coefficients[1] == 0)
    }

    @Test func howOftenAPassageHasAnNGramIsFitted() {
        let features = [KeyFeatures(values: [1, 2, 6, 0.7, 1, 1])]
        let examples = (0..<20).map { number in
            KeyWeightExample(
                keys: [[1]], features: features,
                candidates: [1, 4].map { occurrences in
                    .init(
                        isRelevant: occurrences == 4,
                        keys: [.init(key: 0, cover: 1, occurrences: occurrences)], length: 20 + number)
                })
        }
        #expect(KeyWeightFitter().fit(examples, from: LearnedKeyWeights(alpha: 2)).weights.occurrences > 0.3)
    }
}
