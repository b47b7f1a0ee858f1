import Foundation
import Testing
import TrawlCore
import TrawlGeneration
import TrawlModels
import TrawlTestSupport

@testable import TrawlTensors
@testable import TrawlTraining

@Suite struct GeneratorTrainerTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    private static let corpus: TrainingCorpus = {
        // Eight passages whose tokens tell them apart, from a vocabulary of sixty.
        let passages: [[TokenID]] = (0..<8).map { (passage: Int) -> [TokenID] in
            let tokens: [Int] = (0..<24).map { 4 + passage * 7 + ($0 * $0 + $0 / 5) % 7 }
            return tokens.map { TokenID($0) } + [3]
        }
        return TrainingCorpus(
            passages: passages, titleEnd: [], sentenceEnds: [3], beginsWord: [Bool](repeating: true, count: 60))
    }()

    /// - Parameter decoder: Trained through adapters; an encoder-decoder is trained where nil.
    private static func trainer(
        steps: Int, seed: UInt64 = 1, decoder: ModelFolder? = nil, hooks: TrainingHooks = TrainingHooks(),
        change: (inout GeneratorObjective.Settings) -> Void = { _ in }
    ) throws -> Trainer<GeneratorObjective> {
        var training = TrainingSettings()
        training.steps = steps
        training.seed = seed
        training.learningRate.peak = 5e-3
        var settings = GeneratorObjective.Settings()
        settings.rates.embeddings = 0.2
        settings.examples.sourcesPerStep = 8
        settings.examples.spansPerSource = 2
        settings.examples.spanLength = 6
        settings.examples.sourceLength = 20
        change(&settings)
        let examples = try GeneratorExamples(
            corpus: corpus, queries: [], start: [1], end: [2], settings: settings.examples)
        if let decoder {
            settings.adapter = LowRankSettings()
            let network = try DecoderNetwork(decoder, settings: LowRankSettings(), seed: seed)
            return try Trainer(
                GeneratorObjective(network, examples: examples, settings: settings), settings: training, hooks: hooks)
        }
        let network = try EncoderDecoderNetwork(
            try ModelFolder(path: EncoderDecoderNetworkTests.folder), rates: settings.rates)
        return try Trainer(
            GeneratorObjective(network, examples: examples, settings: settings), settings: training, hooks: hooks)
    }

    @Test(arguments: [false, true]) func resumedTrainingEqualsUninterruptedTrainingToTheBit(isDecoder: Bool) throws {
        let folders = try AdapterFolders()
        let decoder = isDecoder ? try folders.folder("tiny-llama") : nil
        let whole = try Self.trainer(steps: 6, decoder: decoder)
        try whole.run { _ in true }
        let first = try Self.trainer(steps: 6, decoder: decoder)
        try first.run { $0.step < 3 }
        let checkpoint = TrainingCheckpoint(path: folder)
        try checkpoint.writeState(of: first)
        let second = try Self.trainer(steps: 6, decoder: decoder)
        try checkpoint.restoreState(of: second)
        #expect(second.step == 3)
        try second.run { _ in true }
        for (a, b) in zip(whole.objective.parameters, second.objective.parameters) {
            #expect(a.values == b.values, "\(a.name)")
        }
        let other = try Self.trainer(steps: 6, seed: 2, decoder: decoder)
        #expect(throws: TrawlError.self) { try checkpoint.restoreState(of: other) }
    }

    /// Beta-MML, growing spans and weights by loss, together and alone.
    @Test func optionsChangeATrainingAndResumeToTheBit() throws {
        func run(_ trainer: Trainer<GeneratorObjective>) throws -> [[Float]] {
            try trainer.run { _ in true }
            return trainer.objective.parameters.map(\.values)
        }
        func trainer(_ options: Set<String>) throws -> Trainer<GeneratorObjective> {
            try Self.trainer(
                steps: 6,
                hooks: TrainingHooks(weighting: options.contains("weights") ? LossReweighting(.linearUpper) : nil)
            ) {
                $0.spanExponent = options.contains("beta") ? 0.5 : nil
                $0.examples.spanPacing = options.contains("spans") ? Pacing(.linear) : nil
            }
        }
        let plain = try run(trainer([]))
        for option in ["beta", "spans", "weights"] { #expect(try run(trainer([option])) != plain, "\(option)") }
        let all: Set = ["beta", "spans", "weights"]
        let first = try trainer(all)
        try first.run { $0.step < 3 }
        let checkpoint = TrainingCheckpoint(path: folder)
        try checkpoint.writeState(of: first)
        let second = try trainer(all)
        try checkpoint.restoreState(of: second)
        #expect(try run(second) == run(trainer(all)))
        for option in all {
            #expect(throws: TrawlError.self) { try checkpoint.restoreState(of: trainer(all.subtracting([option]))) }
        }
    }

    /// Passage 2 is right, passage 3 is ranked above it.
    private static let samples: SelfSamples = {
        let (right, wrong) = (corpus.passages[2], corpus.passages[3])
        let keys = [Array(wrong[0..<3]), Array(right[0..<3]), Array(right[8..<12]), Array(wrong[6..<9])]
        let features = keys.map { _ in KeyFeatures(values: [1.5, 0, 0, 0, 0, 1, 0.7, 4, 0], corpusLogProbability: -9) }
        let found = KeyWeightExample(
            keys: keys, features: features,
            candidates: [
                .init(isRelevant: false, keys: [.init(key: 0), .init(key: 3)], relativeLength: 1),
                .init(isRelevant: true, keys: [.init(key: 1), .init(key: 2)], relativeLength: 1),
            ])
        return SelfSamples(
            samples: [.init(query: Array(right[12..<18]), found: found)], weights: .general)
    }()

    @Test func learningFromOwnSamplesResumesToTheBit() throws {
        let whole = try Self.trainer(steps: 5)
        try whole.run { $0.step < 1 }
        whole.objective.selfSamples = Self.samples
        whole.objective.samplingRounds = 1
        whole.history.scores = [.init(step: 1, value: 0.5)]
        try whole.run { $0.step < 3 }
        let checkpoint = TrainingCheckpoint(path: folder)
        try checkpoint.writeState(of: whole)
        try whole.run { _ in true }
        let second = try Self.trainer(steps: 5)
        try checkpoint.restoreState(of: second)
        #expect(second.history.gradientNorms.count == 3 && second.history.best?.step == 1)
        #expect(second.objective.samplingRounds == 1 && second.objective.selfSamples != nil)
        try second.run { _ in true }
        #expect(second.history == whole.history && second.history.gradientNorms.count == 5)
        for (a, b) in zip(whole.objective.parameters, second.objective.parameters) {
            #expect(a.values == b.values, "\(a.name)")
        }
    }

    @Test(arguments: [false, true]) func rankingByOwnSamplesPutsTheRightPassageFirst(isDecoder: Bool) throws {
        let folders = try AdapterFolders()
        let trainer = try Self.trainer(steps: 150, decoder: isDecoder ? try folders.folder("tiny-llama") : nil)
        trainer.objective.selfSamples = Self.samples
        var losses: [Double] = []
        try trainer.run { progress in
            if let loss = progress.loss(named: GeneratorObjective.rankingLoss) { losses.append(loss) }
            return true
        }
        #expect(try #require(losses.first) > 0.2)
        let last = try #require(losses.last)
        #expect(last < 0.5 * losses[0], "\(losses[0]) then \(last)")
    }

    @Test func theSeedDecides() throws {
        func train(_ seed: UInt64) throws -> [[Float]] {
            let trainer = try Self.trainer(steps: 2, seed: seed)
            try trainer.run { _ in true }
            return trainer.objective.parameters.map(\.values)
        }
        #expect(try train(1) == train(1))
        #expect(try train(1) != train(2))
    }

    /// After training, a passage's own spans are likelier after its sentences than those of any other passage, in the
    /// runtime that generates: the checkpoint says what the network learnt.
    @Test(arguments: [false, true]) func aTrainedGeneratorPointsToEachPassageByItsSentences(isDecoder: Bool) throws {
        let folders = try AdapterFolders()
        let decoder = isDecoder ? try folders.folder("tiny-llama") : nil
        let trainer = try Self.trainer(steps: 300, decoder: decoder)
        var losses: [Double] = []
        try trainer.run { progress in
            losses.append(progress.loss)
            return true
        }
        #expect(try #require(losses.last) < 0.6 * losses[0])
        try trainer.objective.network.write(
            to: TrainedModelFolder(path: folders.path("trained"), storage: .f32, base: decoder),
            beginningWith: try ModelFolder(path: EncoderDecoderNetworkTests.folder))
        let session = try folders.folder("trained").loadGenerator().makeSession()
        let passages = Self.corpus.passages
        for (index, passage) in passages.enumerated() {
            let prompt = [1] + Array(passage[..<15]) + [2]
            let sums = try session.logProbabilities(
                of: passages.map { Array($0[10..<16]) }, after: passages.map { _ in prompt }
            ).map { $0.reduce(0, +) }
            #expect(sums.indices.max { sums[$0] < sums[$1] } == index)
        }
    }

    @Test func aLossThatIsNoNumberEndsTraining() throws {
        let trainer = try Self.trainer(steps: 3)
        let words = trainer.objective.parameters[0]
        try words.replaceValues([Float](repeating: .nan, count: words.count))
        let error = #expect(throws: TrawlError.self) { try trainer.run { _ in true } }
        #expect(error?.code == .incompatible && trainer.step == 0)
    }

    /// Weighs all examples alike, or by whether they are odd.
    private struct Weights: ExampleWeighting {
        let odd: Float
        var name: String { "odd \(odd)" }

        func weights(of losses: [ExampleLoss], done: Double) -> [Float] {
            losses.map { $0.example % 2 == 0 ? 1 : odd }
        }
    }

    /// Weights of 1 compute the logits in another way and give the same gradients; other weights give others.
    @Test(arguments: [false, true]) func examplesAreWeighted(isDecoder: Bool) throws {
        let folders = try AdapterFolders()
        let decoder = isDecoder ? try folders.folder("tiny-llama") : nil
        func run(_ odd: Float?) throws -> (norms: [Float], values: [[Float]], losses: [Double]) {
            let trainer = try Self.trainer(
                steps: 2, decoder: decoder, hooks: TrainingHooks(weighting: odd.map { Weights(odd: $0) }))
            var losses: [Double] = []
            try trainer.run {
                losses.append($0.loss)
                return true
            }
            return (trainer.history.gradientNorms, trainer.objective.parameters.map(\.values), losses)
        }
        let (plain, even, weighted) = (try run(nil), try run(1), try run(0))
        #expect(plain.norms == even.norms && plain.values == even.values && plain.losses == even.losses)
        #expect(weighted.norms[0] != plain.norms[0] && weighted.values != plain.values)
        #expect(weighted.losses[0] == plain.losses[0])
    }

    @Test func halvesAreTheNearestOnes() {
        let cases: [(Float, UInt16)] = [
            (0, 0), (-0.0, 0x8000), (1, 0x3C00), (-2, 0xC000), (65504, 0x7BFF), (1e9, 0x7BFF), (0x1p-14, 0x0400),
            (0x1p-24, 1), (0x1p-26, 0), (1 + 0x1p-11, 0x3C00), (1 + 0x1.8p-10, 0x3C02), (0x1.FF8p-15, 0x03FF),
        ]
        for (value, expected) in cases { #expect(HalfPrecision.bits(of: value) == expected, "\(value)") }
    }
}
