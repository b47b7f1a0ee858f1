internal import TrawlCore
internal import TrawlTensors

/// BART (Lewis et al. 2020, arXiv 1910.13461) and, with norms before the blocks, mBART (Liu et al. 2020, arXiv 2001.08210),
/// under the names that transformers gives their tensors.
enum Bart {
    static func load(_ model: ModelFolder, _ precision: Precision) throws -> EncoderDecoderModel.Parts {
        let isPreNormed = model.architecture == .mbart
        let settings = EncoderSettings(model: model)
        try settings.require("normalize_before", .bool(isPreNormed))
        try settings.require("add_final_layer_norm", .bool(isPreNormed))
        try settings.require("normalize_embedding", .bool(true))
        try settings.require("static_position_embeddings", .bool(false))
        let configuration = EncoderDecoderConfiguration(
            encoder: try sizes(settings, "encoder", isPreNormed), decoder: try sizes(settings, "decoder", isPreNormed),
            startToken: try token(model, "decoder_start_token_id", default: isPreNormed ? nil : 2),
            endToken: try token(model, "eos_token_id", default: 2),
            forcedFirstToken: try model.tokenID("forced_bos_token_id"))
        let prefix = model.tensors.prefix(before: "encoder.embed_positions.weight") ?? "model."
        func tensors(_ prefix: String, isExpanding: Bool) -> EncoderTensors {
            EncoderTensors(
                model, prefix: prefix, isExpanding: isExpanding, epsilon: configuration.decoder.epsilon,
                precision: precision)
        }
        let (vocabulary, hidden) = (configuration.decoder.vocabularySize, configuration.decoder.hiddenSize)
        // The one matrix of words has several names; files keep one of them.
        let all = tensors("", isExpanding: true)
        let names = ["shared", "encoder.embed_tokens", "decoder.embed_tokens"].map { prefix + $0 } + ["lm_head"]
        let words = try all.matrix(names.first { all.has($0 + ".weight") } ?? names[0], vocabulary, hidden)
        let isTied = settings["tie_word_embeddings"]?.bool != false || !all.has("lm_head.weight")
        var bias: WeightVector?
        if all.has("final_logits_bias") {
            bias = WeightVector(try all.wholeMatrix("final_logits_bias", 1, vocabulary), row: 0)
        }
        let encoder = try encoderWeights(
            tensors(prefix + "encoder.", isExpanding: false), configuration.encoder, words: words)
        let decoder = tensors(prefix + "decoder.", isExpanding: true)
        let weights = EncoderDecoderWeights(
            words: words, positions: try positions(decoder, configuration.decoder),
            embeddingNorm: try decoder.norm("layernorm_embedding", hidden),
            layers: try (0..<configuration.decoder.layerCount).map {
                try layer(decoder, "layers.\($0).", configuration.decoder)
            },
            finalNorm: isPreNormed ? try decoder.norm("layer_norm", hidden) : nil,
            output: Linear(
                weight: all.product(isTied ? words : try all.matrix("lm_head", vocabulary, hidden)), bias: bias))
        return (EncoderModel(configuration: configuration.encoder, weights: encoder), configuration, weights)
    }

    private static func sizes(
        _ settings: EncoderSettings, _ side: String, _ isPreNormed: Bool
    ) throws -> EncoderConfiguration {
        let hidden = try settings.size("d_model")
        let heads = try settings.size(side + "_attention_heads")
        return EncoderConfiguration(
            vocabularySize: try settings.size("vocab_size"), hiddenSize: hidden,
            layerCount: try settings.layers(side + "_layers"), headCount: heads,
            headDimension: try settings.headDimension(hidden: hidden, heads: heads),
            feedForwardSize: try settings.size(side + "_ffn_dim"),
            contextLength: try settings.size("max_position_embeddings"), epsilon: 1e-5,
            activation: try settings.activation(settings["activation_function"]?.string), isPreNormed: isPreNormed,
            // fairseq's tables began with rows for padding, whatever its id.
            firstPosition: 2,
            embeddingScale: settings["scale_embedding"]?.bool == true ? Float(hidden).squareRoot() : 1)
    }

    private static func token(_ model: ModelFolder, _ name: String, default standard: TokenID?) throws -> TokenID {
        if let id = try model.tokenID(name) ?? standard { return id }
        throw TrawlError(
            .corrupted, "'\(name)' is missing", path: model.configurationPath,
            remedy: "add it: mBART's texts begin with their language's token")
    }

    private static func positions(_ tensors: EncoderTensors, _ sizes: EncoderConfiguration) throws -> WeightMatrix {
        try tensors.matrix("embed_positions", sizes.contextLength + sizes.firstPosition, sizes.hiddenSize)
    }

    private static func encoderWeights(
        _ tensors: EncoderTensors, _ sizes: EncoderConfiguration, words: WeightMatrix
    ) throws -> EncoderWeights {
        let (hidden, wide) = (sizes.hiddenSize, sizes.feedForwardSize)
        let layers = try (0..<sizes.layerCount).map { index in
            let layer = "layers.\(index)."
            return EncoderWeights.Layer(
                attentionNorm: try tensors.norm(layer + "self_attn_layer_norm", hidden),
                projections: try tensors.stacked(
                    ["q", "k", "v"].map { "\(layer)self_attn.\($0)_proj" }, hidden, hidden, hasBias: true),
                attentionOutput: try tensors.linear(layer + "self_attn.out_proj", hidden, hidden),
                feedForwardNorm: try tensors.norm(layer + "final_layer_norm", hidden),
                intermediate: try tensors.linear(layer + "fc1", wide, hidden), gate: nil,
                output: try tensors.linear(layer + "fc2", hidden, wide))
        }
        return EncoderWeights(
            words: words, positions: try positions(tensors, sizes),
            embeddingNorm: try tensors.norm("layernorm_embedding", hidden), layers: layers,
            finalNorm: sizes.isPreNormed ? try tensors.norm("layer_norm", hidden) : nil)
    }

    private static func layer(
        _ tensors: EncoderTensors, _ name: String, _ sizes: EncoderConfiguration
    ) throws -> EncoderDecoderWeights.Layer {
        let (hidden, wide) = (sizes.hiddenSize, sizes.feedForwardSize)
        func square(_ part: String) throws -> Linear { try tensors.linear(name + part, hidden, hidden) }
        return EncoderDecoderWeights.Layer(
            attentionNorm: try tensors.norm(name + "self_attn_layer_norm", hidden),
            query: try square("self_attn.q_proj"), key: try square("self_attn.k_proj"),
            value: try square("self_attn.v_proj"), attentionOutput: try square("self_attn.out_proj"),
            crossNorm: try tensors.norm(name + "encoder_attn_layer_norm", hidden),
            crossQuery: try square("encoder_attn.q_proj"), crossKey: try square("encoder_attn.k_proj"),
            crossValue: try square("encoder_attn.v_proj"), crossOutput: try square("encoder_attn.out_proj"),
            feedForwardNorm: try tensors.norm(name + "final_layer_norm", hidden),
            intermediate: try tensors.linear(name + "fc1", wide, hidden), gate: nil,
            output: try tensors.linear(name + "fc2", hidden, wide))
    }
}
