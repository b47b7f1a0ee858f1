import Foundation
import Testing
import TrawlCore
import TrawlModels
import TrawlTokenizers

@testable import TrawlTensors
@testable import TrawlTraining

/// The forward pass of training against that of inference, on the same weights and real texts: the log-probabilities of targets
/// after a source.
@Suite struct ForwardParityTests {
    private let folders: AdapterFolders

    private static let texts: [(source: String, targets: [String])] = [
        (
            "why do the oceans rise and fall twice a day",
            ["gravity of the moon lifts the oceans", "tides", "the sun and the moon"]
        ),
        ("sourdough bread", ["a starter of wild yeast and flour", "ferments overnight before the loaf is baked"]),
        (
            "What did the Treaty of Westphalia (1648) mean for the Holy Roman Empire?",
            ["sovereignty of some 300 princes", "the Thirty Years' War"]
        ),
    ]

    private static var models: String {
        (ProcessInfo.processInfo.environment["TRAWL_HOME"] ?? NSHomeDirectory() + "/.cache/trawl") + "/models"
    }

    init() throws {
        folders = try AdapterFolders()
        // Compact folders and adapters find their bases beside them.
        for name in ["minilm-generator", "all-MiniLM-L6-v2", "smollm2-135m-instruct"] {
            try FileManager.default.createSymbolicLink(
                atPath: folders.path(name), withDestinationPath: Self.models + "/" + name)
        }
    }

    private static func items(_ tokenizer: Tokenizer) -> [GenerationBatch.Item] {
        texts.map { text in
            GenerationBatch.Item(
                source: tokenizer.encodeIDs(text.source),
                targets: text.targets.map { .init(tokens: tokenizer.encodeIDs(" " + $0, addSpecialTokens: false)) })
        }
    }

    /// Compares the negative log-probability of each target, per token.
    private func expectParity(
        _ network: any GeneratorNetwork, _ model: ModelFolder, _ items: [GenerationBatch.Item],
        tolerance: Double = 1e-4, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let session = try model.loadGenerator().makeSession()
        let pass = GradientPass()
        for item in items {
            var sum = 0.0
            for target in item.targets {
                let expected = try session.logProbabilities(of: [target.tokens], after: [item.source])[0]
                let single = GenerationBatch.Item(source: item.source, targets: [target])
                let loss = network.accumulateGradients([single], smoothing: 0, scale: 1, in: pass)
                let difference = abs(loss + expected.reduce(0) { $0 + Double($1) }) / Double(target.tokens.count)
                #expect(difference < tolerance, "\(difference)", sourceLocation: sourceLocation)
                sum += loss
            }
            // All targets of a source at once.
            let packed = network.accumulateGradients([item], smoothing: 0, scale: 1, in: pass)
            let count = item.targets.reduce(0) { $0 + $1.tokens.count }
            #expect(abs(packed - sum) / Double(count) < tolerance, sourceLocation: sourceLocation)
        }
    }

    private func written(
        _ network: any GeneratorNetwork, _ name: String, base: ModelFolder?, beginningWith model: ModelFolder
    ) throws -> ModelFolder {
        try network.write(
            to: TrainedModelFolder(path: folders.path(name), storage: .f32, base: base), beginningWith: model)
        return try folders.folder(name)
    }

    /// Moves every trained parameter off where it is.
    private static func disturb(_ network: any GeneratorNetwork, by size: Float) throws {
        var random = SplitMix64(seed: 9)
        for parameter in network.parameters where parameter.isTrained {
            try parameter.replaceValues(
                parameter.values.map { $0 + size * (Float(random.next() >> 40) / Float(1 << 23) - 1) })
        }
    }

    @Test func aBERTPairOfRandomWeights() throws {
        let model = try ModelFolder(path: EncoderDecoderNetworkTests.folder)
        let batch = try loadGolden("tiny-encoder-decoder.json", as: TinyBatch.self).items.batch
        let network = try EncoderDecoderNetworkTests.network()
        try expectParity(network, model, batch.items)
        try Self.disturb(network, by: 0.1)
        try expectParity(network, written(network, "pair", base: nil, beginningWith: model), batch.items)
    }

    private struct TinyBatch: Decodable {
        let items: GoldenBatch
    }

    @Test func theShippedGenerator() throws {
        let model = try folders.folder("minilm-generator")
        let items = Self.items(try model.loadTokenizer())
        let network = try EncoderDecoderNetwork(model)
        try expectParity(network, model, items)
        try Self.disturb(network, by: 0.01)
        let base = try folders.folder("all-MiniLM-L6-v2")
        try expectParity(network, written(network, "compact", base: base, beginningWith: model), items)
        try expectParity(network, written(network, "complete", base: nil, beginningWith: model), items)
    }

    @Test func anEncoderDecoderThatBeginsAsABERTEncoder() throws {
        let model = try folders.folder("all-MiniLM-L6-v2")
        let items = Self.items(try model.loadTokenizer())
        var rates = TrainingRates()
        (rates.encoder, rates.embeddings) = (1, 1)
        let network = try EncoderDecoderNetwork(model, rates: rates)
        let compact = try written(network, "begun", base: model, beginningWith: model)
        try expectParity(network, compact, items)
        // The same configuration and the same parameters, whatever they were read from.
        let again = try EncoderDecoderNetwork(compact, rates: rates)
        #expect(again.configuration == network.configuration)
        #expect(again.parameters.map(\.name) == network.parameters.map(\.name))
        #expect(again.parameters.map(\.values) == network.parameters.map(\.values))
        try Self.disturb(network, by: 0.01)
        try expectParity(network, written(network, "moved", base: model, beginningWith: model), items)
    }

    @Test func aLlamaOfRandomWeights() throws {
        let items = try loadGolden("tiny-llama-adapter.json", as: TinyBatch.self).items.batch.items
        let base = try folders.folder("tiny-llama")
        // Adapters of zeros, and those that peft wrote.
        try expectParity(try DecoderNetwork(base), base, items)
        let adapted = try folders.folder("tiny-llama-adapter")
        try expectParity(try DecoderNetwork(adapted), adapted, items)
    }

    @Test func smolLM2WithAdapters() throws {
        let base = try folders.folder("smollm2-135m-instruct")
        let items = Self.items(try base.loadTokenizer())
        var settings = LowRankSettings()
        (settings.rank, settings.alpha) = (4, 8)
        let network = try DecoderNetwork(base, settings: settings)
        try expectParity(network, base, items)
        try Self.disturb(network, by: 0.01)
        try expectParity(network, written(network, "adapted", base: base, beginningWith: base), items)
    }
}
