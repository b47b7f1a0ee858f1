import Foundation
import Testing
import TrawlCore
import TrawlModels
import TrawlTensors
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlTraining

/// The cross-encoder that is trained: against transformers' outputs, and through its own folder.
@Suite struct CrossEncoderNetworkTests {
    private static let golden = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "RerankingTests/Golden/tiny-cross-encoder-1").path

    private static func inputs(_ tokenizer: Tokenizer) -> [EncoderInput] {
        let template = PairTemplate(tokenizer)
        return [
            ("who built the tower", "the tower of the city"), ("river", "water and the river of the city bridge"),
            ("city", ""),
        ].map { query, passage in
            let pair = template.input(
                tokenizer.encodeIDs(query, addSpecialTokens: false),
                tokenizer.encodeIDs(passage, addSpecialTokens: false), maximum: 64)
            return EncoderInput(tokens: pair.tokens, segments: pair.segments)
        }
    }

    @Test func scoresMatchTransformers() throws {
        let model = try ModelFolder(path: Self.golden)
        let network = try CrossEncoderNetwork(model)
        let tokenizer = try model.loadTokenizer()
        let template = PairTemplate(tokenizer)
        for item in try #require(try JSON(contentsOf: Self.golden + "/golden.json").array) {
            let ids = (item["ids"]?.array ?? []).compactMap(\.int).map { TokenID($0) }
            let pair = template.input(
                tokenizer.encodeIDs(try #require(item["query"]?.string), addSpecialTokens: false),
                tokenizer.encodeIDs(try #require(item["passage"]?.string), addSpecialTokens: false),
                maximum: network.positions)
            #expect(pair.tokens == ids)
            let scores = network.scores(of: [EncoderInput(tokens: pair.tokens, segments: pair.segments)])
            let expected = try #require(item["logits"]?.array?.first?.double)
            #expect(abs(Double(scores[0]) - expected) < 1e-4)
        }
    }

    @Test func gradientsAreThoseOfTheScores() throws {
        let model = try ModelFolder(path: Self.golden)
        let network = try CrossEncoderNetwork(model)
        let inputs = Self.inputs(try model.loadTokenizer())
        try TapeTests.check(network.parameters.filter(\.isTrained), tolerance: 5e-2) { network.scores(of: inputs, $0) }
    }

    @Test func aWrittenFolderScoresAsTheNetwork() throws {
        let folder = try TemporaryFolder()
        try folder.copy(Self.golden, to: "start")
        let model = try ModelFolder(path: folder.path + "/start")
        let network = try CrossEncoderNetwork(model)
        let inputs = Self.inputs(try model.loadTokenizer())
        for parameter in network.parameters where parameter.isTrained && parameter.name.contains("layer.1") {
            try parameter.replaceValues(parameter.values.map { $0 + 0.01 })
        }
        let expected = network.scores(of: inputs)
        for base in [nil, model] as [ModelFolder?] {
            let output = TrainedModelFolder(
                path: folder.path + (base == nil ? "/complete" : "/compact"), storage: .f32, base: base)
            try network.write(to: output, beginningWith: model)
            let read = try ModelFolder(path: output.path)
            #expect(try CrossEncoderNetwork(read).scores(of: inputs) == expected)
            #expect(try read.loadTokenizer().vocabularySize == model.loadTokenizer().vocabularySize)
        }
        let files = FileManager.default
        func size(_ name: String) throws -> Int {
            let attributes = try files.attributesOfItem(atPath: folder.path + "/\(name)/model.safetensors")
            return try #require(attributes[.size] as? Int)
        }
        #expect(try size("compact") * 3 < size("complete") * 2)
    }

    @Test func aHeadThatIsMissingIsDrawnBySeed() throws {
        let model = try ModelFolder(
            path: (ProcessInfo.processInfo.environment["TRAWL_HOME"] ?? NSHomeDirectory() + "/.cache/trawl")
                + "/models/all-MiniLM-L6-v2")
        func output(_ seed: UInt64) throws -> [Float] {
            try CrossEncoderNetwork(model, seed: seed).parameters.first { $0.name == "classifier.weight" }?.values ?? []
        }
        #expect(try output(1) == output(1))
        #expect(try output(1) != output(2))
        #expect(try output(1).count == 384)
    }

    @Test func severalLabelsAreNoReranker() throws {
        let error = #expect(throws: TrawlError.self) {
            try CrossEncoderNetwork(
                ModelFolder(path: Self.golden.replacing("encoder-1", with: "encoder-3")))
        }
        #expect(error?.message.contains("3 labels") == true)
    }

    /// Eight queries, each with one relevant passage of three that the words alone do not give away.
    private func trainer(
        steps: Int, threads: Int = 2, curriculum: RerankCurriculum? = nil
    ) throws -> Trainer<RerankerObjective> {
        let model = try ModelFolder(path: Self.golden)
        var settings = RerankerObjective.Settings()
        (settings.examples.queriesPerStep, settings.examples.negatives) = (8, 2)
        settings.rates.head = 1
        settings.curriculum = curriculum
        let network = try CrossEncoderNetwork(model, rates: settings.rates)
        settings.examples.maximumTokens = network.positions
        let collection = JudgedCollection(
            passages: (0..<24).map { [TokenID](repeating: TokenID(20 + $0), count: 4) },
            queries: (0..<8).map { query in
                .init(
                    tokens: [TokenID(50 + query)],
                    ranking: (0..<3).map { offset in
                        .init(passage: 3 * query + offset, score: Float(3 - offset), isRelevant: offset == query % 3)
                    })
            })
        let examples = try RerankExamples(
            [collection], template: PairTemplate(model.loadTokenizer()), settings: settings.examples,
            curriculum: curriculum)
        var training = TrainingSettings()
        training.steps = steps
        training.learningRate.peak = 3e-3
        return try Trainer(
            RerankerObjective(network, examples: examples, settings: settings), settings: training,
            pool: ThreadPool(threadCount: threads))
    }

    private func weights(_ trainer: Trainer<RerankerObjective>) -> [Float] {
        trainer.objective.parameters.filter(\.isTrained).flatMap(\.values)
    }

    @Test func fewExamplesAreLearntByHeartWithAnyNumberOfThreads() throws {
        var found: [[Float]] = []
        for threads in [1, 2] {
            let trainer = try trainer(steps: 150, threads: threads)
            var loss = 0.0
            try trainer.run {
                loss = $0.loss
                return true
            }
            #expect(loss < 0.3)
            found.append(weights(trainer))
        }
        #expect(found[0] == found[1])
    }

    @Test func anInterruptedTrainingResumesToTheSameBits() throws {
        let whole = try trainer(steps: 6)
        try whole.run { _ in true }
        let folder = try TemporaryFolder()
        let checkpoint = TrainingCheckpoint(path: folder.path + "/state")
        let first = try trainer(steps: 6)
        try first.run { $0.step < 3 }
        try checkpoint.writeState(of: first)
        let second = try trainer(steps: 6)
        try checkpoint.restoreState(of: second)
        try second.run { _ in true }
        #expect(weights(second) == weights(whole))
    }

    @Test func aCurriculumThatIsOverChangesNothing() throws {
        var over = RerankCurriculum(.kde)
        over.samples = 0
        let (plain, ended, active) = (
            try trainer(steps: 3), try trainer(steps: 3, curriculum: over),
            try trainer(steps: 3, curriculum: .init(.kde))
        )
        for trainer in [plain, ended, active] { try trainer.run { _ in true } }
        #expect(weights(plain) == weights(ended))
        #expect(weights(plain) != weights(active))
    }
}

@Suite struct RerankExamplesTests {
    private static func examples(
        _ settings: RerankExamples.Settings = .init(), ranking: [JudgedRanking.Candidate]
    ) throws -> RerankExamples {
        let tokenizer = try ModelFolder(
            path: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "RerankingTests/Golden/tiny-cross-encoder-1").path
        ).loadTokenizer()
        return try RerankExamples(
            [.init(passages: (0..<6).map { [TokenID(10 + $0)] }, queries: [.init(tokens: [7], ranking: ranking)])],
            template: PairTemplate(tokenizer), settings: settings)
    }

    private static func candidate(_ passage: Int, _ score: Float, isRelevant: Bool = false) -> JudgedRanking.Candidate {
        .init(passage: passage, score: score, isRelevant: isRelevant)
    }

    /// A limit of 95% of the relevant passage's score, as NV-Retriever has it.
    @Test func aMarginDropsPassagesThatMayBeRelevant() throws {
        var settings = RerankExamples.Settings()
        settings.margin = 0.05
        settings.negatives = 5
        let examples = try Self.examples(
            settings,
            ranking: [
                Self.candidate(0, 0.8, isRelevant: true), Self.candidate(1, 0.77), Self.candidate(2, 0.75),
                Self.candidate(3, 0.7),
            ])
        let group = try #require(examples.groups(of: TrainingStep(number: 0, seed: 1)).first)
        let chosen = Set(group.inputs.map { $0.tokens[$0.tokens.count - 2] })
        #expect(chosen == [10, 12, 13])
    }

    @Test func theRelevantPassageIsFirst() throws {
        let examples = try Self.examples(
            ranking: [
                Self.candidate(1, 3), Self.candidate(2, 2, isRelevant: true), Self.candidate(3, 1),
            ])
        for step in 0..<4 {
            for group in examples.groups(of: TrainingStep(number: step, seed: 1)) {
                #expect(group.inputs[0].tokens.contains(12))
                #expect(group.inputs.count == 3)
            }
        }
    }

    @Test func nothingToCompareIsAnError() throws {
        let error = #expect(throws: TrawlError.self) {
            try Self.examples(ranking: [Self.candidate(0, 1, isRelevant: true)])
        }
        #expect(error?.code == .invalidInput)
    }
}
