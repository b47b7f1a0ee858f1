import Foundation
import Testing
import TrawlCore
import TrawlGeneration

@testable import TrawlTraining

@Suite struct KeyWeightFitterTests {
    /// Features of a generated n-gram or of one of the query.
    private static func features(rarity: Double = 1, isGenerated: Bool = true, odds: Double = 3) -> KeyFeatures {
        KeyFeatures(
            values: [rarity, 0, 0, 0, 0, isGenerated ? 1 : 0, isGenerated ? 0.7 : 0]
                + (isGenerated ? [odds, 0] : [0, odds]),
            corpusLogProbability: -9)
    }

    private static let start = LearnedKeyWeights(coefficients: [0.5, 0, 0, 0, 0, -0.2, 0, 0.1, 0.1])

    /// Queries whose relevant passages have n-grams of the query, among others that have generated ones.
    private static let examples: [KeyWeightExample] = {
        var random = SplitMix64(seed: 4)
        func number() -> Double { Double(random.next() >> 11) / Double(1 << 53) }
        return (0..<30).map { _ in
            let features = (0..<8).map { key in
                Self.features(rarity: number(), isGenerated: key % 2 == 1, odds: 10 * number() - 4)
            }
            let candidates = (0..<6).map { candidate -> KeyWeightExample.Candidate in
                let first = candidate == 0 ? 0 : 1
                let uses = (0..<3).map { number -> KeyWeightExample.Use in
                    let key = (number * 2 + first) % 8
                    return KeyWeightExample.Use(key: key, occurrences: 1 + (candidate + number) % 3)
                }
                let length = candidate == 0 ? 0.5 : 1 + Double(candidate) / 10
                return KeyWeightExample.Candidate(isRelevant: candidate == 0, keys: uses, relativeLength: length)
            }
            return KeyWeightExample(keys: features.map { _ in [] }, features: features, candidates: candidates)
        }
    }()

    @Test func theGradientIsTheLosssDifference() {
        let fitter = KeyWeightFitter()
        let shares = Self.examples.indices.map { Double($0 % 3) / 30 }
        let point = [1.5, 0.1, 0.2, -0.3, 0.4, -0.1, -0.2, 0.3, 0.1, 0.7]
        func loss(_ point: [Double]) -> (value: Double, gradient: [Double]) {
            fitter.loss(Self.examples, shares, point, Self.start)
        }
        let gradient = loss(point).gradient
        #expect(gradient.count == point.count)
        for index in point.indices {
            var (above, below) = (point, point)
            above[index] += 1e-5
            below[index] -= 1e-5
            let expected = (loss(above).value - loss(below).value) / 2e-5
            #expect(abs(gradient[index] - expected) < 1e-5 * max(1, abs(expected)))
        }
    }

    @Test func whatTellsRelevantPassagesIsFound() {
        let fit = KeyWeightFitter().fit([Self.examples], from: Self.start)
        #expect(fit.after < 0.5 * fit.before)
        #expect(fit.weights.coefficients[5] < 3 * Self.start.coefficients[5])
        #expect(fit.weights.saturation == Self.start.saturation)
    }

    /// A collection of many queries does not drown one of few.
    @Test func groupsCountTheSame() {
        let few = Array(Self.examples.prefix(3))
        let many = Array(Self.examples.dropFirst(3))
        let once = KeyWeightFitter().fit([few, many], from: Self.start)
        let thrice = KeyWeightFitter().fit([few, many + many + many, []], from: Self.start)
        #expect(abs(once.after - thrice.after) < 1e-9)
        #expect(abs(once.after - KeyWeightFitter().fit([few + many], from: Self.start).after) > 1e-6)
    }

    /// Where likely n-grams stand in wrong passages, the likelihood is not looked at; it does not turn into a fault.
    @Test func whatIsLikelierNeverWeighsLess() {
        let examples = (0..<20).map { number in
            KeyWeightExample(
                keys: [[1], [2]],
                features: [8, 2].map { Self.features(odds: $0 + Double(number) / 20) },
                candidates: [
                    .init(isRelevant: false, keys: [.init(key: 0)]), .init(isRelevant: true, keys: [.init(key: 1)]),
                ])
        }
        let fit = KeyWeightFitter().fit([examples], from: Self.start)
        #expect(fit.after < fit.before)
        #expect(fit.weights.coefficients[7] == 0)
    }
}
