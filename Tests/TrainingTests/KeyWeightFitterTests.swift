import Core
import Generation
import Testing

@testable import Training

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
                        .init(key: ($0 * 2 + (candidate == 0 ? 0 : 1)) % 8, cover: 0.2 + 0.8 * number())
                    },
                    length: candidate == 0 ? 50 : 100 + candidate)
            }
            return KeyWeightExample(keys: features.map { _ in [] }, features: features, candidates: candidates)
        }
    }()

    @Test func theGradientIsTheLosssDifference() {
        let fitter = KeyWeightFitter()
        let origin = LearnedKeyWeights(alpha: 2).coefficients + [0]
        let point = [1.5, 0.1, 0.2, -0.3, 0.4, 0.1, -0.2, 0.7]
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
        let odds = 7.25
        let features = KeyFeatures(values: [1.981_001_468_866_583_3, -4, 9, 0.7, 1, 0.5])
        #expect(abs(learned.weight(features) - odds * odds * odds) < 1e-9)
        #expect(learned.weight(KeyFeatures(values: [-.infinity, 0, 0, 0, 0, 0])) == 0)
    }
}
