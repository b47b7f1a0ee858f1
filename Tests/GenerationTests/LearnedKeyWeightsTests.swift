import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlGeneration

@Suite struct LearnedKeyWeightsTests {
    private static let weights = LearnedKeyWeights(
        coefficients: [0.6, 0.1, 0.2, -0.4, 0.3, 0.2], passageLength: -0.2, occurrences: 0.3)

    @Test(arguments: [1.0, 40, 3_000])
    func weightsRiseWithTheLogProbabilityByTheirSlopes(count: Double) {
        let features = KeyFeatures(values: [0, 0, log(100_005 / (count + 5)), 0.7, 1, 0.5])
        var last = 0.0
        for p in [-199.0, -60, -30, -12, -9, -3, -1, -0.01] {
            let (value, slope) = Self.weights.weight(features, at: p)
            let step = 1e-4 * min(1, -p)
            let above = Self.weights.weight(features, at: p + step).value
            let below = Self.weights.weight(features, at: p - step).value
            #expect(value > last)
            #expect(abs(slope - (above - below) / (2 * step)) < 1e-5 * max(slope, 1e-3 * value))
            last = value
        }
        #expect(Self.weights.weight(features, at: -500).value == Self.weights.weight(features, at: -200).value)
    }

    /// A generator that does not know a corpus would not write its rare words, though they are what the query asks for.
    @Test func wordsOfTheQueryCountHoweverUnlikely() throws {
        let corpus = ScannedCorpus([[10, 11, 12, 13], [10, 14, 15, 16], [17, 18, 19, 20]])
        var parameters = SEALParameters()
        var keys: [LocatedKey<[TokenID]>] = [[10, 11], [17, 18]].map { tokens in
            LocatedKey(
                key: NGramKey(tokens: tokens, logProbability: -90, count: corpus.count(tokens), origin: .query),
                range: tokens)
        }
        KeyWeights.weigh(&keys, query: [10, 11], oracle: corpus, parameters: parameters)
        #expect(keys.allSatisfy { $0.key.weight == 0 })
        parameters.keyWeights = LearnedKeyWeights(coefficients: [0, 0.1, 0.3, 0, 2, 1])
        KeyWeights.weigh(&keys, query: [10, 11], oracle: corpus, parameters: parameters)
        #expect(keys[0].key.weight > exp(2) * keys[1].key.weight)
        #expect(keys[1].key.weight > 0)
    }

    /// Counts of tokens cannot tell common words in a corpus of a few passages; passages can.
    @Test func wordsOfMostPassagesCountLittle() throws {
        let corpus = ScannedCorpus([[10, 11, 12], [10, 13, 14, 13, 13], [10, 15, 16], [17, 18, 19]])
        var parameters = SEALParameters()
        parameters.keyWeights = LearnedKeyWeights(coefficients: [0, 0, 0, 0, 2, 0])
        func weights(_ parameters: SEALParameters) -> [Double] {
            var keys: [LocatedKey<[TokenID]>] = [[10], [13], [17, 18]].map { tokens in
                LocatedKey(
                    key: NGramKey(tokens: tokens, logProbability: -9, count: corpus.count(tokens), origin: .query),
                    range: tokens)
            }
            KeyWeights.weigh(&keys, query: [10, 13, 17, 18], oracle: corpus, parameters: parameters)
            return keys.map(\.key.weight)
        }
        // Three of four passages have 10; 13 occurs as often, in one passage.
        let found = weights(parameters)
        #expect(abs(found[0] - exp(2) * 1.5 / 4.5) < 1e-9)
        #expect(found[1] == exp(2) && found[2] == exp(2))
        // What is not located is not looked at.
        parameters.maximumOccurrences = 2
        #expect(weights(parameters)[0] == exp(2))
    }

    @Test func movedWeightsLieBetween() {
        let other = LearnedKeyWeights(
            coefficients: [0, 0.3, 0.6, 0.4, 1.1, 0.2], passageLength: 0.6, occurrences: -0.1)
        let moved = Self.weights.moved(0.25, towards: other)
        let expected = [0.45, 0.15, 0.3, -0.2, 0.5, 0.2, 0, 0.2]
        for (value, expected) in zip(moved.named.map(\.value), expected) { #expect(abs(value - expected) < 1e-12) }
        #expect(Self.weights.moved(0, towards: other) == Self.weights)
    }

    @Test func theGeneralWeightsAreThoseThatCome() throws {
        let data = try Data(
            contentsOf: URL(filePath: TestFiles.repository("models/minilm-generator/key_weights.json")))
        let shipped = try JSONDecoder().decode(LearnedKeyWeights.self, from: data)
        for (general, shipped) in zip(LearnedKeyWeights.general.named, shipped.named) {
            #expect(abs(general.value - shipped.value) < 1e-4, "\(general.name)")
        }
    }

    @Test func filesGiveBackWhatWasWritten() throws {
        let data = try JSONEncoder().encode(Self.weights)
        #expect(try JSONDecoder().decode(LearnedKeyWeights.self, from: data) == Self.weights)
    }

    @Test(arguments: [
        #"{"in_query": 1, "length": 0, "log_probability": 0.1, "odds": 0.1, "rarity": 0.2, "shared": 0.3}"#,
        #"{"in_query": 1, "length": 0, "alpha": "much", "log_odds_ratio": 0.1, "rarity": 0.2, "shared": 0.3}"#,
    ])
    func filesOfOtherFeaturesAreRefused(text: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(LearnedKeyWeights.self, from: Data(text.utf8))
        }
    }
}
