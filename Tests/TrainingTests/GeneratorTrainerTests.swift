import Core
import Foundation
import Models
import Testing

@testable import Tensors
@testable import Training

@Suite struct GeneratorTrainerTests {
    private let folder = FileManager.default.temporaryDirectory.appending(
        path: "trawl-training-\(UUID().uuidString)"
    ).path

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
    private static func trainer(steps: Int, seed: UInt64 = 1, decoder: ModelFolder? = nil) throws -> GeneratorTrainer {
        var settings = GeneratorTrainingSettings()
        settings.steps = steps
        settings.seed = seed
        settings.learningRate.peak = 5e-3
        settings.rates.embeddings = 0.2
        settings.examples.sourcesPerStep = 8
        settings.examples.spansPerSource = 2
        settings.examples.spanLength = 6
        settings.examples.sourceLength = 20
        let examples = try GeneratorExamples(
            corpus: corpus, queries: [], start: [1], end: [2], seed: seed, settings: settings.examples)
        if let decoder {
            settings.adapter = LowRankSettings()
            return try GeneratorTrainer(
                DecoderNetwork(decoder, settings: LowRankSettings(), seed: seed), examples: examples, settings: settings
            )
        }
        let network = try EncoderDecoderNetwork(
            try ModelFolder(path: EncoderDecoderNetworkTests.folder), rates: settings.rates)
        return try GeneratorTrainer(network, examples: examples, settings: settings)
    }

    @Test(arguments: [false, true]) func resumedTrainingEqualsUninterruptedTrainingToTheBit(isDecoder: Bool) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let folders = try AdapterFolders()
        let decoder = isDecoder ? try folders.folder("tiny-llama") : nil
        let whole = try Self.trainer(steps: 6, decoder: decoder)
        try whole.run { _ in true }
        let first = try Self.trainer(steps: 6, decoder: decoder)
        try first.run { $0.step < 3 }
        let checkpoint = GeneratorCheckpoint(path: folder)
        try checkpoint.writeState(of: first)
        let second = try Self.trainer(steps: 6, decoder: decoder)
        try checkpoint.restoreState(of: second)
        #expect(second.step == 3)
        try second.run { _ in true }
        for (a, b) in zip(whole.network.parameters, second.network.parameters) {
            #expect(a.values == b.values, "\(a.name)")
        }
        let other = try Self.trainer(steps: 6, seed: 2, decoder: decoder)
        #expect(throws: TrawlError.self) { try checkpoint.restoreState(of: other) }
    }

    @Test func theSeedDecides() throws {
        func train(_ seed: UInt64) throws -> [[Float]] {
            let trainer = try Self.trainer(steps: 2, seed: seed)
            try trainer.run { _ in true }
            return trainer.network.parameters.map(\.values)
        }
        #expect(try train(1) == train(1))
        #expect(try train(1) != train(2))
    }

    /// After training, a passage's own spans are likelier behind its sentences than those of any other passage, in the runtime
    /// that generates: the checkpoint says what the network learnt.
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
        try GeneratorCheckpoint(path: folders.path("trained"), storage: .f32, base: decoder).write(
            trainer.network, beginningWith: try ModelFolder(path: EncoderDecoderNetworkTests.folder))
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
        trainer.network.parameters[0].value[5 * 32] = .nan
        for index in 0..<trainer.network.parameters[0].count { trainer.network.parameters[0].value[index] = .nan }
        #expect(throws: TrawlError.self) { try trainer.run { _ in true } }
    }

    @Test func halvesAreTheNearestOnes() {
        let cases: [(Float, UInt16)] = [
            (0, 0), (-0.0, 0x8000), (1, 0x3C00), (-2, 0xC000), (65504, 0x7BFF), (1e9, 0x7BFF), (0x1p-14, 0x0400),
            (0x1p-24, 1), (0x1p-26, 0), (1 + 0x1p-11, 0x3C00), (1 + 0x1.8p-10, 0x3C02), (0x1.FF8p-15, 0x03FF),
        ]
        for (value, expected) in cases { #expect(HalfPrecision.bits(of: value) == expected, "\(value)") }
    }
}
