import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlGeneration

@Suite struct LearnedKeyWeightsTests {
    private static let weights = LearnedKeyWeights(coefficients: [0.9, -0.7, -1.1, -2, -0.9, -1.2, -0.5, 0.2, 0.1])

    /// Words below 10 are stop words; 50 to 59 continue a word.
    private static let words = QueryWords(
        isStopWord: { Int($0).map { $0 < 10 } ?? true }, token: { ("\($0)", !(50..<60).contains($0)) })

    /// Passages that make n-grams rare, so that a generator can find them likelier than anywhere.
    private static let others: [[TokenID]] = (0..<10).map { number in (0..<8).map { TokenID(60 + number * 8 + $0) } }

    @Test(arguments: [1.0, 40, 3_000])
    func weightsRiseWithTheLogProbabilityByTheirSlopes(count: Double) {
        for isGenerated in [true, false] {
            let features = KeyFeatures(
                values: [1, 0, 0, 0, 0, isGenerated ? 1 : 0, 0.7, 0, 0],
                corpusLogProbability: log((count + 0.5) / 100_001))
            var last = 0.0
            for p in [-14.0, -9, -6, -4] {
                let (value, slope) = Self.weights.weight(features, at: p)
                let above = Self.weights.weight(features, at: p + 1e-4).value
                let below = Self.weights.weight(features, at: p - 1e-4).value
                #expect(value >= last)
                #expect(abs(slope - (above - below) / 2e-4) < 1e-5 * max(slope, 1e-3 * value))
                last = value
            }
            #expect(Self.weights.weight(features, at: -500).value == Self.weights.weight(features, at: -200).value)
            #expect(Self.weights.weight(features, at: -500).slope == 0)
        }
    }

    private func weigh(
        _ keys: [(tokens: [TokenID], logProbability: Double, origin: NGramKey.Origin)], query: [TokenID],
        in corpus: ScannedCorpus
    ) -> [Double] {
        var parameters = SEALParameters()
        parameters.keyWeights = Self.weights
        var located = keys.map { key in
            LocatedKey(
                key: NGramKey(
                    tokens: key.tokens, logProbability: key.logProbability, count: corpus.count(key.tokens),
                    origin: key.origin), range: key.tokens,
                passages: KeyPassages(corpus.passages(containing: key.tokens)))
        }
        KeyWeights.weigh(&located, query: query, words: Self.words, oracle: corpus, parameters: parameters)
        return located.map(\.key.weight)
    }

    /// A generator that does not know a corpus would not write its rare words, though they are what the query asks for.
    @Test func wordsOfTheQueryCountHoweverUnlikely() {
        let corpus = ScannedCorpus([[10, 11, 12, 13], [10, 14, 15, 16], [17, 18, 19, 20]])
        let found = weigh([([11], -90, .query), ([17, 18], -90, .body)], query: [10, 11], in: corpus)
        #expect(found[0] > 0.1)
        // What only the generator wrote must be likelier than anywhere, as SEAL has it.
        #expect(found[1] == 0)
    }

    /// The fewer passages have a word the more it counts, however often they have it.
    @Test func wordsOfMostPassagesCountLittle() {
        let corpus = ScannedCorpus([[10, 11, 12], [10, 13, 14, 13, 13], [10, 15, 16], [17, 18, 19]])
        let found = weigh(
            [([10], -9, .query), ([13], -9, .query), ([17], -9, .query)], query: [10, 13, 17], in: corpus)
        #expect(found[0] < 0.5 * found[1])
        #expect(abs(found[1] / found[2] - 1) < 0.2)
    }

    @Test func whatEndsInAStopWordAddsNothing() {
        let corpus = ScannedCorpus([[10, 3, 11], [12, 13, 14]] + Self.others)
        let found = weigh(
            [([10], -1, .body), ([10, 3], -1, .body), ([10, 3, 11], -1, .body), ([10, 3], -1, .query)], query: [10, 3],
            in: corpus)
        #expect(found[0] > 0 && found[2] > 0 && found[3] > 0)
        let generated = weigh([([12, 13], -1, .body), ([10, 3], -1, .body)], query: [70], in: corpus)
        #expect(generated[0] > 0 && generated[1] == 0)
    }

    @Test func featuresTellWhereAnNGramComesFrom() throws {
        let corpus = ScannedCorpus([[10, 11, 12], [13, 50, 14], [2, 15, 16]] + Self.others)
        let reader = KeyFeatureReader(oracle: corpus, query: [10, 11, 2], words: Self.words)
        func features(_ tokens: [TokenID], _ origin: NGramKey.Origin) throws -> [String: Double] {
            let key = NGramKey(tokens: tokens, logProbability: -1, count: 1, origin: origin)
            let values = try #require(reader.features(of: key, passages: 1)).values
            return Dictionary(uniqueKeysWithValues: zip(KeyFeatures.names, values)).filter { $0.value != 0 }
        }
        #expect(try Set(features([10], .query).keys) == ["rarity", "query_odds"])
        // The generator may have written what stands in the query.
        #expect(try Set(features([10, 11], .body).keys) == ["rarity", "query_odds", "phrase"])
        #expect(try Set(features([2], .query).keys) == ["rarity", "query_odds", "stop_words"])
        #expect(try Set(features([14], .inflection).keys) == ["rarity", "query_odds", "inflection"])
        #expect(try Set(features([15, 16], .body).keys) == ["rarity", "odds", "generated", "length"])
        #expect(try Set(features([50, 14], .body).keys) == ["rarity", "odds", "generated", "length", "piece"])
    }

    /// BM25's saturation: each repetition adds less, and less in long passages.
    @Test func repetitionsSaturate() {
        let counts = (1...4).map { Self.weights.repetition($0, relativeLength: 1) }
        #expect(counts[0] == 1)
        #expect(counts[1] - counts[0] > counts[2] - counts[1] && counts[3] > counts[2])
        #expect(Self.weights.repetition(2, relativeLength: 3) < Self.weights.repetition(2, relativeLength: 1))
        let once = LearnedKeyWeights(coefficients: Self.weights.coefficients, saturation: 0)
        #expect(once.repetition(7, relativeLength: 2) == 1)
    }

    @Test func movedWeightsLieBetween() {
        let other = LearnedKeyWeights(
            coefficients: [1.7, 0, 0, 0, 0, 0, 0, 0, 0], saturation: 2, passageLength: 0.35)
        let moved = Self.weights.moved(0.25, towards: other)
        let expected = [1.1, -0.525, -0.825, -1.5, -0.675, -0.9, -0.375, 0.15, 0.075, 1.4, 0.65]
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

    /// Weights of an earlier version, and damaged ones.
    @Test(arguments: [
        ["rarity": "0.2", "in_query": "1", "shared": "0.3", "alpha": "0"],
        ["rarity": "\"much\""], ["saturation": "-1"], ["passage_length": "1.5"],
    ])
    func filesOfOtherFeaturesAreRefused(changed: [String: String]) {
        var values = Dictionary(uniqueKeysWithValues: Self.weights.named.map { ($0.name, "\($0.value)") })
        if changed["alpha"] != nil { values = [:] }
        values.merge(changed) { $1 }
        let text = "{" + values.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(LearnedKeyWeights.self, from: Data(text.utf8))
        }
    }
}
