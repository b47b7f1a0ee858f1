internal import TrawlCore
internal import TrawlTensors
internal import TrawlTokenizers

/// Two BERT models, one of which attends to the other's states (Rothe et al. 2020, arXiv 1907.12461), under the names that
/// transformers' `EncoderDecoderModel` gives their tensors.
enum BertEncoderDecoder {
    static func load(_ model: ModelFolder, _ precision: Precision) throws -> EncoderDecoderModel.Parts {
        let encoder = try EncoderModel(try model.bertMember("encoder", tensorPrefix: "encoder."), precision: precision)
        let part = try model.bertMember("decoder", tensorPrefix: "decoder.bert.")
        try EncoderSettings(model: part).require("add_cross_attention", .bool(true))
        let sizes = try BertFamily.configuration(part)
        let configuration = EncoderDecoderConfiguration(
            encoder: encoder.configuration, decoder: sizes,
            startToken: try token(
                model, "decoder_start_token_id", ["cls_token_id", "bos_token_id"], orOf: { $0.clsID ?? $0.bosID }),
            endToken: try token(
                model, "eos_token_id", ["eos_token_id", "sep_token_id"], orOf: { $0.eosID ?? $0.sepID }),
            forcedFirstToken: try model.tokenID("forced_bos_token_id"))
        func tensors(_ prefix: String) -> EncoderTensors {
            EncoderTensors(model, prefix: prefix, isExpanding: true, epsilon: sizes.epsilon, precision: precision)
        }
        let decoder = tensors("decoder.bert.")
        let layers = try (0..<sizes.layerCount).map { try layer(decoder, "encoder.layer.\($0).", sizes) }
        let hidden = sizes.hiddenSize
        let words = try decoder.matrix("embeddings.word_embeddings", sizes.vocabularySize, hidden)
        var weights = EncoderDecoderWeights(
            words: words,
            positions: try decoder.matrix("embeddings.position_embeddings", sizes.contextLength, hidden),
            embeddingNorm: try decoder.norm("embeddings.LayerNorm", hidden), layers: layers,
            output: try head(tensors("decoder.cls.predictions."), words))
        if decoder.has("embeddings.token_type_embeddings.weight") {
            let segments = try decoder.matrix("embeddings.token_type_embeddings", max(sizes.segmentCount, 1), hidden)
            weights.segment = WeightVector(segments, row: 0)
        }
        let predictions = tensors("decoder.cls.predictions.transform.")
        weights.transform = EncoderDecoderWeights.Transform(
            dense: try predictions.linear("dense", hidden, hidden), activation: sizes.activation,
            norm: try predictions.norm("LayerNorm", hidden))
        if encoder.hiddenSize != hidden {
            weights.bridge = try tensors("").linear("enc_to_dec_proj", hidden, encoder.hiddenSize)
        }
        return (encoder, configuration, weights)
    }

    private static func layer(
        _ tensors: EncoderTensors, _ name: String, _ sizes: EncoderConfiguration
    ) throws -> EncoderDecoderWeights.Layer {
        let hidden = sizes.hiddenSize
        func square(_ part: String) throws -> Linear { try tensors.linear(name + part, hidden, hidden) }
        return EncoderDecoderWeights.Layer(
            attentionNorm: try tensors.norm(name + "attention.output.LayerNorm", hidden),
            query: try square("attention.self.query"), key: try square("attention.self.key"),
            value: try square("attention.self.value"), attentionOutput: try square("attention.output.dense"),
            crossNorm: try tensors.norm(name + "crossattention.output.LayerNorm", hidden),
            crossQuery: try square("crossattention.self.query"), crossKey: try square("crossattention.self.key"),
            crossValue: try square("crossattention.self.value"), crossOutput: try square("crossattention.output.dense"),
            feedForwardNorm: try tensors.norm(name + "output.LayerNorm", hidden),
            intermediate: try tensors.linear(name + "intermediate.dense", sizes.feedForwardSize, hidden), gate: nil,
            output: try tensors.linear(name + "output.dense", hidden, sizes.feedForwardSize))
    }

    /// The words' own matrix and bias where the file has them, or else the embedding's.
    private static func head(_ tensors: EncoderTensors, _ words: WeightMatrix) throws -> Linear {
        let isUntied = tensors.has("decoder.weight")
        let matrix = isUntied ? try tensors.matrix("decoder", words.rows, words.columns) : words
        let bias = tensors.has("decoder.bias") ? "decoder.bias" : "bias"
        return Linear(weight: tensors.product(matrix), bias: try tensors.vector(bias, words.rows))
    }

    /// The token `name` of the whole model, or one of `others` of its members, or else the tokenizer's.
    private static func token(
        _ model: ModelFolder, _ name: String, _ others: [String], orOf role: (Tokenizer) -> TokenID?
    ) throws -> TokenID {
        if let id = try model.tokenID(name) { return id }
        for member in ["decoder", "encoder"] {
            for other in others {
                if let id = ModelFolder.tokenID(model.configuration[member]?[other]) { return id }
            }
        }
        if let id = role(try model.loadTokenizer()) { return id }
        throw TrawlError(
            .corrupted, "neither config.json nor the tokenizer names '\(name)'", path: model.configurationPath,
            remedy: "add \"\(name)\" to config.json")
    }
}
