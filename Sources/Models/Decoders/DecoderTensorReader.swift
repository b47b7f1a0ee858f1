internal import Core
internal import Tensors

/// Finds a decoder's tensors by what they are, in Hugging Face's names or GGUF's.
struct DecoderTensorReader {
    /// A tensor, by its names in Hugging Face's files and in GGUF's; those of layers follow the layer's number.
    enum Member {
        case embedding, norm, output
        case attentionNorm, query, key, value, queryNorm, keyNorm, attentionOutput, attentionOutputNorm
        case feedForwardNorm, innerFeedForwardNorm, feedForwardOutputNorm, gate, up, down

        fileprivate var names: (huggingFace: String, gguf: String) {
            switch self {
            case .embedding: ("embed_tokens", "token_embd")
            case .norm: ("norm", "output_norm")
            case .output: ("lm_head", "output")
            case .attentionNorm: ("input_layernorm", "attn_norm")
            case .query: ("self_attn.q_proj", "attn_q")
            case .key: ("self_attn.k_proj", "attn_k")
            case .value: ("self_attn.v_proj", "attn_v")
            case .queryNorm: ("self_attn.q_norm", "attn_q_norm")
            case .keyNorm: ("self_attn.k_norm", "attn_k_norm")
            case .attentionOutput: ("self_attn.o_proj", "attn_output")
            case .attentionOutputNorm: ("post_attention_layernorm", "post_attention_norm")
            case .feedForwardNorm: ("post_attention_layernorm", "ffn_norm")
            case .innerFeedForwardNorm: ("pre_feedforward_layernorm", "ffn_norm")
            case .feedForwardOutputNorm: ("post_feedforward_layernorm", "post_ffw_norm")
            case .gate: ("mlp.gate_proj", "ffn_gate")
            case .up: ("mlp.up_proj", "ffn_up")
            case .down: ("mlp.down_proj", "ffn_down")
            }
        }
    }

    private let tensors: any TensorCollection
    private let isGGUF: Bool
    /// `model.`, but for checkpoints without a head.
    private let prefix: String
    private let normsAreOffsets: Bool
    private let precision: Precision

    init(_ model: ModelFolder, _ sizes: DecoderConfiguration, _ precision: Precision) {
        tensors = model.tensors
        isGGUF = model.gguf != nil
        prefix = model.tensors.tensor(named: "embed_tokens.weight") == nil ? "model." : ""
        normsAreOffsets = sizes.normsAreOffsets
        self.precision = precision
    }

    private func name(_ member: Member, _ layer: Int?, _ part: String = "weight") -> String {
        let names = member.names
        if isGGUF { return (layer.map { "blk.\($0)." } ?? "") + names.gguf + "." + part }
        let start = if case .output = member { "" } else { prefix }
        return start + (layer.map { "layers.\($0)." } ?? "") + names.huggingFace + "." + part
    }

    func has(_ member: Member, _ layer: Int? = nil) -> Bool { tensors.tensor(named: name(member, layer)) != nil }

    func matrix(_ member: Member, _ rows: Int, _ columns: Int, _ layer: Int? = nil) throws -> WeightMatrix {
        try WeightMatrix(try tensors.requiredTensor(name(member, layer)), rows: rows, columns: columns)
    }

    /// A matrix that is multiplied with.
    func product(_ member: Member, _ rows: Int, _ columns: Int, _ layer: Int) throws -> WeightMatrix {
        try matrix(member, rows, columns, layer).prepared(for: precision)
    }

    /// nil where the product has no bias.
    func bias(_ member: Member, _ count: Int, _ layer: Int) throws -> WeightVector? {
        try tensors.tensor(named: name(member, layer, "bias")).map { try WeightVector($0, count: count) }
    }

    func norm(_ member: Member, _ count: Int, _ layer: Int? = nil) throws -> WeightVector {
        let stored = try WeightVector(try tensors.requiredTensor(name(member, layer)), count: count)
        return normsAreOffsets ? WeightVector(stored.values.map { 1 + $0 }) : stored
    }

    func optionalNorm(_ member: Member, _ count: Int, _ layer: Int) throws -> WeightVector? {
        has(member, layer) ? try norm(member, count, layer) : nil
    }
}
