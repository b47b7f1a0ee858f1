internal import TrawlCore
internal import TrawlTensors

/// BERT (Devlin et al. 2019, arXiv 1810.04805), RoBERTa and XLM-R (Liu et al. 2019, arXiv 1907.11692), DistilBERT (Sanh
/// et al. 2019, arXiv 1910.01108) and MPNet (Song et al. 2020, arXiv 2004.09297), under the names that transformers' models
/// give their tensors.
enum BertFamily {
    /// The names of a layer's members.
    private struct Names {
        let layer: String
        let projections: [String]
        let attentionOutput, attentionNorm, intermediate, output, outputNorm: String
    }

    private static func names(_ architecture: ModelFolder.Architecture) -> Names {
        switch architecture {
        case .distilbert:
            Names(
                layer: "transformer.layer.", projections: ["q", "k", "v"].map { "attention.\($0)_lin" },
                attentionOutput: "attention.out_lin", attentionNorm: "sa_layer_norm", intermediate: "ffn.lin1",
                output: "ffn.lin2", outputNorm: "output_layer_norm")
        case .mpnet:
            Names(
                layer: "encoder.layer.", projections: ["q", "k", "v"].map { "attention.attn.\($0)" },
                attentionOutput: "attention.attn.o", attentionNorm: "attention.LayerNorm",
                intermediate: "intermediate.dense", output: "output.dense", outputNorm: "output.LayerNorm")
        default:
            Names(
                layer: "encoder.layer.", projections: ["query", "key", "value"].map { "attention.self.\($0)" },
                attentionOutput: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
                intermediate: "intermediate.dense", output: "output.dense", outputNorm: "output.LayerNorm")
        }
    }

    static func load(_ model: ModelFolder, _ precision: Precision) throws -> (EncoderConfiguration, EncoderWeights) {
        var sizes = try configuration(model)
        let tensors = EncoderTensors(
            model, anchor: "embeddings.word_embeddings.weight", epsilon: sizes.epsilon, precision: precision)
        let hidden = sizes.hiddenSize
        if !tensors.has("embeddings.token_type_embeddings.weight") { sizes.segmentCount = 0 }
        let names = names(model.architecture)
        let layers = try (0..<sizes.layerCount).map { index in
            let layer = "\(names.layer)\(index)."
            return EncoderWeights.Layer(
                attentionNorm: try tensors.norm(layer + names.attentionNorm, hidden),
                projections: try tensors.stacked(names.projections.map { layer + $0 }, hidden, hidden, hasBias: true),
                attentionOutput: try tensors.linear(layer + names.attentionOutput, hidden, hidden),
                feedForwardNorm: try tensors.norm(layer + names.outputNorm, hidden),
                intermediate: try tensors.linear(layer + names.intermediate, sizes.feedForwardSize, hidden),
                gate: nil, output: try tensors.linear(layer + names.output, hidden, sizes.feedForwardSize))
        }
        var weights = EncoderWeights(
            words: try tensors.matrix("embeddings.word_embeddings", sizes.vocabularySize, hidden),
            positions: try tensors.matrix(
                "embeddings.position_embeddings", sizes.contextLength + sizes.firstPosition, hidden),
            embeddingNorm: try tensors.norm("embeddings.LayerNorm", hidden), layers: layers)
        if sizes.segmentCount > 0 {
            weights.segments = try tensors.matrix("embeddings.token_type_embeddings", sizes.segmentCount, hidden)
        }
        if model.architecture == .mpnet {
            let buckets = try model.size("relative_attention_num_buckets")
            guard buckets >= mpnetBuckets else {
                throw EncoderSettings(model: model).unsupported("\(buckets) relative positions are fewer than MPNet's")
            }
            weights.relativeBias = RelativeBias(
                try tensors.matrix("encoder.relative_attention_bias", buckets, sizes.headCount),
                bucketCount: mpnetBuckets, longest: 128)
        }
        return (sizes, weights)
    }

    /// What transformers' MPNet uses, whatever config.json says.
    private static let mpnetBuckets = 32

    static func configuration(_ model: ModelFolder) throws -> EncoderConfiguration {
        let settings = EncoderSettings(model: model)
        let isDistilled = model.architecture == .distilbert
        let hidden = try isDistilled ? settings.size("dim") : settings.size("hidden_size")
        let heads = try isDistilled ? settings.size("n_heads") : settings.size("num_attention_heads")
        let positions = try settings.size("max_position_embeddings")
        let padding = model.architecture == .mpnet ? 1 : settings["pad_token_id"]?.int ?? 1
        let first = [.roberta, .mpnet].contains(model.architecture) ? padding + 1 : 0
        guard first >= 0, first < positions else {
            throw settings.corrupted("the padding id \(padding) leaves none of \(positions) positions")
        }
        try settings.require("position_embedding_type", .string("absolute"))
        return EncoderConfiguration(
            vocabularySize: try settings.size("vocab_size"), hiddenSize: hidden,
            layerCount: try isDistilled ? settings.size("n_layers") : settings.size("num_hidden_layers"),
            headCount: heads, headDimension: try settings.headDimension(hidden: hidden, heads: heads),
            feedForwardSize: try isDistilled ? settings.size("hidden_dim") : settings.size("intermediate_size"),
            contextLength: positions - first, segmentCount: settings["type_vocab_size"]?.count ?? 0,
            epsilon: try settings.epsilon("layer_norm_eps", default: 1e-12),
            activation: try settings.activation(settings[isDistilled ? "activation" : "hidden_act"]?.string),
            firstPosition: first)
    }
}
