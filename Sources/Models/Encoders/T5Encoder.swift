internal import TrawlCore
internal import TrawlTensors

/// The encoder of T5 (Raffel et al. 2020, arXiv 1910.10683), as in sentence-t5 (Ni et al. 2022, arXiv 2108.08877) and
/// INSTRUCTOR: relative positions, norms by the root mean square before the blocks, scores that are not scaled.
enum T5Encoder {
    static func load(_ model: ModelFolder, _ precision: Precision) throws -> (EncoderConfiguration, EncoderWeights) {
        let settings = EncoderSettings(model: model)
        let sizes = try configuration(settings)
        let tensors = EncoderTensors(
            model, anchor: "encoder.final_layer_norm.weight", epsilon: sizes.epsilon, precision: precision)
        let (hidden, wide, attention) = (sizes.hiddenSize, sizes.feedForwardSize, sizes.attentionSize)
        let layers = try (0..<sizes.layerCount).map { index in
            let first = "encoder.block.\(index).layer.0."
            let second = "encoder.block.\(index).layer.1."
            let inner = second + "DenseReluDense."
            return EncoderWeights.Layer(
                attentionNorm: try tensors.rootMeanSquareNorm(first + "layer_norm", hidden),
                projections: try tensors.stacked(
                    ["q", "k", "v"].map { first + "SelfAttention." + $0 }, attention, hidden, hasBias: false),
                attentionOutput: try tensors.plainLinear(first + "SelfAttention.o", hidden, attention),
                feedForwardNorm: try tensors.rootMeanSquareNorm(second + "layer_norm", hidden),
                intermediate: try tensors.plainLinear(inner + (sizes.isGated ? "wi_0" : "wi"), wide, hidden),
                gate: sizes.isGated ? try tensors.plainLinear(inner + "wi_1", wide, hidden) : nil,
                output: try tensors.plainLinear(inner + "wo", hidden, wide))
        }
        let (buckets, longest) = try relativePositions(settings)
        let bias = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias"
        let words = tensors.has("shared.weight") ? "shared" : "encoder.embed_tokens"
        let weights = EncoderWeights(
            words: try tensors.matrix(words, sizes.vocabularySize, hidden), layers: layers,
            finalNorm: try tensors.rootMeanSquareNorm("encoder.final_layer_norm", hidden),
            relativeBias: RelativeBias(
                try tensors.matrix(bias, buckets, sizes.headCount), bucketCount: buckets, longest: longest))
        return (sizes, weights)
    }

    /// The buckets of relative positions, those of both directions together, and the distance from which on all share one.
    static func relativePositions(_ settings: EncoderSettings) throws -> (buckets: Int, longest: Int) {
        let buckets = try settings.size("relative_attention_num_buckets")
        let longest =
            try settings["relative_attention_max_distance"] == nil
            ? 128 : settings.size("relative_attention_max_distance")
        guard buckets >= 4, buckets % 4 == 0, longest > buckets / 4,
            longest <= EncoderConfiguration.greatestDistance
        else {
            throw settings.unsupported("\(buckets) relative positions up to a distance of \(longest) are not supported")
        }
        return (buckets, longest)
    }

    static func configuration(_ settings: EncoderSettings) throws -> EncoderConfiguration {
        // `gated-gelu` means the tanh form, `gated-silu` and `relu` what they say.
        let name = settings["feed_forward_proj"]?.string ?? "relu"
        let isGated = name.hasPrefix("gated-")
        let inside = isGated ? String(name.dropFirst("gated-".count)) : name
        return EncoderConfiguration(
            vocabularySize: try settings.size("vocab_size"), hiddenSize: try settings.size("d_model"),
            layerCount: try settings.layers("num_layers"), headCount: try settings.size("num_heads"),
            headDimension: try settings.size("d_kv"), feedForwardSize: try settings.size("d_ff"),
            contextLength: EncoderConfiguration.unboundedContext,
            epsilon: try settings.epsilon("layer_norm_epsilon", default: 1e-6),
            activation: try settings.activation(name == "gated-gelu" ? "gelu_new" : inside), isGated: isGated,
            isPreNormed: true, isScaled: false)
    }
}
