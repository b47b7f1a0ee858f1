import Foundation
import Testing
import TrawlCore
import TrawlModels

@testable import TrawlGeneration

@Suite struct GenerativeSearcherTests {
    /// `w7` is token 17; any other word is some token below 10 that no text has but `@@`, the title's end.
    private static let encoding = GeneratorEncoding(prompt: encode, text: encode)

    private static func encode(_ text: String) -> [TokenID] {
        text.split(separator: " ").map { word in
            if word == "@@" { return ScannedCorpus.titleEnd }
            if word.first == "w" || word.first == "W", let number = TokenID(word.dropFirst()) { return 10 + number }
            return 2 + TokenID(word.utf8.reduce(0) { $0 + Int($1) } % 8)
        }
    }

    private func searcher(
        _ corpus: ScannedCorpus, _ model: HashedLanguageModel, prompts: SEALPrompts = SEALPrompts(),
        change: (inout SEALParameters) -> Void = { _ in }
    ) throws -> GenerativeSearcher<ScannedCorpus> {
        var parameters = SEALParameters()
        parameters.body = BeamSearchParameters(beams: 4, length: 4)
        parameters.title = BeamSearchParameters(beams: 4, length: 4)
        change(&parameters)
        return try GenerativeSearcher(
            oracle: corpus, session: model, encoding: Self.encoding, parameters: parameters, prompts: prompts)
    }

    private let queries = ["w1 w2 w3", "what is w5", "w0", "", "w9 w9 and more"]

    private func expectSame(_ a: GenerativeResult, _ b: GenerativeResult) throws {
        #expect(a.query == b.query)
        #expect(a.ranking == b.ranking)
        #expect(a.keys == b.keys)
        #expect(a.unigrams == b.unigrams)
        let (first, second) = (try a.explanations(), try b.explanations())
        #expect(first == second)
    }

    @Test func aBatchGivesWhatItsQueriesGiveAlone() throws {
        for seed in 0..<5 {
            let corpus = ScannedCorpus.random(seed)
            let together = try searcher(corpus, HashedLanguageModel(seed: seed)).search(queries, k: 7)
            let split = try searcher(corpus, HashedLanguageModel(seed: seed)) { $0.batchSize = 2 }
                .search(queries, k: 7)
            #expect(together.count == queries.count)
            for (index, query) in queries.enumerated() {
                let alone = try searcher(corpus, HashedLanguageModel(seed: seed)).search([query], k: 7)
                try expectSame(together[index], alone[0])
                try expectSame(together[index], split[index])
            }
        }
    }

    @Test func everyKeyOccursAndComesFromItsPrompt() throws {
        for seed in 0..<8 {
            let corpus = ScannedCorpus.random(seed, titles: seed % 2 == 0)
            let model = HashedLanguageModel(seed: seed)
            let search = try searcher(corpus, model)
            let found = try search.keys(for: ["w1 w2 w3"])[0]
            #expect(Set(found.keys.map(\.key.tokens)).count == found.keys.count)
            var origins: Set<NGramKey.Origin> = []
            for located in found.keys {
                let key = located.key
                origins.insert(key.origin)
                #expect(key.count > 0 && key.count == corpus.starts(of: key.tokens).count)
                var tokens = key.tokens
                if key.origin == .title {
                    #expect(tokens.first == corpus.boundary && tokens.last == ScannedCorpus.titleEnd)
                    tokens.removeFirst()
                } else {
                    #expect(!tokens.contains(corpus.boundary))
                }
                let prompt = Self.encode(key.origin == .title ? "w1 w2 w3 || title" : "w1 w2 w3")
                let alone = try model.logProbabilities(of: [tokens], after: [prompt])[0]
                #expect(abs(key.logProbability - alone.reduce(0) { $0 + Double($1) }) < 1e-4)
            }
            #expect(origins.contains(.body) && origins.contains(.query))
            #expect(origins.contains(.title) == (seed % 2 == 0))
        }
    }

    /// As MINDER writes pseudo-queries: the decoder reads their mark, which does not count, and goes on to their end.
    @Test func identifiersAreWrittenBehindTheirMark() throws {
        let plain = ScannedCorpus.random(3)
        let mark = Self.encode("||")[0]
        let corpus = ScannedCorpus(
            plain.passages.enumerated().map { number, passage in
                passage + [mark, TokenID(10 + number % 7), TokenID(11 + number % 5), ScannedCorpus.titleEnd]
            })
        let model = HashedLanguageModel(seed: 3)
        let prompts = SEALPrompts(title: nil, identifier: "{query} || query")
        let found = try searcher(corpus, model, prompts: prompts).keys(for: ["w1 w2 w3", "w5"])
        for (query, found) in zip(["w1 w2 w3", "w5"], found) {
            let identifiers = found.keys.map(\.key).filter { $0.origin == .identifier }
            #expect(identifiers.count > 3)
            for key in identifiers {
                #expect(key.tokens.first == mark && key.tokens.last == ScannedCorpus.titleEnd)
                #expect(key.count > 0 && key.count == corpus.starts(of: key.tokens).count)
                let prompt = Self.encode(query + " || query") + [mark]
                let alone = try model.logProbabilities(of: [Array(key.tokens.dropFirst())], after: [prompt])[0]
                #expect(abs(key.logProbability - alone.reduce(0) { $0 + Double($1) }) < 1e-4)
            }
        }
        // A corpus without marks has no identifiers, and bodies as before.
        let without = try searcher(plain, model, prompts: prompts).keys(for: ["w1 w2 w3"])[0].keys
        let bodies = try searcher(plain, model, prompts: SEALPrompts(title: nil)).keys(for: ["w1 w2 w3"])[0].keys
        #expect(without.map(\.key) == bodies.map(\.key))
    }

    @Test func rescoringBehindTheSamePromptChangesNothingAndIsSkipped() throws {
        let corpus = ScannedCorpus.random(4)
        let same = SEALPrompts(body: "{query} :", title: "{query} t", rescoring: "{query} :")
        let skipping = HashedLanguageModel(seed: 4)
        let search = try searcher(corpus, skipping, prompts: same) { $0.queryNGrams = 0 }
        let skipped = try search.keys(for: ["w1 w2"])[0].keys
        let rows = skipping.rowsRun

        // Forced to compute them: through the trie, behind the same prompt.
        let model = HashedLanguageModel(seed: 4)
        let step = try model.prefill([Self.encode("w1 w2 :")])
        let prompt = try PrefilledPrompt(step, row: 0)
        var trie = NGramTrie()
        let bodies = skipped.filter { $0.key.origin == .body }
        let nodes = bodies.enumerated().map { trie.insert($1.key.tokens, number: $0) }
        let sums = try KeyRescoring.logProbabilities(of: [trie], behind: [prompt], session: model)[0]
        #expect(bodies.count > 10)
        #expect(bodies.map(\.key.logProbability) == nodes.map { sums[$0] })

        let computing = HashedLanguageModel(seed: 4)
        let other = SEALPrompts(body: "{query} :", title: "{query} t", rescoring: "{query}")
        _ = try searcher(corpus, computing, prompts: other) { $0.queryNGrams = 0 }.keys(for: ["w1 w2"])
        #expect(rows < computing.rowsRun)
    }

    @Test func withoutRescoringKeysKeepTheSumsOfTheSearch() throws {
        let corpus = ScannedCorpus.random(6)
        let model = HashedLanguageModel(seed: 6)
        let found = try searcher(corpus, model) { $0.rescores = false }.keys(for: ["w3"])[0]
        for key in found.keys.map(\.key) where key.origin != .title {
            let alone = try model.logProbabilities(of: [key.tokens], after: [Self.encode("w3 || body")])[0]
            #expect(abs(key.logProbability - alone.reduce(0) { $0 + Double($1) }) < 1e-4)
        }
    }

    @Test func rankingsFollowTheirExplanations() throws {
        let corpus = ScannedCorpus.random(9, passages: 60)
        for scoring in [SEALScoring.likelihood, .frequency, .intersective, .intersectiveLikelihood] {
            let model = HashedLanguageModel(seed: 9, scale: 25)
            let results = try searcher(corpus, model) {
                $0.scoring = scoring
                $0.rescores = false
            }
            .search(["w2 w3", "w4"], k: 5)
            for result in results {
                #expect(!result.ranking.isEmpty && result.ranking.count <= 5)
                let explanations = try result.explanations()
                #expect(result.ranking.map(\.score) == explanations.map { Float($0.score) })
                if scoring == .likelihood || scoring == .frequency {
                    #expect(explanations.allSatisfy { $0.score == $0.best && $0.unigrams.isEmpty })
                    // The best passage holds the best key that can be located.
                    #expect(explanations.first?.score == result.keys.first?.weight)
                }
                if scoring == .likelihood { #expect(result.keys.filter { !$0.isComplete }.isEmpty) }
            }
        }
    }

    @Test func smallAndStrangeCorporaAreSearched() throws {
        for corpus in [
            ScannedCorpus([[12, 13, 14, 15, 12, 13]]), ScannedCorpus([[11], [12], [13]]),
            ScannedCorpus([[12, 1], [13]]),
            ScannedCorpus.random(2, titles: false),
        ] {
            let result = try searcher(corpus, HashedLanguageModel(seed: 3)).search(["w2 w3"], k: 10)[0]
            #expect(result.ranking.allSatisfy { Int($0.passage.rawValue) < corpus.passageCount })
            #expect(result.keys.allSatisfy { !corpus.starts(of: $0.tokens).isEmpty })
        }
        let empty = try searcher(ScannedCorpus([]), HashedLanguageModel(seed: 3)).search(["w2"], k: 3)
        #expect(empty[0].ranking.isEmpty && empty[0].keys.isEmpty)
    }

    @Test func queriesWithoutWordsFindNothing() throws {
        let model = HashedLanguageModel(seed: 1)
        let results = try searcher(ScannedCorpus.random(1), model).search(["", " \n"], k: 3)
        #expect(results.map(\.ranking.count) == [0, 0])
        #expect(model.rowsRun == 0)
        #expect(try searcher(ScannedCorpus.random(1), model).search([], k: 3).isEmpty)
    }

    @Test func promptsWithoutAQueryAreRefused() {
        #expect(throws: TrawlError.self) {
            try searcher(
                ScannedCorpus.random(1), HashedLanguageModel(seed: 1), prompts: SEALPrompts(body: "write something"))
        }
    }
}

@Suite struct SEALParametersTests {
    @Test func defaultsAreThePublishedOnes() {
        let parameters = SEALParameters()
        #expect(parameters.body.beams == 15 && parameters.body.length == 10 && parameters.body.lengthPenalty == 0)
        #expect(parameters.title?.beams == 15 && parameters.title?.length == 15)
        #expect(parameters.alpha == 2 && parameters.beta == 0.8 && parameters.gamma == 0)
        #expect(parameters.maximumOccurrences == 1500 && parameters.maximumPassages == 1500)
        #expect(parameters.unigrams == 5000 && parameters.queryNGrams == 3 && parameters.rescores)
        #expect(SEALParameters.compatible.unigramAlpha == 1)
    }

    @Test func missingSettingsKeepTheirDefaults() throws {
        let decoder = JSONDecoder()
        #expect(try decoder.decode(SEALParameters.self, from: Data("{}".utf8)) == SEALParameters())
        let json = #"{"alpha": 1.5, "body": {"beams": 3}, "title": {"beams": 2}, "scoring": "lm+fm"}"#
        let some = try decoder.decode(SEALParameters.self, from: Data(json.utf8))
        #expect(some.alpha == 1.5 && some.body.beams == 3 && some.body.length == 10 && some.scoring == .frequency)
        #expect(some.title == BeamSearchParameters(beams: 2, length: 15))
        let none = try decoder.decode(SEALParameters.self, from: Data(#"{"title": null}"#.utf8))
        #expect(none.title == nil)
        for parameters in [some, none, .compatible] {
            #expect(try decoder.decode(SEALParameters.self, from: JSONEncoder().encode(parameters)) == parameters)
        }
    }

    @Test func settingsOutOfBoundsAreRefused() {
        let changes: [(inout SEALParameters) -> Void] = [
            { $0.body.beams = 0 }, { $0.body.length = 0 }, { $0.body.minimumLength = 11 }, { $0.beta = 1.1 },
            { $0.gamma = -0.1 }, { $0.alpha = .nan }, { $0.batchSize = 0 },
            { $0.maximumPassages = 0 }, { $0.title?.beams = -1 },
        ]
        for change in changes {
            var parameters = SEALParameters()
            change(&parameters)
            #expect(throws: TrawlError.self) { try parameters.validate() }
        }
    }
}
