import Foundation
import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlModels
import TrawlTensors
import TrawlTestSupport

@testable import TrawlTraining

/// Training an embedder, with a tiny model.
@Suite struct EmbedderObjectiveTests {
    private static let queryCount = 8

    private static func passage(_ number: Int) -> [TokenID] { [TokenID](repeating: TokenID(20 + number), count: 4) }

    /// Queries that each have a relevant passage and two others.
    ///
    /// - Parameter shift: Moves the judgements, so that they say nothing of other queries.
    private static func collection(_ queries: Range<Int>, shift: Int = 0) -> JudgedCollection {
        JudgedCollection(
            passages: (0..<48).map { passage($0) },
            queries: queries.map { query in
                let offset = (query + shift) % 3
                return JudgedRanking(
                    tokens: [TokenID(70 + query), 5],
                    ranking: (0..<3).map { other in
                        .init(
                            passage: 3 * query + other, score: Float(3 - other),
                            teacher: Float(other == offset ? 2 : 1),
                            isRelevant: other == offset)
                    })
            })
    }

    private func trainer(
        steps: Int, threads: Int = 2, microBatch: Int = 1024, rank: Int = 4, pairs: [EmbedderObjective.Pair] = [],
        weighting: (any ExampleWeighting)? = nil, pacing: Pacing? = nil, concentrations: [Double]? = nil,
        shift: Int = 0,
        change: (inout EmbedderObjective.Settings) -> Void = { _ in }
    ) throws -> Trainer<EmbedderObjective> {
        var settings = EmbedderObjective.Settings()
        (settings.examples.queriesPerStep, settings.examples.negatives) = (Self.queryCount, 2)
        settings.examples.margin = nil
        (settings.examples.maximumTokens, settings.softWeight) = (48, 0)
        settings.adaptation.adapters?.rank = rank
        settings.adaptation.adapters?.alpha = Float(2 * rank)
        settings.pairsPerStep = 4
        change(&settings)
        let network = try BertEmbedderNetwork(
            EmbedderFolder(path: EmbedderNetworkTests.model), adaptation: settings.adaptation)
        var examples = try EmbedderExamples(
            [Self.collection(0..<Self.queryCount, shift: shift)], settings: settings.examples)
        if let concentrations { examples.order(by: [concentrations]) }
        var training = TrainingSettings()
        (training.steps, training.microBatch) = (steps, microBatch)
        training.learningRate.peak = 1e-2
        return try Trainer(
            EmbedderObjective(network, examples: examples, pairs: pairs, settings: settings), settings: training,
            hooks: TrainingHooks(weighting: weighting, curriculum: pacing?.curriculum),
            pool: ThreadPool(threadCount: threads))
    }

    private func weights(_ trainer: Trainer<EmbedderObjective>) -> [Float] {
        trainer.objective.parameters.filter(\.isTrained).flatMap(\.values)
    }

    private static func run(_ trainer: Trainer<EmbedderObjective>) throws -> [NamedLoss] {
        var losses: [NamedLoss] = []
        try trainer.run {
            losses = $0.losses
            return true
        }
        return losses
    }

    @Test func fewExamplesAreLearntByHeartWithAnyNumberOfThreads() throws {
        var found: [[Float]] = []
        for threads in [1, 2] {
            let trainer = try trainer(steps: 150, threads: threads)
            let losses = try Self.run(trainer)
            #expect(losses[0].value < 0.3)
            let last = try #require(trainer.history.losses["contrastive"]?.last)
            #expect(try #require(last) < 0.02)
            found.append(weights(trainer))
        }
        #expect(found[0] == found[1])
    }

    @Test func anInterruptedTrainingResumesToTheSameBits() throws {
        let whole = try trainer(steps: 6, microBatch: 20)
        _ = try Self.run(whole)
        let folder = try TemporaryFolder()
        let checkpoint = TrainingCheckpoint(path: folder.path + "/state")
        let first = try trainer(steps: 6, microBatch: 20)
        try first.run { $0.step < 3 }
        try checkpoint.writeState(of: first)
        let second = try trainer(steps: 6, microBatch: 20)
        try checkpoint.restoreState(of: second)
        _ = try Self.run(second)
        #expect(weights(second) == weights(whole))
        // Other data is not continued.
        let other = try trainer(steps: 6, microBatch: 20, shift: 1)
        #expect(throws: TrawlError.self) { try checkpoint.restoreState(of: other) }
    }

    /// Of queries that it was not trained on, a model that learnt arbitrary judgements knows no more than chance.
    @Test func arbitraryJudgementsTeachNothingOfOtherQueries() throws {
        let trainer = try trainer(steps: 100, shift: 1)
        _ = try Self.run(trainer)
        let network = trainer.objective.network
        let others = Self.collection(Self.queryCount..<16)
        let passages = network.embeddings(of: others.passages)
        let queries = network.embeddings(of: others.queries.map(\.tokens))
        let dimension = queries.count / others.queries.count
        var ranks = 0
        for (index, query) in others.queries.enumerated() {
            let scores = query.ranking.map { candidate in
                (0..<dimension).reduce(Float(0)) {
                    $0 + queries[index * dimension + $1] * passages[candidate.passage * dimension + $1]
                }
            }
            let relevant = query.relevant[0]
            ranks += scores.count { $0 > scores[relevant] }
        }
        // Ranks from 0 to 2 with a mean of 1.
        #expect((3...13).contains(ranks))
    }

    @Test func theTeachersSharesAreLearnt() throws {
        let plain = try trainer(steps: 3)
        let off = try trainer(steps: 3) { $0.softWeight = 0 }
        let on = try trainer(steps: 3) { $0.softWeight = 1 }
        let losses = try (Self.run(plain), Self.run(off), Self.run(on))
        #expect(weights(plain) == weights(off))
        #expect(weights(plain) != weights(on))
        #expect(losses.2.map(\.name) == ["contrastive", "labels"])
    }

    @Test func lossesWeighQueries() throws {
        let plain = try trainer(steps: 4)
        let weighted = try trainer(steps: 4, weighting: LossReweighting(.linearUpper, strength: 0.4, start: 0))
        let even = try trainer(steps: 4, weighting: LossReweighting(.linearUpper, strength: 1e6, start: 0))
        for trainer in [plain, weighted, even] { _ = try Self.run(trainer) }
        func distance(_ other: Trainer<EmbedderObjective>) -> Float {
            zip(weights(plain), weights(other)).map { abs($0 - $1) }.max() ?? 0
        }
        #expect(distance(weighted) > 1e-3)
        #expect(distance(even) < 1e-3)
    }

    /// Options of what is drawn when, and of weights, with three queries per step of eight.
    private static let options: [(pacing: Pacing?, concentrations: [Double]?, isWeighted: Bool)] = [
        (Pacing(.linear, lowest: 0.4), nil, false), (nil, (0..<queryCount).map { 0.1 * Double($0) }, false),
        (nil, nil, true),
    ]

    @Test(arguments: [0, 1, 2]) func aTrainingWithAnOptionResumesToTheSameBits(_ number: Int) throws {
        let option = Self.options[number]
        func trainer() throws -> Trainer<EmbedderObjective> {
            try self.trainer(
                steps: 8, weighting: option.isWeighted ? LossReweighting(.linearUpper) : nil, pacing: option.pacing,
                concentrations: option.concentrations
            ) { $0.examples.queriesPerStep = 3 }
        }
        let (whole, first, second) = (try trainer(), try trainer(), try trainer())
        _ = try Self.run(whole)
        let folder = try TemporaryFolder()
        let checkpoint = TrainingCheckpoint(path: folder.path + "/state")
        try first.run { $0.step < 4 }
        try checkpoint.writeState(of: first)
        try checkpoint.restoreState(of: second)
        _ = try Self.run(second)
        #expect(weights(second) == weights(whole))
        let plain = try self.trainer(steps: 8) { $0.examples.queriesPerStep = 3 }
        _ = try Self.run(plain)
        #expect(weights(plain) != weights(whole))
        #expect(throws: TrawlError.self) { try checkpoint.restoreState(of: plain) }
    }

    @Test func damagedWindowsAreNotRestored() throws {
        let objective = try trainer(steps: 8, concentrations: (0..<Self.queryCount).map { 0.1 * Double($0) }).objective
        var state = objective.state
        try objective.restore(state)
        state.windows?[0].steps = 9
        #expect(throws: TrawlError.self) { try objective.restore(state) }
        state.windows = nil
        #expect(throws: TrawlError.self) { try objective.restore(state) }
    }

    @Test func pacingThatAllowsAllIsOffToTheBit() throws {
        let plain = try trainer(steps: 4) { $0.examples.queriesPerStep = 3 }
        let paced = try trainer(steps: 4, pacing: Pacing(.root, lowest: 1)) { $0.examples.queriesPerStep = 3 }
        for trainer in [plain, paced] { _ = try Self.run(trainer) }
        #expect(weights(plain) == weights(paced))
    }

    @Test func pairsAreLearntFirst() throws {
        let pairs = (0..<6).map { number in
            EmbedderObjective.Pair(
                first: Self.passage(number), second: Self.passage(number + 6), similarity: Double(number))
        }
        let trainer = try trainer(steps: 4, pairs: pairs)
        #expect(trainer.objective.pairSteps == 2)
        _ = try Self.run(trainer)
        let losses = trainer.history.losses
        #expect(losses["pairs"]?.map { $0 != nil } == [true, true, false, false])
        #expect(losses["contrastive"]?.map { $0 != nil } == [false, false, true, true])
    }
}

/// What a step of an embedder's training is drawn from.
@Suite struct EmbedderExamplesTests {
    private static let step = TrainingStep(number: 0, seed: 1)

    private static func query(_ token: TokenID, _ candidates: [(Int, Float, Bool)]) -> JudgedRanking {
        JudgedRanking(
            tokens: [token],
            ranking: candidates.map { .init(passage: $0.0, score: $0.1, teacher: $0.1, isRelevant: $0.2) })
    }

    private static func settings(_ negatives: Int) -> EmbedderExamples.Settings {
        var settings = EmbedderExamples.Settings()
        settings.negatives = negatives
        return settings
    }

    @Test func aRelevantPassageOfAnotherQueryIsMasked() throws {
        // Both passages of document 0 are relevant to both queries.
        let collection = JudgedCollection(
            passages: (0..<4).map { [TokenID(10 + $0)] }, documents: [0, 0, 1, 2],
            queries: [Self.query(1, [(0, 5, true), (2, 1, false)]), Self.query(2, [(1, 5, true), (3, 1, false)])])
        let batch = try EmbedderExamples([collection], settings: Self.settings(1)).batch(of: Self.step)
        for row in batch.rows {
            #expect(row.masked.count == 1)
            let masked = try #require(row.masked.first)
            #expect([[10], [11]].contains(batch.texts[batch.rows.count + masked]))
            #expect(masked != row.positive)
        }
    }

    @Test func aCopyOfTheRelevantPassageIsOneColumnWithIt() throws {
        let collection = JudgedCollection(
            passages: [[10], [10], [11]], queries: [Self.query(1, [(0, 5, true), (1, 1, false), (2, 0, false)])])
        let batch = try EmbedderExamples([collection], settings: Self.settings(2)).batch(of: Self.step)
        #expect(batch.texts.count == 3)
        #expect(batch.rows[0].group.count == 2)
        #expect(abs(batch.rows[0].labels.reduce(0, +) - 1) < 1e-9)
    }

    @Test func theGuideMasksWhatItPrefersToTheRelevantPassage() throws {
        let collection = JudgedCollection(
            passages: (0..<4).map { [TokenID(10 + $0)] },
            queries: [Self.query(1, [(0, 5, true), (2, 1, false)]), Self.query(2, [(1, 5, true), (3, 1, false)])])
        // Query 0 is nearer to passages 1 and 2 than to its own passage; only 1 is of another query.
        let guide = EmbedderExamples.Guide(
            dimension: 2, passages: [0.6, 0.8, 1, 0, 0.9, 0.1, 0, 1], queries: [1, 0, 1, 0])
        var settings = Self.settings(1)
        func masked() throws -> [[TokenID]] {
            let batch = try EmbedderExamples([collection], guides: [guide], settings: settings).batch(of: Self.step)
            let row = try #require(batch.rows.first { batch.texts[2 + $0.positive] == [10] })
            return row.masked.map { batch.texts[2 + $0] }
        }
        #expect(try masked() == [[11]])
        settings.isGuided = false
        #expect(try masked().isEmpty)
    }

    @Test func randomPassagesFillGroupsAndAreCounted() throws {
        let collection = JudgedCollection(
            passages: (0..<9).map { [TokenID(10 + $0)] },
            queries: [
                Self.query(1, [(0, 5, true), (1, 4.9, false)]),
                Self.query(2, [(2, 5, true), (3, 1, false), (4, 0, false)]),
            ])
        let examples = try EmbedderExamples([collection], settings: Self.settings(2))
        #expect(examples.filledCount == 1)
        #expect(examples.batch(of: Self.step).rows.filter { $0.group.count != 3 }.isEmpty)
    }

    /// On average a half of the teacher's mass, whatever its scale.
    @Test(arguments: [1, 100] as [Float]) func relevantPassagesGetHalfOfTheTeachersMass(scale: Float) throws {
        let queries = (0..<20).map { query in
            Self.query(
                TokenID(query),
                [(0, scale * (3 + Float(query % 5)), true)] + (1..<6).map { ($0, scale / Float($0), false) })
        }
        let collection = JudgedCollection(passages: (0..<6).map { [TokenID(40 + $0)] }, queries: queries)
        let examples = try EmbedderExamples([collection], settings: Self.settings(4))
        let rows = (0..<10).flatMap { examples.batch(of: TrainingStep(number: $0, seed: 3)).rows }
        let mean = rows.reduce(0) { $0 + $1.labels[0] } / Double(rows.count)
        #expect(abs(mean - 0.5) < 0.03)
    }

    @Test func aStepHasQueriesOfOneCollection() throws {
        let collections = [10, 50].map { first in
            JudgedCollection(
                passages: (0..<8).map { [TokenID(first + $0)] },
                queries: (0..<4).map {
                    Self.query(TokenID(first + 20 + $0), [(2 * $0, 5, true), (2 * $0 + 1, 1, false)])
                })
        }
        let examples = try EmbedderExamples(collections, settings: Self.settings(1))
        var seen: Set<Bool> = []
        for number in 0..<12 {
            let batch = examples.batch(of: TrainingStep(number: number, seed: 1))
            let isFirst = Set(batch.texts.map { $0[0] < 50 })
            #expect(isFirst.count == 1)
            seen.formUnion(isFirst)
        }
        #expect(seen.count == 2)
    }

    @Test func queriesWithoutRelevantPassagesAreAnError() {
        let collection = JudgedCollection(passages: [[10]], queries: [Self.query(1, [(0, 1, false)])])
        #expect(throws: TrawlError.self) { try EmbedderExamples([collection]) }
    }
}
