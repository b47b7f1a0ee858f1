internal import TrawlCore
internal import TrawlTensors

/// ModernBERT (Warner et al. 2024, arXiv 2412.13663): rotary positions with two bases, attention to all tokens in every
/// third layer and to neighbours in the others, gated feed-forward blocks, norms before the blocks.
enum ModernBert {
    static func load(_ model: ModelFolder, _ precision: Precision) throws -> (EncoderConfiguration, EncoderWeights) {
        let settings = EncoderSettings(model: model)
        let sizes = try configuration(settings)
        let tensors = EncoderTensors(
            model, anchor: "embeddings.tok_embeddings.weight", epsilon: sizes.epsilon, precision: precision)
        let (hidden, wide) = (sizes.hiddenSize, sizes.feedForwardSize)
        let isLocal = try localLayers(settings, sizes.layerCount)
        let span = try settings.size("local_attention")
        let layers = try (0..<sizes.layerCount).map { index in
            let layer = "layers.\(index)."
            let (intermediate, gate) = try tensors.halves(layer + "mlp.Wi", wide, hidden)
            return EncoderWeights.Layer(
                // The first layer's input comes out of a norm.
                attentionNorm: index == 0 ? nil : try tensors.plainNorm(layer + "attn_norm", hidden),
                projections: try tensors.plainLinear(layer + "attn.Wqkv", 3 * hidden, hidden),
                attentionOutput: try tensors.plainLinear(layer + "attn.Wo", hidden, hidden),
                feedForwardNorm: try tensors.plainNorm(layer + "mlp_norm", hidden),
                intermediate: intermediate, gate: gate, output: try tensors.plainLinear(layer + "mlp.Wo", hidden, wide),
                rotation: isLocal[index] ? 1 : 0, window: isLocal[index] ? span / 2 : nil)
        }
        let parameters = settings["rope_parameters"]
        // Before transformers 5 a local base of null meant the global one.
        let localBase = settings["local_rope_theta"] ?? settings["global_rope_theta"]
        let weights = EncoderWeights(
            words: try tensors.matrix("embeddings.tok_embeddings", sizes.vocabularySize, hidden),
            embeddingNorm: try tensors.plainNorm("embeddings.norm", hidden), layers: layers,
            finalNorm: try tensors.plainNorm("final_norm", hidden),
            rotations: [
                try settings.rotation(
                    parameters?["full_attention"], base: settings["global_rope_theta"], default: 160_000,
                    dimension: sizes.headDimension),
                try settings.rotation(
                    parameters?["sliding_attention"], base: localBase, default: 10_000, dimension: sizes.headDimension),
            ])
        return (sizes, weights)
    }

    private static func configuration(_ settings: EncoderSettings) throws -> EncoderConfiguration {
        let hidden = try settings.size("hidden_size")
        let heads = try settings.size("num_attention_heads")
        return EncoderConfiguration(
            vocabularySize: try settings.size("vocab_size"), hiddenSize: hidden,
            layerCount: try settings.layers("num_hidden_layers"), headCount: heads,
            headDimension: try settings.headDimension(hidden: hidden, heads: heads),
            feedForwardSize: try settings.size("intermediate_size"),
            contextLength: try settings.size("max_position_embeddings"),
            epsilon: try settings.epsilon("norm_eps", default: 1e-5),
            activation: try settings.activation(settings["hidden_activation"]?.string), isGated: true,
            isPreNormed: true)
    }

    /// Which layers see neighbours alone: transformers 5's `layer_types`, or all but every n-th.
    private static func localLayers(_ settings: EncoderSettings, _ count: Int) throws -> [Bool] {
        guard let types = settings["layer_types"]?.array else {
            let name = "global_attn_every_n_layers"
            let period = try settings[name] == nil ? 3 : settings.size(name)
            return (0..<count).map { $0 % period != 0 }
        }
        guard types.count == count else { throw settings.corrupted("'layer_types' does not name \(count) layers") }
        return try types.map { type in
            switch type.string {
            case "full_attention": false
            case "sliding_attention": true
            default: throw settings.unsupported("a layer of the type '\(type.string ?? "")' is not supported")
            }
        }
    }
}
