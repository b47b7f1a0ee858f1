import Foundation
import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlModels

/// Tiny random checkpoints whose states transformers computed (`eval/parity/encoders_goldens.py`): biases that are not
/// 0, norms that are not 1, inputs longer than a window and than a tile of queries, heads wider than the hidden units.
@Suite struct EncoderArchitectureTests {
    static let names = [
        "tiny-xlm-roberta", "tiny-distilbert", "tiny-mpnet", "tiny-nomic-bert", "tiny-modernbert", "tiny-t5",
        "tiny-t5-gated",
    ]

    private struct Case {
        let input: EncoderInput
        let step: Int
        let states: [Float]
    }

    private func cases(_ name: String) throws -> [Case] {
        try #require(try JSON(contentsOf: TestFiles.golden("\(name)/golden.json")).array).map { item in
            Case(
                input: EncoderInput(
                    tokens: tokens(item["ids"]), segments: tokens(item["segments"]).map { UInt8($0) }),
                step: try #require(item["step"]?.int), states: floats(item["states"]))
        }
    }

    /// The largest difference between the states of an encoder and those of transformers.
    private func difference(_ model: any TokenEncoder, _ cases: [Case]) throws -> Float {
        var largest: Float = 0
        for (got, item) in zip(try encode(model, cases.map(\.input), threads: 2), cases) {
            let width = model.hiddenSize
            let kept = stride(from: 0, to: item.input.tokens.count, by: item.step)
                .flatMap { got[$0 * width..<($0 + 1) * width] }
            try #require(kept.count == item.states.count)
            for (a, b) in zip(kept, item.states) { largest = max(largest, abs(a - b)) }
        }
        return largest
    }

    @Test(arguments: names) func statesMatchTransformers(_ name: String) throws {
        let model = try ModelFolder(path: TestFiles.golden(name)).loadEncoder()
        let difference = try difference(model, cases(name))
        #expect(difference < 1e-4)
        if ProcessInfo.processInfo.environment["TRAWL_MEASURE"] != nil { print("\(name): \(difference)") }
    }

    @Test(arguments: names) func anInputGivesItsBitsInAnyBatchOnAnyThreads(_ name: String) throws {
        let model = try ModelFolder(path: TestFiles.golden(name)).loadEncoder()
        let inputs = (0..<30).map { i in
            EncoderInput(tokens: (0..<1 + (i * 29) % 130).map { TokenID(3 + ($0 * 7 + i * 31) % 140) })
        }
        let together = try encode(model, inputs, threads: 2)
        #expect(try encode(model, inputs, threads: 1) == together)
        for index in [0, 7, 29] { #expect(try encode(model, [inputs[index]], threads: 2)[0] == together[index]) }
    }

    @Test(arguments: names) func firstTokensAloneHaveTheBitsThatTheyHaveAmongAll(_ name: String) throws {
        let model = try ModelFolder(path: TestFiles.golden(name)).loadEncoder()
        let inputs = (0..<30).map { i in
            EncoderInput(tokens: (0..<1 + (i * 29) % 130).map { TokenID(3 + ($0 * 7 + i * 31) % 140) })
        }
        let all = try encode(model, inputs, threads: 2)
        let first = UnsafeMutablePointer<Float>.allocate(capacity: inputs.count * model.hiddenSize)
        defer { first.deallocate() }
        nonisolated(unsafe) let target = first
        try model.encodeFirstTokens(inputs, pool: ThreadPool(threadCount: 2)) { input, state in
            for (index, value) in state.enumerated() { target[input * model.hiddenSize + index] = value }
        }
        for (index, states) in all.enumerated() {
            let own = UnsafeBufferPointer(start: first + index * model.hiddenSize, count: model.hiddenSize)
            #expect(Array(own) == Array(states.prefix(model.hiddenSize)), "\(inputs[index].tokens.count) tokens")
        }
    }

    @Test(arguments: ["tiny-modernbert", "tiny-t5"]) func tokenizersBesideTheWeightsAreRead(_ name: String) throws {
        let tokenizer = try ModelFolder(path: TestFiles.golden(name)).loadTokenizer()
        for item in try #require(try JSON(contentsOf: TestFiles.golden("\(name)/tokens.json")).array) {
            let text = try #require(item["text"]?.string)
            #expect(tokenizer.encodeIDs(text) == tokens(item["ids"]), "\(text)")
        }
    }

    @Test func theOwnConfigurationOfNomicBertIsTheSameModel() throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden("tiny-nomic-bert"))
        try copy.write(
            "config.json",
            """
            {"model_type": "nomic_bert", "architectures": ["NomicBertModel"], "vocab_size": 150, "n_embd": 24,
             "n_layer": 2, "n_head": 3, "n_inner": 40, "n_positions": 8192, "max_trained_positions": 2048,
             "rotary_scaling_factor": 2, "moe_every_n_layers": -1,
             "layer_norm_epsilon": 1e-4, "activation_function": "swiglu", "rotary_emb_base": 1000, "head_dim": 12,
             "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": false, "rotary_emb_scale_base": null,
             "prenorm": false, "use_rms_norm": false, "parallel_block": false, "type_vocab_size": 2}
            """)
        let model = try ModelFolder(path: copy.path).loadEncoder()
        #expect(model.contextLength == 2048)
        #expect(try difference(model, cases("tiny-nomic-bert")) < 1e-4)
    }

    @Test func anOlderConfigurationOfModernBertIsTheSameModel() throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden("tiny-modernbert"))
        try copy.edit(
            "config.json", "\"rope_parameters\"",
            "\"global_rope_theta\": 160000.0, \"local_rope_theta\": 10000.0, \"x\"")
        try copy.edit("config.json", "\"layer_types\"", "\"global_attn_every_n_layers\": 3, \"y\"")
        #expect(try difference(ModelFolder(path: copy.path).loadEncoder(), cases("tiny-modernbert")) < 1e-4)
    }

    @Test(arguments: [
        ("tiny-nomic-bert", "\"head_dim\"", "\"prenorm\": true, \"head_dim\"", "prenorm"),
        ("tiny-nomic-bert", "\"head_dim\"", "\"rotary_emb_fraction\": 0.5, \"head_dim\"", "rotary_emb_fraction"),
        ("tiny-nomic-bert", "\"head_dim\"", "\"moe_every_n_layers\": 2, \"head_dim\"", "mixtures of experts"),
        ("tiny-nomic-bert", "\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"", "yarn"),
        ("tiny-modernbert", "\"full_attention\",", "\"linear_attention\",", "linear_attention"),
        ("tiny-t5", "\"feed_forward_proj\": \"relu\"", "\"feed_forward_proj\": \"gated-mish\"", "mish"),
        ("tiny-t5", "_num_buckets\": 8", "_num_buckets\": 6", "6 relative positions"),
        ("tiny-xlm-roberta", "\"xlm-roberta\"", "\"deberta\"", "deberta"),
    ])
    func whatCannotBeComputedIsNamed(_ name: String, _ old: String, _ new: String, _ fact: String) throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden(name))
        try copy.edit("config.json", old, new)
        let error = #expect(throws: TrawlError.self) { try ModelFolder(path: copy.path).loadEncoder() }
        #expect(error?.code == .unsupported && error?.message.contains(fact) == true)
        #expect(error?.path?.hasSuffix("config.json") == true)
    }

    @Test(arguments: [
        ("tiny-nomic-bert", "\"head_dim\": 12", "\"head_dim\": 11"),
        ("tiny-nomic-bert", "\"rope_theta\": 1000.0", "\"rope_theta\": 0"),
        ("tiny-modernbert", "\"num_attention_heads\": 3", "\"num_attention_heads\": 5"),
        ("tiny-modernbert", "\"intermediate_size\": 20", "\"intermediate_size\": 21"),
        ("tiny-modernbert", "\"local_attention\": 8", "\"local_attention\": -8"),
        ("tiny-t5", "\"d_kv\": 10", "\"d_kv\": 9"),
        ("tiny-distilbert", "\"max_position_embeddings\": 132", "\"max_position_embeddings\": 131"),
    ])
    func contradictorySizesAreErrors(_ name: String, _ old: String, _ new: String) throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden(name))
        try copy.edit("config.json", old, new)
        #expect(throws: TrawlError.self) { try ModelFolder(path: copy.path).loadEncoder() }
    }
}
