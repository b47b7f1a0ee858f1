import Foundation
import Testing
import TrawlCore
import TrawlModels

@testable import TrawlTensors
@testable import TrawlTraining

private struct Golden: Decodable {
    let items: GoldenBatch
    let smoothing: Float
    let rate: Float
    let losses: [Double]
    let norms: [Double]
    /// Values of each gradient at regular intervals, at the first step.
    let gradients: [String: [Float]]
    /// The sums of each parameter's absolute values after the last step.
    let sums: [String: Double]
}

/// The network against PyTorch's EncoderDecoderModel (`eval/parity/training_goldens.py`).
@Suite struct EncoderDecoderNetworkTests {
    static var folder: String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/tiny-encoder-decoder").path
    }

    static func network(threads: Int? = nil) throws -> EncoderDecoderNetwork {
        var rates = TrainingRates()
        (rates.crossAttention, rates.decoder, rates.encoder, rates.embeddings) = (1, 1, 1, 1)
        return try EncoderDecoderNetwork(try ModelFolder(path: folder), rates: rates)
    }

    /// The parameters that the golden data trains and the network does not: the encoder's embedding norm.
    private static func isTrained(_ name: String) -> Bool { !name.hasPrefix("encoder.embeddings.LayerNorm") }

    @Test(arguments: [1024, 12])
    func lossAndGradientsAreThoseOfPyTorch(microBatch: Int) throws {
        let golden = try loadGolden("tiny-encoder-decoder.json", as: Golden.self)
        let network = try Self.network()
        let batch = golden.items.batch
        let tokens = Double(batch.targetTokens)
        let loss = network.accumulateGradients(
            batch, smoothing: golden.smoothing, scale: Float(1 / tokens),
            in: GradientPass(microBatch: microBatch))
        #expect(abs(loss / tokens - golden.losses[0]) < 1e-5)
        let parameters = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0) })
        var compared = 0
        for (name, expected) in golden.gradients where Self.isTrained(name) {
            let found = try #require(parameters[name]?.gradients, "\(name) has no gradient")
            for (number, index) in stride(from: 0, to: found.count, by: max(1, found.count / 16)).enumerated() {
                #expect(abs(found[index] - expected[number]) < 2e-5, "\(name)[\(index)]")
                compared += 1
            }
        }
        #expect(compared > 1000)
    }

    @Test func threeStepsOfAdamWAreThoseOfPyTorch() throws {
        let golden = try loadGolden("tiny-encoder-decoder.json", as: Golden.self)
        let network = try Self.network()
        let batch = golden.items.batch
        let tokens = Double(batch.targetTokens)
        let pass = GradientPass()
        let optimiser = AdamW(network.parameters)
        for step in 0..<3 {
            let loss = network.accumulateGradients(
                batch, smoothing: golden.smoothing, scale: Float(1 / tokens), in: pass)
            #expect(abs(loss / tokens - golden.losses[step]) < 2e-3)
            optimiser.update(rate: golden.rate)
        }
    }

    @Test func oneThreadAndTwoGiveTheSameBits() throws {
        let golden = try loadGolden("tiny-encoder-decoder.json", as: Golden.self)
        func train(_ threads: Int) throws -> [[Float]] {
            let pool = ThreadPool(threadCount: threads)
            let network = try Self.network()
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
}
