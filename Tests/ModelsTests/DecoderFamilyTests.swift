import Foundation
import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport

@testable import TrawlModels

/// Decoders beside Llama against transformers, on tiny random checkpoints: `eval/parity/decoders_goldens.py`.
@Suite struct DecoderFamilyTests {
    static let causal = ["tiny-mistral", "tiny-qwen2", "tiny-qwen3", "tiny-gemma3"]

    private func folder(_ name: String) throws -> ModelFolder { try ModelFolder(path: TestFiles.golden(name)) }

    private func rows(_ name: String) throws -> [JSON] {
        try #require(try JSON(contentsOf: TestFiles.golden("\(name)/golden.json")).array)
    }

    private func difference(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }

    @Test(arguments: causal + ["tiny-gemma3-bidirectional", "tiny-mistral-bidirectional"]) func statesMatchTransformers(
        name: String
    ) throws {
        let encoder = try folder(name).loadEncoder()
        let rows = try rows(name)
        let inputs = rows.map { EncoderInput(tokens: tokens($0["ids"])) }
        var largest: Float = 0
        for threads in [1, 2] {
            for (row, states) in zip(rows, try encode(encoder, inputs, threads: threads)) {
                largest = max(largest, difference(states, floats(row["states"])))
            }
        }
        #expect(largest < 1e-4)
        if ProcessInfo.processInfo.environment["TRAWL_MEASURE"] != nil { print("\(name): \(largest)") }
    }

    @Test(arguments: causal) func logitsMatchTransformers(name: String) throws {
        let model = try folder(name).loadDecoder()
        for row in try rows(name) {
            let step = try model.makeSession().prefill([tokens(row["ids"])])
            #expect(difference(Array(step.logits), floats(row["last"])) < 1e-4)
        }
    }

    /// Beams that stand behind a prompt see as far back as their windows, into the prompt and past each other's branches.
    @Test(arguments: causal) func branchesBehindAPromptEqualPlainPasses(name: String) throws {
        let model = try folder(name).loadDecoder()
        let session = model.makeSession()
        let prompt: [TokenID] = [3, 1, 4, 1, 5, 9, 2]
        var beams = [(node: try session.prefill([prompt]).nodes[0], tokens: prompt)]
        for round in 0..<9 {
            let grown = beams.flatMap { beam in
                (0..<2).map { fork in
                    (beam.node, beam.tokens + [TokenID((round * 31 + fork * 7 + beam.tokens.count) % 96)])
                }
            }.prefix(4)
            let step = try session.advance(grown.map { DecodingRow(parent: $0.0, token: $0.1.last ?? 0) })
            for (index, (_, history)) in grown.enumerated() {
                let plain = try model.makeSession().prefill([history])
                #expect(difference(Array(step.row(index)), Array(plain.logits)) < 1e-4)
            }
            beams = zip(step.nodes, grown).map { ($0, $1.1) }
        }
    }

    @Test(arguments: causal) func aSharedPrefixChangesNoState(name: String) throws {
        let encoder = try folder(name).loadEncoder()
        let prefix = (0..<17).map { TokenID($0 * 5 % 96) }
        let inputs = [1, 6, 12].map { length in EncoderInput(tokens: (0..<length).map { TokenID($0 * 11 % 96) }) }
        let whole = try encode(encoder, inputs.map { EncoderInput(tokens: prefix + $0.tokens) }, threads: 2)
        let prefixed = try #require(try encoder.continuing(prefix))
        for _ in 0..<2 {
            for (states, all) in zip(try encode(prefixed, inputs, threads: 2), whole) {
                #expect(difference(states, Array(all.suffix(states.count))) < 1e-5)
            }
        }
        #expect(prefixed.contextLength == encoder.contextLength - 17)
    }

    @Test func bidirectionalModelsShareNoPrefix() throws {
        let encoder = try folder("tiny-gemma3-bidirectional").loadEncoder()
        #expect(try encoder.continuing([1, 2, 3]) == nil)
    }

    @Test func inputsThatDoNotFitAreRefused() throws {
        let encoder = try folder("tiny-qwen3").loadEncoder()
        for input in [
            EncoderInput(tokens: []), EncoderInput(tokens: [96]), EncoderInput(tokens: [1, 2], segments: [0, 1]),
            EncoderInput(tokens: [TokenID](repeating: 1, count: 129)),
        ] {
            #expect(throws: TrawlError.self) { try encoder.encode([input], pool: .shared) { _, _ in } }
        }
        #expect(throws: TrawlError.self) { try encoder.continuing([200]) }
    }
}
