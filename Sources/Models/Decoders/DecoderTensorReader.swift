internal import TrawlCore
package import TrawlTensors

/// Finds a decoder's tensors by what they are, in Hugging Face's names or GGUF's.
package struct DecoderTensorReader {
    /// A tensor, by its names in Hugging Face's files and in GGUF's; those of layers follow the layer's number.
    package enum Member {
        case embedding, norm, output
        case attentionNorm, query, key, value, queryNorm, keyNorm, attentionOutput, attentionOutputNorm
        case feedForwardNorm, innerFeedForwardNorm, feedForwardOutputNorm, gate, up, down

        /// What Hugging Face's files call it, in a layer.
        package var moduleName: String { names.huggingFace }

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
    private let adapter: LowRankFolder?
    private let headDimension: Int
    private let isTiedByConfiguration: Bool

    package init(_ model: ModelFolder, _ sizes: DecoderConfiguration, _ precision: Precision = .f32) {
        tensors = model.tensors
        isGGUF = model.gguf != nil
        prefix = model.tensors.tensor(named: "embed_tokens.weight") == nil ? "model." : ""
        normsAreOffsets = sizes.normsAreOffsets
        self.precision = precision
        adapter = model.adapter
        headDimension = sizes.headDimension
        isTiedByConfiguration = model.configuration["tie_word_embeddings"]?.bool == true
    }

    private func name(_ member: Member, _ layer: Int?, _ part: String = "weight") -> String {
        let names = member.names
        if isGGUF { return (layer.map { "blk.\($0)." } ?? "") + names.gguf + "." + part }
        let start = if case .output = member { "" } else { prefix }
        return start + (layer.map { "layers.\($0)." } ?? "") + names.huggingFace + "." + part
    }

    package func has(_ member: Member, _ layer: Int? = nil) -> Bool {
        tensors.tensor(named: name(member, layer)) != nil
    }

    /// Whether the matrix of the logits is the embedding itself: the file has none of its own, or config.json ties them.
    package var isTied: Bool { !has(.output) || isTiedByConfiguration }

    package func matrix(_ member: Member, _ rows: Int, _ columns: Int, _ layer: Int? = nil) throws -> WeightMatrix {
        try WeightMatrix(try tensors.requiredTensor(name(member, layer)), rows: rows, columns: columns)
    }

    /// A matrix that is multiplied with, as the adapter changes it.
    func product(_ member: Member, _ rows: Int, _ columns: Int, _ layer: Int) throws -> WeightMatrix {
        let stored = try matrix(member, rows, columns, layer)
        guard let adapter,
            let change = try adapter.matrices(
                layer: layer, module: member.moduleName, rows: rows, columns: columns)
        else { return stored.prepared(for: precision) }
        let up = change.up.map { adapter.scale * $0 }
        return stored.adding(
            productOf: isTurned(member) ? HeadRows.interleaved(up, rows: rows, headDimension: headDimension) : up,
            change.down,
            rank: adapter.rank
        ).prepared(for: precision)
    }

    /// The numbers of a matrix without the adapter's change, its rows in Hugging Face's order.
    package func floats(_ member: Member, _ rows: Int, _ columns: Int, _ layer: Int? = nil) throws -> [Float] {
        let stored = try matrix(member, rows, columns, layer)
        let values = [Float](unsafeUninitializedCapacity: rows * columns) { out, count in
            if let base = out.baseAddress { stored.decode(row: 0, count: rows, into: base) }
            count = rows * columns
        }
        return isTurned(member) ? HeadRows.halves(values, rows: rows, headDimension: headDimension) : values
    }

    /// Whether rows lie in GGUF's order, which is another for what rotary positions turn.
    private func isTurned(_ member: Member) -> Bool {
        switch member {
        case .query, .key: isGGUF
        default: false
        }
    }

    /// nil where the product has no bias.
    package func bias(_ member: Member, _ count: Int, _ layer: Int) throws -> WeightVector? {
        try tensors.tensor(named: name(member, layer, "bias")).map { try WeightVector($0, count: count) }
    }

    package func norm(_ member: Member, _ count: Int, _ layer: Int? = nil) throws -> WeightVector {
        let stored = try WeightVector(try tensors.requiredTensor(name(member, layer)), count: count)
        return normsAreOffsets ? WeightVector(stored.values.map { 1 + $0 }) : stored
    }

    func optionalNorm(_ member: Member, _ count: Int, _ layer: Int) throws -> WeightVector? {
        has(member, layer) ? try norm(member, count, layer) : nil
    }
}
