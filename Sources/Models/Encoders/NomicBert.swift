internal import TrawlCore
internal import TrawlTensors

/// nomic-embed-text's BERT (Nussbaum et al. 2024, arXiv 2402.01613): rotary positions, a gated feed-forward block and no
/// biases. config.json has the members of the model's own code (`n_embd`) or those of transformers 5 (`hidden_size`); the
/// tensors have the same names in both.
enum NomicBert {
    static func load(_ model: ModelFolder, _ precision: Precision) throws -> (EncoderConfiguration, EncoderWeights) {
        let settings = EncoderSettings(model: model)
        let sizes = try configuration(settings)
        let tensors = EncoderTensors(
            model, anchor: "embeddings.word_embeddings.weight", epsilon: sizes.epsilon, precision: precision)
        let (hidden, wide) = (sizes.hiddenSize, sizes.feedForwardSize)
        let layers = try (0..<sizes.layerCount).map { index in
            let layer = "encoder.layers.\(index)."
            return EncoderWeights.Layer(
                attentionNorm: try tensors.norm(layer + "norm1", hidden),
                projections: try tensors.plainLinear(layer + "attn.Wqkv", 3 * sizes.attentionSize, hidden),
                attentionOutput: try tensors.plainLinear(layer + "attn.out_proj", hidden, sizes.attentionSize),
                feedForwardNorm: try tensors.norm(layer + "norm2", hidden),
                intermediate: try tensors.plainLinear(layer + (sizes.isGated ? "mlp.fc12" : "mlp.fc1"), wide, hidden),
                gate: sizes.isGated ? try tensors.plainLinear(layer + "mlp.fc11", wide, hidden) : nil,
                output: try tensors.plainLinear(layer + "mlp.fc2", hidden, wide), rotation: 0)
        }
        var weights = EncoderWeights(
            words: try tensors.matrix("embeddings.word_embeddings", sizes.vocabularySize, hidden),
            embeddingNorm: try tensors.norm("emb_ln", hidden), layers: layers,
            rotations: [try rotation(settings, sizes.headDimension)])
        if sizes.segmentCount > 0 {
            weights.segments = try tensors.matrix("embeddings.token_type_embeddings", sizes.segmentCount, hidden)
        }
        return (sizes, weights)
    }

    private static func configuration(_ settings: EncoderSettings) throws -> EncoderConfiguration {
        for name in ["prenorm", "use_rms_norm", "parallel_block", "causal"] {
            try settings.require(name, .bool(false))
        }
        guard settings["moe_every_n_layers"]?.int ?? 0 <= 0 else {
            throw settings.unsupported("mixtures of experts ('moe_every_n_layers') are not supported")
        }
        let hidden = try settings.size("hidden_size", "n_embd")
        let heads = try settings.size("num_attention_heads", "n_head")
        // Its own code names the gated block by the whole, transformers by the function in it.
        let (activation, isGated): (Activation, Bool) =
            switch settings["activation_function"]?.string {
            case "swiglu": (.silu, true)
            case "geglu": (.geluErf, true)
            case let name?: (try settings.activation(name), false)
            case nil: (try settings.activation(settings["hidden_act"]?.string ?? "silu"), true)
            }
        // With a scaling factor its own code stretches the angles of inputs beyond the trained positions.
        let isStretched = settings["rotary_scaling_factor"] != nil
        let trained = isStretched ? try settings.size("max_trained_positions") : .max
        return EncoderConfiguration(
            vocabularySize: try settings.size("vocab_size"), hiddenSize: hidden,
            layerCount: try settings.layers("num_hidden_layers", "n_layer"), headCount: heads,
            headDimension: try settings["head_dim"] == nil
                ? settings.headDimension(hidden: hidden, heads: heads) : settings.size("head_dim"),
            feedForwardSize: try settings["n_embd"] != nil && settings["n_inner"] == nil
                ? 4 * hidden : settings.size("intermediate_size", "n_inner"),
            contextLength: min(try settings.size("max_position_embeddings", "n_positions"), trained),
            segmentCount: settings["type_vocab_size"]?.count ?? 0,
            epsilon: try settings.epsilon("layer_norm_eps", "layer_norm_epsilon", default: 1e-12),
            activation: activation, isGated: isGated)
    }

    private static func rotation(_ settings: EncoderSettings, _ headDimension: Int) throws -> Rotation {
        try settings.require("rotary_emb_interleaved", .bool(false))
        try settings.require("rotary_emb_fraction", .number(1))
        guard settings["rotary_emb_scale_base"] == nil else {
            throw settings.unsupported("'rotary_emb_scale_base' is not supported")
        }
        return try settings.rotation(
            settings["rope_parameters"], base: settings["rotary_emb_base"], default: 1000, dimension: headDimension)
    }
}
