internal import Core
public import Tensors

/// A decoder of the Llama family: RMS norm, rotary positions, grouped heads of keys, SwiGLU (Touvron et al. 2023,
/// arXiv 2302.13971; grouped queries: Ainslie et al. 2023, arXiv 2305.13245).
public final class LlamaModel: Sendable {
    public let configuration: LlamaConfiguration
    let weights: LlamaWeights

    /// - Throws: `TrawlError` that names a missing tensor, or one whose shape contradicts the configuration.
    public init(_ model: ModelFolder, precision: Precision = .f32) throws {
        guard model.architecture == .llama else {
            throw TrawlError(
                .incompatible, "\(model.architectureName) is no decoder", path: model.path,
                remedy: "name a model of the Llama family")
        }
        configuration = try LlamaConfiguration(model)
        weights = try LlamaWeights(model, configuration, precision)
    }

    /// A session with an empty cache. Sessions are independent; one is used by one thread at a time.
    public func makeSession(pool: ThreadPool = .shared) -> any DecodingSession { LlamaSession(self, pool: pool) }
}

struct LlamaWeights: Sendable {
    struct Layer: Sendable {
        let attentionNorm: WeightVector
        let query: WeightMatrix
        let key: WeightMatrix
        let value: WeightMatrix
        let attentionOutput: WeightMatrix
        let feedForwardNorm: WeightVector
        let gate: WeightMatrix
        let up: WeightMatrix
        let down: WeightMatrix
    }

    let embedding: WeightMatrix
    let layers: [Layer]
    let norm: WeightVector
    /// The embedding itself where the file has no matrix of its own.
    let output: WeightMatrix

    /// The names of a layer's tensors, in the order of `Layer`'s members.
    private struct Names {
        let embedding, norm, output, layer: String
        let members: [String]
    }

    init(_ model: ModelFolder, _ sizes: LlamaConfiguration, _ precision: Precision) throws {
        let tensors = model.tensors
        let names =
            model.gguf == nil
            ? Names(
                embedding: "model.embed_tokens.weight", norm: "model.norm.weight", output: "lm_head.weight",
                layer: "model.layers.",
                members: [
                    "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                    "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
                ])
            : Names(
                embedding: "token_embd.weight", norm: "output_norm.weight", output: "output.weight", layer: "blk.",
                members: [
                    "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up",
                    "ffn_down",
                ])
        let hidden = sizes.hiddenSize
        func matrix(_ name: String, _ rows: Int, _ columns: Int) throws -> WeightMatrix {
            try WeightMatrix(try tensors.requiredTensor(name), rows: rows, columns: columns)
        }
        func product(_ name: String, _ rows: Int, _ columns: Int) throws -> WeightMatrix {
            try matrix(name, rows, columns).prepared(for: precision)
        }
        func vector(_ name: String) throws -> WeightVector {
            try WeightVector(try tensors.requiredTensor(name), count: hidden)
        }
        embedding = try matrix(names.embedding, sizes.vocabularySize, hidden)
        norm = try vector(names.norm)
        let tied =
            tensors.tensor(named: names.output) == nil || model.configuration["tie_word_embeddings"]?.bool == true
        output = (tied ? embedding : try matrix(names.output, sizes.vocabularySize, hidden)).prepared(for: precision)
        layers = try (0..<sizes.layerCount).map { index in
            func name(_ member: Int) -> String { "\(names.layer)\(index).\(names.members[member]).weight" }
            return Layer(
                attentionNorm: try vector(name(0)),
                query: try product(name(1), sizes.querySize, hidden),
                key: try product(name(2), sizes.keySize, hidden),
                value: try product(name(3), sizes.keySize, hidden),
                attentionOutput: try product(name(4), hidden, sizes.querySize),
                feedForwardNorm: try vector(name(5)),
                gate: try product(name(6), sizes.feedForwardSize, hidden),
                up: try product(name(7), sizes.feedForwardSize, hidden),
                down: try product(name(8), hidden, sizes.feedForwardSize))
        }
    }
}
