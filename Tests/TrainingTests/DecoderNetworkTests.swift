import Foundation
import Testing
import TrawlCore
import TrawlModels

@testable import TrawlTensors
@testable import TrawlTraining

private struct Golden: Decodable {
    let items: GoldenBatch
    let smoothing: Float
    let loss: Double
    /// Values of each gradient at regular intervals.
    let gradients: [String: [Float]]
    /// Of what peft writes.
    let shapes: [String: [Int]]
    /// Of the merged model, after each token of the last source.
    let logits: [Float]
}

/// The network against PyTorch and peft (`eval/parity/adapter_goldens.py`).
@Suite struct DecoderNetworkTests {
    private let folders: AdapterFolders
    private let golden: Golden

    init() throws {
        folders = try AdapterFolders()
        golden = try loadGolden("tiny-llama-adapter.json", as: Golden.self)
    }

    private func network() throws -> DecoderNetwork { try DecoderNetwork(try folders.folder("tiny-llama-adapter")) }

    @Test(arguments: [384, 12]) func lossAndGradientsAreThoseOfPeft(microBatch: Int) throws {
        let network = try network()
        #expect(network.settings.rank == 4 && network.settings.alpha == 8)
        let tokens = Double(golden.items.batch.targetTokens)
        let loss = network.accumulateGradients(
            golden.items.batch, smoothing: golden.smoothing, scale: Float(1 / tokens),
            in: GradientPass(microBatch: microBatch))
        #expect(abs(loss / tokens - golden.loss) < 1e-5)
        #expect(Set(network.parameters.map(\.name)) == Set(golden.gradients.keys))
        for parameter in network.parameters {
            let found = try #require(parameter.gradients)
            let expected = try #require(golden.gradients[parameter.name])
            for (number, index) in stride(from: 0, to: found.count, by: max(1, found.count / 16)).enumerated() {
                #expect(abs(found[index] - expected[number]) < 2e-5, "\(parameter.name)[\(index)]")
            }
        }
    }

    @Test func packedContinuationsAreAsGoodAsSeparateTexts() throws {
        let network = try network()
        func run(_ batch: GenerationBatch) -> (loss: Double, gradients: [[Float]]) {
            let loss = network.accumulateGradients(batch, smoothing: 0, scale: 1)
            defer { for parameter in network.parameters { parameter.clearGradient() } }
            return (loss, network.parameters.compactMap(\.gradients))
        }
        let (packed, separate) = (run(golden.items.batch), run(golden.items.separate))
        #expect(abs(packed.loss - separate.loss) < 1e-4)
        for (a, b) in zip(packed.gradients.joined(), separate.gradients.joined()) { #expect(abs(a - b) < 1e-4) }
    }

    @Test func oneThreadAndTwoGiveTheSameBits() throws {
        func train(_ threads: Int) throws -> [[Float]] {
            let pool = ThreadPool(threadCount: threads)
            let network = try network()
            let optimiser = AdamW(network.parameters, pool: pool)
            let pass = GradientPass(tape: Tape(pool: pool))
            for _ in 0..<2 {
                _ = network.accumulateGradients(golden.items.batch, smoothing: 0.1, scale: 0.1, in: pass)
                optimiser.update(rate: 1e-3)
            }
            return network.parameters.map(\.values)
        }
        #expect(try train(1) == train(2))
    }

    @Test func newAdaptersChangeNothingAndAreDrawnByTheSeed() throws {
        let base = try folders.folder("tiny-llama")
        let network = try DecoderNetwork(base)
        let tokens: [TokenID] = [1, 30, 31, 32, 2]
        let step = try base.loadGenerator().makeSession().prefill([tokens])
        let last = network.logits(tokens, tape: Tape()).suffix(60)
        for (a, b) in zip(last, step.logits) { #expect(abs(a - b) < 1e-4) }
        #expect(network.parameters.map(\.values) == (try DecoderNetwork(base)).parameters.map(\.values))
        #expect(network.parameters.map(\.values) != (try DecoderNetwork(base, seed: 2)).parameters.map(\.values))
    }

    /// What peft wrote, through the network; and what the network writes, through the runtime.
    @Test(arguments: [Precision.f32, .int8]) func theWrittenFolderRunsAsTheNetworkDoes(_ precision: Precision) throws {
        let network = try network()
        let source = golden.items.batch.items[2].source
        let logits = network.logits(source, tape: Tape())
        for (a, b) in zip(logits, golden.logits) { #expect(abs(a - b) < 2e-5) }

        try network.write(to: folders.output("written"), beginningWith: folders.folder("tiny-llama-adapter"))
        let folder = try folders.folder("written")
        let step = try folder.loadGenerator(precision: precision).makeSession().prefill([source])
        // Products of 8 bits need whole groups of inputs: the tiny model has none, and stays as it is.
        for (a, b) in zip(logits.suffix(60), step.logits) { #expect(abs(a - b) < 2e-5) }
        #expect(try folder.digest != folders.folder("tiny-llama").digest)
        #expect(try folder.base?.digest == folders.folder("tiny-llama").digest)
        // It is trained on from where it stands.
        let again = try DecoderNetwork(folder)
        #expect(again.parameters.map(\.values) == network.parameters.map(\.values))
    }

    @Test func theWrittenAdapterHasPeftsNamesAndShapes() throws {
        try network().write(to: folders.output("written"), beginningWith: folders.folder("tiny-llama"))
        let tensors = try Safetensors(path: folders.path("written/adapter_model.safetensors"))
        #expect(Dictionary(uniqueKeysWithValues: tensors.tensors.map { ($0.name, $0.shape) }) == golden.shapes)
        let members = try JSON(contentsOf: folders.path("written/adapter_config.json"))
        let peft = try JSON(contentsOf: folders.path("tiny-llama-adapter/adapter_config.json"))
        for name in ["peft_type", "task_type", "r", "lora_alpha", "target_modules", "bias"] {
            #expect(
                members[name]?.string == peft[name]?.string && members[name]?.double == peft[name]?.double
                    && members[name]?.array?.map(\.string) == peft[name]?.array?.map(\.string), "\(name)")
        }
    }
}
