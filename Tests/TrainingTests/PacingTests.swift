import Foundation
import Testing
import TrawlCore
import TrawlModels
import TrawlTokenizers

@testable import TrawlTraining

@Suite struct PacingTests {
    private static let halfway = (0.0625 + 0.875) / 2

    @Test(
        arguments: [
            (.linear, 0.55), (.quadratic, 0.325), (.root, 0.7364), (.step, 0.1), (.exponential, 0.1060),
            (.logarithmic, 0.9376),
        ] as [(Pacing.Shape, Double)])
    func halfwayTheSharesAreTheWorkedNumbers(_ shape: Pacing.Shape, _ expected: Double) {
        #expect(abs(Pacing(shape).share(Self.halfway) - expected) < 1e-4)
    }

    @Test(arguments: Pacing.Shape.allCases) func theShareNeverFalls(_ shape: Pacing.Shape) {
        let shares = (0...1000).map { Pacing(shape).share(Double($0) / 1000) }
        #expect(zip(shares, shares.dropFirst()).filter { $0 > $1 }.isEmpty)
        #expect(shares.prefix(63).allSatisfy { abs($0 - 0.1) < 1e-12 })
        #expect(shares.suffix(126).allSatisfy { $0 == 1 })
    }

    @Test func shapesThatDifferHaveNamesThatDiffer() {
        #expect(Set(Pacing.Shape.allCases.map { Pacing($0).curriculum.name }).count == Pacing.Shape.allCases.count)
        #expect(Pacing(.linear).curriculum.name != Pacing(.linear, lowest: 0.2).curriculum.name)
    }
}

@Suite struct DifficultyOrderTests {
    private static func step(_ number: Int, share: Double) -> TrainingStep {
        TrainingStep(number: number, seed: 3, stage: CurriculumStage(difficulty: share))
    }

    /// Example 9 is the easiest.
    private static let order = DifficultyOrder(ease: (0..<10).map { Double($0) })

    @Test func theEasiestAreDrawnAllAlikeAndNoneTwiceInAStep() throws {
        var counts = [Int](repeating: 0, count: 10)
        for number in 0..<500 {
            let drawn = try (0..<2).map {
                try #require(Self.order.example($0, of: 2, in: Self.step(number, share: 0.35)))
            }
            #expect(Set(drawn).count == 2)
            for example in drawn { counts[example] += 1 }
        }
        #expect(counts.prefix(6).allSatisfy { $0 == 0 })
        #expect(counts.suffix(4).allSatisfy { (200...300).contains($0) }, "\(counts)")
    }

    @Test func aStepHasAsManyExamplesAsItDraws() throws {
        let drawn = try (0..<5).map { try #require(Self.order.example($0, of: 5, in: Self.step(0, share: 0.1))) }
        #expect(Set(drawn) == [5, 6, 7, 8, 9])
    }

    @Test func wholeSharesDrawAsWithoutACurriculum() {
        #expect(Self.order.example(0, of: 5, in: Self.step(0, share: 1)) == nil)
    }

    @Test func queriesWhoseWordsTheirPassagesHaveAreEasy() {
        // Token 1 is in all queries.
        let shares = WordOverlap.shares([[1, 2, 3, 4, 5], [1, 6, 7, 7], [1], [1, 8]]) { query in
            [[[1, 2, 9], [3, 4, 5]], [[7, 1, 6]], [[1]], []][query]
        }
        #expect(shares == [0.75, 1, 0, 0])
    }
}

/// Easy examples first in the three trainers.
@Suite struct PacedExamplesTests {
    /// Query q shares q of its eight tokens with its passage.
    private static func tokens(_ query: Int) -> [TokenID] { (0..<8).map { TokenID(100 + 8 * query + $0) } }
    private static func passage(_ query: Int) -> [TokenID] {
        Array(tokens(query).prefix(query)) + (query..<12).map { TokenID(500 + 12 * query + $0) }
    }
    private static let count = 8

    private static let judged = JudgedCollection(
        passages: (0..<count).map { passage($0) } + [[900], [901]],
        queries: (0..<count).map { query in
            JudgedRanking(
                tokens: tokens(query),
                ranking: [
                    .init(passage: query, score: 5, isRelevant: true),
                    .init(passage: count, score: 1, isRelevant: false),
                    .init(passage: count + 1, score: 0, isRelevant: false),
                ])
        })

    private static let pacings: [Pacing?] = [nil, Pacing(.linear, lowest: 1), Pacing(.linear, lowest: 0.3)]

    /// The queries of steps early and late in a training without pacing, with one that allows all, and with one.
    private static func numbers(_ draw: (TrainingStep) -> [Int]) -> [(early: [Int], late: [Int])] {
        pacings.map { pacing in
            func queries(_ done: Double) -> [Int] {
                (0..<6).flatMap { number in
                    draw(
                        TrainingStep(
                            number: number, seed: 5, done: done,
                            stage: pacing?.curriculum.stage(done) ?? CurriculumStage()))
                }
            }
            return (queries(0), queries(0.9))
        }
    }

    private func check(_ found: [(early: [Int], late: [Int])]) {
        #expect(found[1].early == found[0].early && found[1].late == found[0].late)
        #expect(found[2].late == found[0].late)
        #expect(Set(found[2].early) == [5, 6, 7])
        #expect(Set(found[0].early) == Set(0..<Self.count))
    }

    @Test func ofAnEmbedder() throws {
        var settings = EmbedderExamples.Settings()
        (settings.queriesPerStep, settings.negatives) = (3, 1)
        let examples = try EmbedderExamples([Self.judged], settings: settings)
        check(Self.numbers { examples.batch(of: $0).examples })
        // Everything of the batch is the same where all may be drawn, not the queries alone.
        let steps = [CurriculumStage(), Pacing(.logarithmic, lowest: 1).curriculum.stage(0.4)].map {
            examples.batch(of: TrainingStep(number: 3, seed: 5, done: 0.4, stage: $0))
        }
        #expect(steps[0].texts == steps[1].texts)
    }

    @Test func ofAReranker() throws {
        var settings = RerankExamples.Settings()
        (settings.queriesPerStep, settings.negatives) = (3, 1)
        let model = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "RerankingTests/Golden/tiny-cross-encoder-1").path
        let examples = try RerankExamples(
            [Self.judged], template: PairTemplate(ModelFolder(path: model).loadTokenizer()), settings: settings)
        check(Self.numbers { examples.groups(of: $0).map(\.example) })
    }

    @Test func ofAGenerator() throws {
        let corpus = TrainingCorpus(
            passages: (0..<Self.count).map { Self.passage($0) }, titleEnd: [], sentenceEnds: [],
            beginsWord: [Bool](repeating: true, count: 1000))
        var settings = GeneratorExamples.Settings()
        (settings.sourcesPerStep, settings.sentenceShare, settings.titleShare) = (3, 0, 0)
        let examples = try GeneratorExamples(
            corpus: corpus,
            queries: (0..<Self.count).map { .init(tokens: Self.tokens($0), passages: [$0]) }, start: [1], end: [2],
            settings: settings)
        check(Self.numbers { examples.batch(of: $0).items.map(\.example) })
    }

    @Test func spansOfAGeneratorGrowToTheirLength() throws {
        let corpus = TrainingCorpus(
            passages: [(0..<40).map { TokenID($0) }], titleEnd: [], sentenceEnds: [],
            beginsWord: [Bool](repeating: true, count: 40))
        func lengths(_ pacing: Pacing?, _ done: Double) throws -> [[TokenID]] {
            var settings = GeneratorExamples.Settings()
            settings.spanPacing = pacing
            return try GeneratorExamples(corpus: corpus, queries: [], start: [1], end: [2], settings: settings)
                .batch(of: TrainingStep(number: 0, seed: 5, done: done)).items.flatMap { $0.targets.map(\.tokens) }
        }
        #expect(try lengths(Pacing(.linear), 0).allSatisfy { $0.count == 4 })
        #expect(try lengths(Pacing(.linear), 0.46875).allSatisfy { $0.count == 7 })
        #expect(try lengths(Pacing(.linear), 0.9) == lengths(nil, 0.9))
        #expect(try lengths(nil, 0).allSatisfy { $0.count == 10 })
    }
}
