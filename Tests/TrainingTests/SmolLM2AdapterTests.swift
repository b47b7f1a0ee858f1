import Foundation
import Testing
import TrawlCore
import TrawlModels
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlTensors
@testable import TrawlTraining

/// SmolLM2 as a GGUF file, whose projections to heads have their rows in another order than adapters do.
@Suite struct SmolLM2AdapterTests {
    private static var models: String {
        (ProcessInfo.processInfo.environment["TRAWL_HOME"] ?? NSHomeDirectory() + "/.cache/trawl") + "/models"
    }

    @Test func theRuntimeMergesWhatTheNetworkComputes() throws {
        let temporary = try TemporaryFolder()
        let home = temporary.path
        try FileManager.default.createSymbolicLink(
            atPath: home + "/smol", withDestinationPath: Self.models + "/smollm2-135m-instruct")
        let base = try ModelFolder(path: home + "/smol")
        var settings = LowRankSettings()
        (settings.rank, settings.alpha) = (4, 8)
        let network = try DecoderNetwork(base, settings: settings)
        var random = SplitMix64(seed: 3)
        for parameter in network.parameters {
            try parameter.replaceValues(
                (0..<parameter.count).map { _ in 0.02 * (Float(random.next() >> 40) / Float(1 << 23) - 1) })
        }
        let prompt = try base.loadTokenizer().encodeIDs("The gravity of the moon")
        let logits = network.logits(prompt, tape: Tape()).suffix(network.vocabularySize)
        try network.write(
            to: TrainedModelFolder(path: home + "/written", storage: .f32, base: base), beginningWith: base)
        let folder = try ModelFolder(path: home + "/written")
        let step = try folder.loadGenerator().makeSession().prefill([prompt])
        let plain = try base.loadGenerator().makeSession().prefill([prompt])
        var (worst, change): (Float, Float) = (0, 0)
        for ((a, b), c) in zip(zip(logits, step.logits), plain.logits) {
            worst = max(worst, abs(a - b))
            change = max(change, abs(b - c))
        }
        #expect(worst < 2e-3 && change > 0.1, "\(worst) of \(change)")
        #expect(try folder.loadTokenizer().vocabularySize == network.vocabularySize)
        let states = try folder.loadEncoder()
        #expect(states.hiddenSize == 576)
    }

    /// What training puts around queries is what search reads, to the token.
    @Test func sourcesAreThePromptsOfSearch() throws {
        let queries = ["0-dimensional biomaterials lack inductive properties.", "vitamin D?", "Is 1 > 2 (or 3)", "été"]
        let tokenizer = try ModelFolder(path: Self.models + "/smollm2-135m-instruct").loadTokenizer()
        let decoder = try SourceTemplate(prompt: "Question: {query}\nPassage:", tokenizer: tokenizer)
        let encoder = try SourceTemplate(
            prompt: "{query}", tokenizer: try ModelFolder(path: Self.models + "/all-MiniLM-L6-v2").loadTokenizer())
        #expect(encoder.start == [101] && encoder.end == [102])
        for template in [decoder, encoder] {
            for query in queries {
                #expect(template.start + template.tokens(query) + template.end == template.source(query), "\(query)")
            }
        }
        #expect(throws: TrawlError.self) { try SourceTemplate(prompt: "Question:", tokenizer: tokenizer) }
    }
}
