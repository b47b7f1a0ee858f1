internal import TrawlCore
internal import TrawlTensors

/// T5 whole (Raffel et al. 2020, arXiv 1910.10683), its version 1.1 with gated blocks and a head of its own, and mT5 (Xue et
/// al. 2021, arXiv 2010.11934). The encoder is `T5Encoder`'s.
enum T5EncoderDecoder {
    /// A tensor that only files with a decoder have.
    static let decoderNorm = "decoder.final_layer_norm.weight"

    static func load(_ model: ModelFolder, _ precision: Precision) throws -> EncoderDecoderModel.Parts {
        let encoder = try EncoderModel(model, precision: precision)
        let settings = EncoderSettings(model: model)
        var sizes = try T5Encoder.configuration(settings)
        if settings["num_decoder_layers"] != nil { sizes.layerCount = try settings.layers("num_decoder_layers") }
        let configuration = EncoderDecoderConfiguration(
            encoder: encoder.configuration, decoder: sizes,
            startToken: try model.tokenID("decoder_start_token_id") ?? model.tokenID("pad_token_id") ?? 0,
            endToken: try model.tokenID("eos_token_id") ?? 1,
            forcedFirstToken: try model.tokenID("forced_bos_token_id"))
        let tensors = EncoderTensors(
            model, prefix: model.tensors.prefix(before: decoderNorm) ?? "", isExpanding: true, epsilon: sizes.epsilon,
            precision: precision)
        let hidden = sizes.hiddenSize
        let words = try tensors.matrix(
            tensors.has("shared.weight") ? "shared" : "decoder.embed_tokens", sizes.vocabularySize, hidden)
        let head = tensors.has("lm_head.weight") ? try tensors.matrix("lm_head", sizes.vocabularySize, hidden) : words
        // Version 1.1 does not scale; transformers 5 says so, older files say that the head is not tied.
        let isScaled = settings["scale_decoder_outputs"]?.bool ?? settings["tie_word_embeddings"]?.bool ?? true
        let weights = EncoderDecoderWeights(
            words: words,
            layers: try (0..<sizes.layerCount).map { try layer(tensors, "decoder.block.\($0).layer.", sizes) },
            finalNorm: try tensors.rootMeanSquareNorm("decoder.final_layer_norm", hidden),
            relativeBias: try relativeBias(settings, tensors, sizes),
            outputScale: isScaled ? 1 / Float(hidden).squareRoot() : 1,
            output: Linear(weight: tensors.product(head), bias: nil))
        return (encoder, configuration, weights)
    }

    private static func relativeBias(
        _ settings: EncoderSettings, _ tensors: EncoderTensors, _ sizes: EncoderConfiguration
    ) throws -> RelativeBias {
        let (buckets, longest) = try T5Encoder.relativePositions(settings)
        guard longest > buckets / 2 else {
            throw settings.unsupported("\(buckets) relative positions up to a distance of \(longest) are not supported")
        }
        let table = "decoder.block.0.layer.0.SelfAttention.relative_attention_bias"
        return RelativeBias(
            try tensors.matrix(table, buckets, sizes.headCount), bucketCount: buckets, longest: longest, isCausal: true)
    }

    private static func layer(
        _ tensors: EncoderTensors, _ name: String, _ sizes: EncoderConfiguration
    ) throws -> EncoderDecoderWeights.Layer {
        let (hidden, wide, attention) = (sizes.hiddenSize, sizes.feedForwardSize, sizes.attentionSize)
        func projection(_ part: String) throws -> Linear { try tensors.plainLinear(name + part, attention, hidden) }
        func norm(_ block: Int) throws -> Norm { try tensors.rootMeanSquareNorm("\(name)\(block).layer_norm", hidden) }
        let inner = name + "2.DenseReluDense."
        return EncoderDecoderWeights.Layer(
            attentionNorm: try norm(0), query: try projection("0.SelfAttention.q"),
            key: try projection("0.SelfAttention.k"), value: try projection("0.SelfAttention.v"),
            attentionOutput: try tensors.plainLinear(name + "0.SelfAttention.o", hidden, attention),
            crossNorm: try norm(1), crossQuery: try projection("1.EncDecAttention.q"),
            crossKey: try projection("1.EncDecAttention.k"), crossValue: try projection("1.EncDecAttention.v"),
            crossOutput: try tensors.plainLinear(name + "1.EncDecAttention.o", hidden, attention),
            feedForwardNorm: try norm(2),
            intermediate: try tensors.plainLinear(inner + (sizes.isGated ? "wi_0" : "wi"), wide, hidden),
            gate: sizes.isGated ? try tensors.plainLinear(inner + "wi_1", wide, hidden) : nil,
            output: try tensors.plainLinear(inner + "wo", hidden, wide))
    }
}
