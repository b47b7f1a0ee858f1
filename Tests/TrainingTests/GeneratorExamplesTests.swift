import Testing
import TrawlCore

@testable import TrawlTraining

@Suite struct GeneratorExamplesTests {
    /// Tokens below 50 begin words; 99 ends a sentence, 90 a title.
    private static let beginsWord = (0..<100).map { $0 < 50 }

    private static func corpus(_ passages: [[TokenID]], titled: Bool = false) -> TrainingCorpus {
        TrainingCorpus(
            passages: titled ? passages.map { [1, 2, 90] + $0 } : passages, titleEnd: [90], sentenceEnds: [99],
            beginsWord: beginsWord)
    }

    private static func examples(
        _ corpus: TrainingCorpus, queries: [GeneratorExamples.Query] = [], dropout: Double = 0, firstNew: Int = 0,
        replay: Double = 0.25
    ) throws -> GeneratorExamples {
        var settings = GeneratorExamples.Settings()
        settings.wordDropout = dropout
        settings.replayShare = replay
        return try GeneratorExamples(
            corpus: corpus, queries: queries, start: [97], end: [98], firstNew: firstNew, settings: settings)
    }

    private static func occurs(_ span: [TokenID], in passage: [TokenID]) -> Bool {
        guard span.count <= passage.count else { return false }
        return (0...passage.count - span.count).contains { passage[$0..<$0 + span.count].elementsEqual(span) }
    }

    private static let long: [[TokenID]] = (0..<8).map { (passage: Int) -> [TokenID] in
        let first: [TokenID] = (0..<60).map { TokenID(($0 * 7 + passage * 5) % 80) }
        let second: [TokenID] = (0..<20).map { TokenID($0 + passage) }
        return first + [99] + second
    }

    @Test func everySpanStandsInItsPassageAndBeginsAWord() throws {
        let queries = Self.long.indices.map { GeneratorExamples.Query(tokens: [3, 4], passages: [$0]) }
        let examples = try Self.examples(Self.corpus(Self.long, titled: true), queries: queries)
        for step in 0..<20 {
            for item in examples.batch(of: TrainingStep(number: step, seed: 3)).items {
                #expect(item.source.first == 97 && item.source.last == 98)
                for target in item.targets {
                    #expect(examples.corpus.passages.contains { Self.occurs(target.tokens, in: $0) })
                    #expect(target.tokens[0] < 50)
                }
            }
        }
    }

    @Test func spansThatShareRareTokensWithTheQueryAreDrawnMost() {
        // Token 40 stands in one passage of many, token 1 in all.
        let passages = (0..<30).map { _ in [TokenID](repeating: 1, count: 40) + Array(2..<30) }
        var marked = passages
        marked[0] = Array(2..<42) + [TokenID](repeating: 1, count: 40)
        let sampler = SpanSampler(corpus: Self.corpus(marked))
        var random = SplitMix64(seed: 1)
        let hits = (0..<50).count { _ in
            sampler.sample(1, from: 0, length: 10, query: [1, 40], using: &random)[0].contains(40)
        }
        #expect(hits > 35)
    }

    @Test func excludedSentencesAreLeftOut() {
        let sampler = SpanSampler(corpus: Self.corpus([Array(0..<50), Array(0..<10)]))
        var random = SplitMix64(seed: 1)
        for _ in 0..<20 {
            for span in sampler.sample(3, from: 0, length: 5, query: [], excluding: 10..<40, using: &random) {
                #expect(span.allSatisfy { $0 < 10 || $0 >= 40 })
            }
        }
    }

    @Test func stepsRepeatAndDiffer() throws {
        let examples = try Self.examples(Self.corpus(Self.long), dropout: 0.3)
        func tokens(_ step: Int) -> [[TokenID]] {
            examples.batch(of: TrainingStep(number: step, seed: 3)).items.flatMap { $0.targets.map(\.tokens) }
        }
        #expect(tokens(4) == tokens(4))
        #expect(tokens(4) != tokens(5))
    }

    @Test func aCurriculumChangesTheSharesOfSources() throws {
        let queries = Self.long.indices.map { GeneratorExamples.Query(tokens: [3, 4], passages: [$0]) }
        let examples = try Self.examples(Self.corpus(Self.long, titled: true), queries: queries)
        func numbers(_ step: Int, _ sources: [String: Double]) -> [Int] {
            let stage = CurriculumStage(sources: sources)
            return examples.batch(of: TrainingStep(number: step, seed: 3, stage: stage)).items.map(\.example)
        }
        for step in 0..<5 {
            // Queries are numbered first, then passages.
            #expect(numbers(step, ["sentences": 0, "titles": 0]).allSatisfy { $0 < queries.count })
            #expect(numbers(step, ["queries": 0]).allSatisfy { $0 >= queries.count })
            #expect(numbers(step, ["queries": 1, "other": 0]) == numbers(step, [:]))
        }
    }

    @Test(arguments: [0, 0.25, 1]) func newPassagesTeachAndEarlierOnesAreReplayed(share: Double) throws {
        let queries = Self.long.indices.map { GeneratorExamples.Query(tokens: [3, 4], passages: [$0]) }
        let examples = try Self.examples(
            Self.corpus(Self.long, titled: true), queries: queries, firstNew: 5, replay: share)
        // Queries are numbered first, then passages; passage 5 is the first new one.
        let passages = (0..<60).flatMap {
            examples.batch(of: TrainingStep(number: $0, seed: 3)).items.map { $0.example % queries.count }
        }
        let replayed = Double(passages.count { $0 < 5 }) / Double(passages.count)
        #expect(abs(replayed - share) < 0.05)
        #expect(Set(passages.filter { $0 >= 5 }) == (share < 1 ? [5, 6, 7] : []))
    }

    @Test func withoutNewPassagesNothingIsReplayed() throws {
        let queries = Self.long.indices.map { GeneratorExamples.Query(tokens: [3, 4], passages: [$0]) }
        let corpus = Self.corpus(Self.long, titled: true)
        func numbers(_ replay: Double) throws -> [Int] {
            let examples = try Self.examples(corpus, queries: queries, replay: replay)
            return (0..<5).flatMap { examples.batch(of: TrainingStep(number: $0, seed: 3)).items.map(\.example) }
        }
        #expect(try numbers(0) == numbers(1))
        #expect(throws: TrawlError.self) { try Self.examples(corpus, queries: queries, firstNew: Self.long.count) }
    }

    @Test(arguments: [1, 2, 7, 64, 1000])
    func aRoundOfQueriesHasEachOnce(count: Int) {
        for round in 0..<2 {
            let seen = (0..<count).map { ShuffledRounds.index(round * count + $0, of: count, seed: 5) }
            #expect(Set(seen) == Set(0..<count))
        }
    }

    @Test func aCorpusWithoutTitlesOrSentencesOrWithTinyDocumentsIsLearntFrom() throws {
        // One document; documents of one token, with a query; no sentence ends, as in Chinese without its full stop.
        let single = try Self.examples(Self.corpus([Array(0..<30)]))
        #expect(!single.batch(of: TrainingStep(number: 0, seed: 3)).items.isEmpty)
        let tiny = try Self.examples(
            Self.corpus([[5], [6]]), queries: [.init(tokens: [7], passages: [0]), .init(tokens: [8], passages: [1])])
        #expect(
            tiny.batch(of: TrainingStep(number: 0, seed: 3)).items.allSatisfy {
                $0.targets.map(\.tokens) == [[5]] || $0.targets.map(\.tokens) == [[6]]
            })
        let continuations = try Self.examples(Self.corpus([(50..<90).map { TokenID($0) }]))
        #expect(!continuations.batch(of: TrainingStep(number: 0, seed: 3)).items.isEmpty)
    }

    @Test func nothingToLearnFromIsRefused() {
        #expect(throws: TrawlError.self) { try Self.examples(Self.corpus([[5], []])) }
    }
}
