import Foundation
import Testing
import TrawlCore
import TrawlModels
import TrawlTestSupport

@testable import TrawlGeneration

@Suite struct SEALScorerTests {
    private struct GoldenCase: Decodable {
        struct Key: Decodable {
            let tokens: [TokenID]
            let logProbability: Double
            let isComplete: Bool
        }
        let passages: [[TokenID]]
        let keys: [Key]
        let unigrams: [[Double]]
        let parameters: SEALParameters
        let weights: [Double]
        let scores: [[Double]]
    }

    private static func golden() throws -> [GoldenCase] {
        let file = URL(filePath: TestFiles.golden("seal-scores.json"))
        return try JSONDecoder().decode([GoldenCase].self, from: Data(contentsOf: file))
    }

    private func located(_ keys: [GoldenCase.Key], _ corpus: ScannedCorpus) -> [LocatedKey<[TokenID]>] {
        keys.map {
            LocatedKey(
                key: NGramKey(
                    tokens: $0.tokens, logProbability: $0.logProbability, count: corpus.count($0.tokens),
                    origin: .body, isComplete: $0.isComplete),
                range: $0.tokens)
        }
    }

    @Test func scoresAreThoseOfThePythonFormulas() throws {
        let cases = try Self.golden()
        #expect(cases.count == 40)
        for (number, golden) in cases.enumerated() {
            let corpus = ScannedCorpus(golden.passages)
            let parameters = golden.parameters
            let logits = golden.unigrams.map { Float($0[1]) }
            let prompt = PrefilledPrompt(node: CacheNode(index: 0), logits: logits, normaliser: 0)
            let scorer = SEALScorer(oracle: corpus, parameters: parameters)
            let keys = located(golden.keys, corpus)

            var weighed = keys
            if parameters.scoring == .likelihood { weighed.removeAll { !$0.key.isComplete } }
            KeyWeights.weigh(&weighed, query: [], words: QueryWords(), oracle: corpus, parameters: parameters)
            #expect(weighed.count == golden.weights.count)
            for (key, expected) in zip(weighed, golden.weights) {
                #expect(abs(key.key.weight - expected) <= 1e-9 * max(1, expected), "case \(number)")
            }

            let unigrams =
                parameters.scoring.isIntersective
                ? KeyWeights.unigrams(behind: prompt, oracle: corpus, parameters: parameters) : []
            let query = try scorer.query(keys: keys, unigrams: unigrams)
            let found = try scorer.explained(query, count: 1000).map { [Double($0.passage.rawValue), $0.score] }
                .sorted { $0[0] < $1[0] }
            #expect(found.map(\.[0]) == golden.scores.map(\.[0]), "case \(number)")
            for (a, b) in zip(found, golden.scores) {
                // Unigram log-probabilities went through single precision.
                #expect(abs(a[1] - b[1]) <= 1e-5 * max(1, b[1]), "case \(number), passage \(a[0])")
            }
        }
    }

    @Test func scoresAreThoseOfThePlainScorer() throws {
        for seed in 0..<60 {
            let corpus = ScannedCorpus.random(seed, passages: [1, 8, 25][seed % 3], words: [4, 12, 30][seed / 3 % 3])
            var random = SplitMix64(test: seed + 9000)
            var parameters = SEALParameters()
            parameters.beta = [0.8, 0.5, 0][seed % 3]
            parameters.gamma = [0, 0.25][seed % 2]
            parameters.maximumOccurrences = [1500, 3][seed / 2 % 2]
            parameters.alpha = [2, 1.7][seed / 4 % 2]
            if seed >= 40 {
                parameters.keyWeights = LearnedKeyWeights(
                    coefficients: [0.4, 0.1, 0.2, -0.1, 0.3, 0.2, -0.1, 0.2, 0.1])
            }
            let plain = PlainSEALScorer(corpus: corpus, parameters: parameters)

            var keys: [[TokenID]: NGramKey] = [:]
            for _ in 0..<30 {
                let text = [corpus.boundary] + corpus.passages.randomElement(using: &random)!
                let start = Int.random(in: 0..<text.count, using: &random)
                let end = Int.random(in: start + 1...min(start + 4, text.count), using: &random)
                let tokens = Array(text[start..<end])
                if tokens == [corpus.boundary] { continue }
                // Few different probabilities, so that ties go by the n-gram.
                let p = -Double(Int.random(in: 0...4, using: &random)) * 0.9
                keys[tokens] = NGramKey(
                    tokens: tokens, logProbability: p, count: corpus.count(tokens), origin: .body)
            }
            let given = keys.values.sorted { $0.tokens.lexicographicallyPrecedes($1.tokens) }
            let logits = HashedLanguageModel(seed: seed).logits(behind: [4])
            let normaliser = try logits.withUnsafeBufferPointer { try LogSoftmax.normaliser(of: $0) }
            let unigrams = KeyWeights.unigrams(
                behind: PrefilledPrompt(node: CacheNode(index: 0), logits: logits, normaliser: normaliser),
                oracle: corpus, parameters: parameters)
            let scorer = SEALScorer(oracle: corpus, parameters: parameters)
            let query = try scorer.query(keys: given.map { LocatedKey(key: $0, range: $0.tokens) }, unigrams: unigrams)
            for key in query.keys where key.key.origin == .body && parameters.keyWeights == nil {
                let expected = plain.weight(key.key.logProbability, count: key.key.count)
                #expect(abs(key.key.weight - expected) < 1e-5 * max(1, expected))
            }
            let singles = query.keys.filter { $0.key.origin == .unigram }.map { $0.key.tokens[0] }
            #expect(Set(singles).isSubset(of: Set(unigrams.prefix(given.count).map(\.token))))

            let expected = plain.scores(
                keys: query.keys.map(\.key),
                unigrams: Dictionary(uniqueKeysWithValues: unigrams.map { ($0.token, $0.weight) }))
            let found = try scorer.explained(query, count: 1000)
            #expect(found.count == expected.count)
            for entry in found {
                #expect(abs(entry.score - (expected[entry.passage] ?? -1)) < 1e-9 * max(1, entry.score))
                let sum = (entry.keys.map(\.contribution) + entry.unigrams.map(\.contribution)).reduce(0, +)
                #expect(abs(sum - entry.total) < 1e-9 * max(1, sum))
            }
        }
    }

    @Test func explanationsAddUpAndPointAtTheirTokens() throws {
        for golden in try Self.golden() where golden.parameters.scoring == .intersective {
            let corpus = ScannedCorpus(golden.passages)
            let scorer = SEALScorer(oracle: corpus, parameters: golden.parameters)
            let query = try scorer.query(keys: located(golden.keys, corpus), unigrams: [])
            for entry in try scorer.explained(query, count: 5) {
                let passage = corpus.tokens(of: entry.passage)
                var taken: Set<Int> = []
                var total = 0.0
                for match in entry.keys {
                    let key = query.keys[match.key].key
                    #expect(Array(passage[match.tokens]) == key.tokens.filter { $0 != corpus.boundary })
                    #expect(taken.isDisjoint(with: match.tokens))
                    taken.formUnion(match.tokens)
                    #expect(match.contribution == match.weight * match.cover)
                    total += match.contribution
                }
                for unigram in entry.unigrams { total += unigram.contribution }
                #expect(abs(total - entry.total) < 1e-12 * max(1, total))
            }
        }
    }

    @Test func queriesRankTogetherAsEachAlone() throws {
        let corpus = ScannedCorpus.random(5, passages: 150, words: 30)
        let scorer = SEALScorer(oracle: corpus, parameters: SEALParameters())
        let queries = try (0..<5).map { number in
            let keys = (0..<12).map { place in
                let text = corpus.passages[(number * 31 + place * 7) % corpus.passages.count]
                return NGramKey(
                    tokens: Array(text.prefix(1 + place % 3)), logProbability: -1 - Double(place), count: 1 + place,
                    origin: .body)
            }
            var seen: Set<[TokenID]> = []
            let unique = keys.filter { seen.insert($0.tokens).inserted }
            return try scorer.query(keys: unique.map { LocatedKey(key: $0, range: $0.tokens) }, unigrams: [])
        }
        let together = try scorer.rank(queries, count: 20)
        #expect(together.contains { $0.count > 1 })
        for (query, found) in zip(queries, together) { #expect(try scorer.rank([query], count: 20) == [found]) }
    }

    @Test func firstPassCountsAKeyOnceWhereItsSpanIsFree() throws {
        // Passage 0 holds 10 11 twice; 11 12 overlaps the first of them, and stands alone in passage 1.
        let corpus = ScannedCorpus([[10, 11, 12, 10, 11], [11, 12, 13], [14]])
        var parameters = SEALParameters()
        parameters.alpha = 1
        let scorer = SEALScorer(oracle: corpus, parameters: parameters)
        let keys: [LocatedKey<[TokenID]>] = [([10, 11], -0.1), ([11, 12], -0.4)].map { tokens, p in
            LocatedKey(
                key: NGramKey(tokens: tokens, logProbability: p, count: corpus.count(tokens), origin: .body),
                range: tokens)
        }
        let query = try scorer.query(keys: keys, unigrams: [])
        let weights = query.keys.map(\.key.weight)
        #expect(weights.count == 2)
        let ranking = try scorer.firstPass([query])[0]
        #expect(ranking.map(\.passage.rawValue) == [0, 1])
        #expect(ranking.map(\.score) == weights.map { Float($0) })
    }

    @Test func frequentKeysFindNothingButCountInTheFullPass() throws {
        let corpus = ScannedCorpus([[10, 11, 12], [10, 13], [10, 14], [15, 16, 17, 18, 19, 20]])
        var parameters = SEALParameters()
        parameters.maximumOccurrences = 2
        let scorer = SEALScorer(oracle: corpus, parameters: parameters)
        let keys: [LocatedKey<[TokenID]>] = [[10], [12]].map { tokens in
            LocatedKey(
                key: NGramKey(tokens: tokens, logProbability: -0.2, count: corpus.count(tokens), origin: .body),
                range: tokens)
        }
        let query = try scorer.query(keys: keys, unigrams: [])
        #expect(query.keys.count == 2)
        let found = try scorer.explained(query, count: 10)
        #expect(found.map(\.passage.rawValue) == [0])
        #expect(found[0].keys.count == 2)
    }

    @Test func nothingIsFoundWithoutKeysOrRoom() throws {
        let corpus = ScannedCorpus.random(1)
        let scorer = SEALScorer(oracle: corpus, parameters: SEALParameters())
        #expect(try scorer.rank([try scorer.query(keys: [], unigrams: [])], count: 5)[0].isEmpty)
        let key = NGramKey(tokens: [10], logProbability: -0.01, count: corpus.count([10]), origin: .body)
        let query = try scorer.query(keys: [LocatedKey(key: key, range: [10])], unigrams: [])
        #expect(try !scorer.rank([query], count: 5)[0].isEmpty)
        #expect(try scorer.rank([query], count: 0)[0].isEmpty)
    }
}

@Suite struct KeyWeightsTests {
    @Test func complementsAreAccurateAtBothEnds() {
        #expect(abs(KeyWeights.logOneMinusExp(-1e-10) - log(1e-10)) < 1e-9)
        #expect(abs(KeyWeights.logOneMinusExp(-50) + exp(-50.0)) < 1e-35)
        #expect(abs(KeyWeights.logOneMinusExp(-log(2.0)) + log(2.0)) < 1e-15)
        #expect(KeyWeights.logOneMinusExp(0) == -.infinity)
    }

    @Test func weightsGrowWithProbabilityAndFallWithCount() {
        func weight(_ p: Double, _ count: Int) -> Double {
            KeyWeights.frequencyWeight(logProbability: p, count: count, tokenCount: 1_000_000, alpha: 2)
        }
        #expect(weight(-1, 10) > weight(-2, 10))
        #expect(weight(-1, 10) > weight(-1, 100))
        #expect(weight(-30, 10) == 0)
        #expect(weight(-.infinity, 1) == 0)
        // A certain n-gram has the weight of a probability of 1 - 1e-10, not an infinite one.
        #expect(weight(0, 1).isFinite && weight(0, 1) > weight(-1e-6, 1))
        #expect(KeyWeights.frequencyWeight(logProbability: -1, count: 9, tokenCount: 9, alpha: 2) == 0)
    }

    @Test func theLeastProbableKeyKeepsATenthWithoutFrequency() {
        #expect(abs(KeyWeights.likelihoodWeight(logProbability: -7, least: -7, alpha: 2) - 0.01) < 1e-12)
        #expect(KeyWeights.likelihoodWeight(logProbability: -.infinity, least: -7, alpha: 2) == 0)
    }
}
