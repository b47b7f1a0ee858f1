import Testing
import TrawlCore
import TrawlModels

@testable import TrawlGeneration

@Suite struct NGramTrieTests {
    @Test func matchesAreThoseOfScanning() {
        for seed in 0..<20 {
            let corpus = ScannedCorpus.random(seed, passages: 6, words: seed % 2 == 0 ? 5 : 40)
            var random = SplitMix64(test: seed)
            var trie = NGramTrie()
            var ngrams: [[TokenID]] = []
            for _ in 0..<150 {
                let text = corpus.passages.randomElement(using: &random) ?? []
                let start = Int.random(in: 0..<text.count, using: &random)
                let ngram = Array(text[start..<min(text.count, start + Int.random(in: 1...6, using: &random))])
                if !ngrams.contains(ngram) {
                    trie.insert(ngram, number: ngrams.count)
                    ngrams.append(ngram)
                }
            }
            for text in corpus.passages {
                var found: [[Int]] = []
                trie.forEachMatch(in: text) { found.append([$0, $1]) }
                let scanned = ScannedCorpus([text])
                let expected = ngrams.indices.flatMap { number in
                    scanned.starts(of: ngrams[number]).map { [number, $0 - 1] }
                }
                #expect(found.sorted { $0.lexicographicallyPrecedes($1) } == expected)
            }
        }
    }

    @Test func theFirstNGramKeepsItsNumber() {
        var trie = NGramTrie()
        let node = trie.insert([1, 2], number: 4)
        #expect(trie.insert([1, 2], number: 5) == node)
        #expect(trie.ngrams[node] == 4)
    }
}

@Suite struct KeyRescoringTests {
    @Test func sumsAreThoseOfScoringEachAloneAndPrefixesRunOnce() throws {
        for seed in 0..<10 {
            let corpus = ScannedCorpus.random(seed)
            let model = HashedLanguageModel(seed: seed)
            let prompts: [[TokenID]] = [[3, 4], [5]]
            let step = try model.prefill(prompts)
            let prefilled = try prompts.indices.map {
                try PrefilledPrompt(step, row: $0)
            }
            var tries: [NGramTrie] = []
            var ends: [[([TokenID], Int)]] = []
            for part in 0..<2 {
                var trie = NGramTrie()
                let ngrams = corpus.passages.flatMap { passage in
                    [Array(passage.prefix(3 + part)), Array(passage.suffix(2)), Array(passage.prefix(1))]
                }
                ends.append(ngrams.enumerated().map { ($1, trie.insert($1, number: $0)) })
                tries.append(trie)
            }
            let before = model.rowsRun
            let sums = try KeyRescoring.logProbabilities(of: tries, behind: prefilled, session: model)
            let inner = tries.map { trie in (1..<trie.nodeCount).filter { trie.firstChild[$0] >= 0 }.count }
            #expect(model.rowsRun - before == inner.reduce(0, +))
            for part in 0..<2 {
                for (ngram, node) in ends[part] {
                    let alone = try model.logProbabilities(of: [ngram], after: [prompts[part]])[0]
                    #expect(abs(sums[part][node] - alone.reduce(0) { $0 + Double($1) }) < 1e-4)
                }
            }
        }
    }

    @Test func wordsThatTheGeneratorLacksAreImpossible() throws {
        let model = HashedLanguageModel(vocabularySize: 30, seed: 2)
        let step = try model.prefill([[1]])
        let prompt = try PrefilledPrompt(step, row: 0)
        var trie = NGramTrie()
        let unknown = trie.insert([4, 77, 5], number: 0)
        let known = trie.insert([4, 6], number: 1)
        let sums = try KeyRescoring.logProbabilities(of: [trie], behind: [prompt], session: model)[0]
        #expect(sums[unknown] == -.infinity)
        #expect(sums[known].isFinite)
    }
}

@Suite struct QueryNGramsTests {
    @Test func spansHaveBothInitialsAndNoMarksAround() {
        #expect(
            QueryNGrams.spans(of: " who  founded Apple? ", longest: 2) == [
                " who", " Who", " founded", " Founded", " apple", " Apple", " who founded", " Who founded",
                " founded Apple", " Founded Apple",
            ])
    }

    @Test func oddQueriesHaveFewSpans() {
        #expect(QueryNGrams.spans(of: "", longest: 3).isEmpty)
        #expect(QueryNGrams.spans(of: "?! ...", longest: 3).isEmpty)
        #expect(QueryNGrams.spans(of: "a b", longest: 0).isEmpty)
        #expect(QueryNGrams.spans(of: "42 42", longest: 3) == [" 42", " 42 42"])
        #expect(QueryNGrams.spans(of: "été", longest: 1) == [" été", " Été"])
    }
}
