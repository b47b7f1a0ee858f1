import Foundation
import Testing
import TrawlCore
import TrawlModels

@testable import TrawlGeneration

@Suite struct ConstrainedBeamSearchTests {
    private func prefill(_ prompts: [[TokenID]], _ model: HashedLanguageModel) throws -> [PrefilledPrompt] {
        let step = try model.prefill(prompts)
        return try prompts.indices.map { try PrefilledPrompt(step, row: $0) }
    }

    private func run(
        _ forms: [BeamSearchTask.Form], corpus: ScannedCorpus, model: HashedLanguageModel,
        parameters: BeamSearchParameters, prompts: [[TokenID]]
    ) throws -> [[GeneratedNGram<[TokenID]>]] {
        let prefilled = try prefill(prompts, model)
        let tasks = zip(forms, prefilled).map { BeamSearchTask(prompt: $1, form: $0, parameters: parameters) }
        return try ConstrainedBeamSearch(oracle: corpus).run(tasks, session: model)
    }

    private func expectSame(
        _ found: [GeneratedNGram<[TokenID]>], _ expected: [PlainBeamSearch.NGram],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(found.map(\.tokens) == expected.map(\.tokens), sourceLocation: sourceLocation)
        #expect(found.map(\.isComplete) == expected.map(\.isComplete), sourceLocation: sourceLocation)
        for (a, b) in zip(found, expected) {
            #expect(abs(a.logProbability - b.logProbability) < 1e-4, sourceLocation: sourceLocation)
        }
    }

    /// Parameters that together reach every option.
    private static var variants: [BeamSearchParameters] {
        var variants = [BeamSearchParameters(beams: 3, length: 4), BeamSearchParameters(beams: 1, length: 6)]
        var ending = BeamSearchParameters(beams: 4, length: 5)
        ending.alwaysAllowEnd = true
        ending.lengthPenalty = 0.7
        variants.append(ending)
        var stopping = BeamSearchParameters(beams: 3, length: 5)
        stopping.stopAtCount = 2
        variants.append(stopping)
        var long = BeamSearchParameters(beams: 5, length: 4)
        long.minimumLength = 3
        long.stopAtCount = 1
        variants.append(long)
        var none = BeamSearchParameters(beams: 2, length: 3)
        none.minimumLength = 0
        none.alwaysAllowEnd = true
        variants.append(none)
        var free = BeamSearchParameters(beams: 6, length: 3)
        free.isConstrained = false
        variants.append(free)
        for (beams, price) in [(4, 0.0), (3, 1.5)] {
            var soft = BeamSearchParameters(beams: beams, length: 4)
            soft.softConstraint = price
            soft.stopAtCount = beams - 3
            variants.append(soft)
            soft.alwaysAllowEnd = true
            soft.minimumLength = 2
            variants.append(soft)
        }
        free.softConstraint = 1
        variants.append(free)
        return variants
    }

    @Test func bodiesAreThoseOfThePlainSearch() throws {
        for seed in 0..<12 {
            let corpus = ScannedCorpus.random(seed, passages: seed % 4 == 0 ? 1 : 10, words: 15)
            for (number, parameters) in Self.variants.enumerated() {
                let model = HashedLanguageModel(vocabularySize: 40, seed: seed * 100 + number)
                let prompt: [TokenID] = [5, TokenID(10 + seed)]
                let found = try run([.body], corpus: corpus, model: model, parameters: parameters, prompts: [prompt])
                let plain = PlainBeamSearch(corpus: corpus, model: model, parameters: parameters)
                expectSame(found[0], plain.bodies(behind: prompt))
            }
        }
    }

    @Test func titlesAreThoseOfThePlainSearch() throws {
        var titles = 0
        for seed in 0..<20 {
            let corpus = ScannedCorpus.random(seed + 500, words: 12)
            let model = HashedLanguageModel(vocabularySize: 40, seed: seed)
            let parameters = BeamSearchParameters(beams: 3, length: 4)
            // An end of one token, and one of two.
            for end in [[ScannedCorpus.titleEnd], [10, ScannedCorpus.titleEnd]] {
                let found = try run(
                    [.marked(start: [corpus.boundary], end: end)], corpus: corpus, model: model, parameters: parameters,
                    prompts: [[7]])
                let plain = PlainBeamSearch(corpus: corpus, model: model, parameters: parameters)
                expectSame(found[0], plain.titles(behind: [7], end: end))
                for ngram in found[0] {
                    titles += 1
                    #expect(ngram.range == [corpus.boundary] + ngram.tokens)
                    #expect(corpus.passages.contains { $0.starts(with: ngram.tokens) })
                }
            }
        }
        #expect(titles > 20)
    }

    @Test func allWaysOfSelectionFindTheSame() throws {
        for seed in 0..<20 {
            // A large vocabulary of which the corpus has little makes the lazy walk fall back; few levels make ties.
            let corpus = ScannedCorpus.random(seed, passages: 20, words: 30)
            for (number, variant) in Self.variants.enumerated() {
                var results: [[[GeneratedNGram<[TokenID]>]]] = []
                for selection in [CandidateSelection.fullMask, .lazy, .adaptive] {
                    var parameters = variant
                    parameters.selection = selection
                    let model = HashedLanguageModel(
                        vocabularySize: [45, 300, 3000][seed % 3], seed: seed + number,
                        levels: seed % 2 == 0 ? 4 : 1 << 40)
                    results.append(
                        try run(
                            [.body, .marked(start: [corpus.boundary], end: [ScannedCorpus.titleEnd])], corpus: corpus,
                            model: model,
                            parameters: parameters, prompts: [[3], [4]]))
                }
                for other in results[1...] {
                    for (a, b) in zip(results[0], other) {
                        #expect(a.map(\.tokens) == b.map(\.tokens))
                        #expect(a.map(\.logProbability) == b.map(\.logProbability))
                        #expect(a.map(\.isComplete) == b.map(\.isComplete))
                    }
                }
            }
        }
    }

    /// What leaves the corpus costs more and more, until it is what must not be.
    @Test func aHighPriceIsAsGoodAsAProhibition() throws {
        let corpus = ScannedCorpus.random(7, passages: 10, words: 15)
        func found(_ price: Double?) throws -> [[TokenID]] {
            var parameters = BeamSearchParameters(beams: 4, length: 5)
            parameters.softConstraint = price
            return try run(
                [.body], corpus: corpus, model: HashedLanguageModel(vocabularySize: 40, seed: 5),
                parameters: parameters,
                prompts: [[2]])[0].map(\.tokens)
        }
        let counts = try [0, 1, 4, 1000].map { try found($0).count }
        #expect(counts == counts.sorted() && counts[0] < counts[3])
        #expect(try found(1000) == found(nil))
    }

    @Test func generatedNGramsOccurAndAreDifferent() throws {
        for seed in 0..<10 {
            let corpus = ScannedCorpus.random(seed, titles: false)
            let model = HashedLanguageModel(seed: seed)
            let found = try run(
                [.body], corpus: corpus, model: model, parameters: BeamSearchParameters(), prompts: [[2]])[0]
            #expect(found.count > 15)
            #expect(Set(found.map(\.tokens)).count == found.count)
            for ngram in found {
                #expect(corpus.passages.contains { !ScannedCorpus([$0]).starts(of: ngram.tokens).isEmpty })
            }
        }
    }

    @Test func searchesTogetherAreSearchesAlone() throws {
        let corpus = ScannedCorpus.random(3)
        let prompts: [[TokenID]] = [[1], [2, 3], [4, 5, 6], [1], [30]]
        let forms: [BeamSearchTask.Form] = [
            .body, .marked(start: [0], end: [1]), .body, .marked(start: [0], end: [1]), .body,
        ]
        let model = HashedLanguageModel(seed: 8)
        let parameters = BeamSearchParameters(beams: 4, length: 5)
        let together = try run(forms, corpus: corpus, model: model, parameters: parameters, prompts: prompts)
        // One prefill, then one call a step but the last.
        #expect(model.calls == 1 + 4)
        for (index, form) in forms.enumerated() {
            let alone = try run(
                [form], corpus: corpus, model: HashedLanguageModel(seed: 8), parameters: parameters,
                prompts: [prompts[index]])[0]
            #expect(alone.map(\.tokens) == together[index].map(\.tokens))
            #expect(alone.map(\.logProbability) == together[index].map(\.logProbability))
        }
    }

    @Test func smallestCorporaAreSearched() throws {
        let parameters = BeamSearchParameters(beams: 3, length: 4)
        let single = try run(
            [.body, .marked(start: [0], end: [1])], corpus: ScannedCorpus([[12]]), model: HashedLanguageModel(seed: 1),
            parameters: parameters, prompts: [[2], [3]])
        #expect(single[0].map(\.tokens) == [[12]])
        #expect(single[0][0].isComplete)
        #expect(single[1].isEmpty)
        let titled = try run(
            [.marked(start: [0], end: [1])], corpus: ScannedCorpus([[12, 1]]), model: HashedLanguageModel(seed: 1),
            parameters: parameters, prompts: [[2]])
        #expect(titled[0].map(\.tokens) == [[12, 1]])
        // Tokens that the generator does not have cannot be written.
        let foreign = try run(
            [.body], corpus: ScannedCorpus([[900, 901]]), model: HashedLanguageModel(seed: 1),
            parameters: parameters, prompts: [[2]])
        #expect(foreign[0].isEmpty)
    }

    @Test func logitsThatAreNoNumbersAreRefused() throws {
        for bad in [Float.nan, .infinity] {
            for place in [0, 9, 17] {
                var logits = [Float](repeating: 0.5, count: 18)
                logits[place] = bad
                #expect(throws: TrawlError.self) {
                    try logits.withUnsafeBufferPointer { _ = try LogSoftmax.normaliser(of: $0) }
                }
            }
        }
    }
}

@Suite struct LogSoftmaxTests {
    @Test func normaliserIsThatOfTheDefinition() throws {
        var random = SplitMix64(test: 5)
        for count in [1, 7, 8, 9, 1024, 49_152] {
            for spread in [Float(0.01), 5, 40, 500] {
                let logits = (0..<count).map { _ in Float.random(in: -spread...spread, using: &random) }
                let maximum = Double(logits.max() ?? 0)
                let expected = maximum + log(logits.reduce(0) { $0 + exp(Double($1) - maximum) })
                let found = try logits.withUnsafeBufferPointer { try LogSoftmax.normaliser(of: $0) }
                #expect(abs(found - expected) < 2e-6 * max(1, abs(expected)), "\(count) logits of \(spread)")
            }
        }
    }

    @Test func impossibleTokensCountForNothing() throws {
        let logits: [Float] = [
            1, -.infinity, 1, -.infinity, -.infinity, -.infinity, -.infinity, -.infinity, -.infinity,
        ]
        let found = try logits.withUnsafeBufferPointer { try LogSoftmax.normaliser(of: $0) }
        #expect(abs(found - (1 + log(2.0))) < 1e-6)
    }
}

@Suite struct TopTokensTests {
    @Test func selectionIsTheHeadOfTheSortedRest() {
        var random = SplitMix64(test: 77)
        for trial in 0..<300 {
            let levels = trial % 2 == 0 ? 5 : 1_000_000
            let logits = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                Float(Int.random(in: 0..<levels, using: &random))
            }
            let count = Int.random(in: 0...60, using: &random)
            let floor =
                Bool.random(using: &random) ? -Float.infinity : Float(Int.random(in: 0..<levels, using: &random))
            let sorted = logits.enumerated().map { TokenLogit(logit: $1, token: TokenID($0)) }
                .sorted { $0.logit != $1.logit ? $0.logit > $1.logit : $0.token < $1.token }
            let skipped = Int.random(in: 0..<sorted.count, using: &random)
            let cursor = skipped == 0 ? nil : sorted[skipped - 1]
            let expected = sorted.dropFirst(skipped).filter { $0.logit >= floor }.prefix(count)
            let found = logits.withUnsafeBufferPointer {
                TopTokens.select($0, count: count, behind: cursor, floor: floor)
            }
            #expect(found == Array(expected))
        }
    }
}
