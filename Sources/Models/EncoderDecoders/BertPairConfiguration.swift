package import TrawlCore
package import TrawlTensors
internal import TrawlTokenizers

/// The names of the tensors of two BERT models in one folder (Rothe et al. 2020, arXiv 1907.12461), as transformers'
/// `EncoderDecoderModel` gives them: one prefix for each model, and the names of `BertNames` after it.
package enum BertPairNames {
    package static let encoderPrefix = "encoder."
    package static let decoderPrefix = "decoder.bert."
    /// What turns states into those that are compared with the words.
    package static let transform = "decoder.cls.predictions.transform.dense"
    package static let transformNorm = "decoder.cls.predictions.transform.LayerNorm"
    /// The bias of the logits; some files have it under the second name too, or only.
    package static let outputBias = "decoder.cls.predictions.bias"
    private static let secondOutputBias = "decoder.cls.predictions.decoder.bias"
    /// The matrix of the logits, where it is not the words.
    package static let output = "decoder.cls.predictions.decoder"
    /// From the width of the encoder's states to that of the decoder's.
    static let bridge = "enc_to_dec_proj"

    /// The name under which the bias of the logits is read.
    package static func outputBias(in tensors: any TensorCollection) -> String {
        tensors.tensor(named: secondOutputBias) == nil ? outputBias : secondOutputBias
    }

    /// The name of the same tensor in the BERT model that a compact folder leaves it to, without that model's prefix; nil for a
    /// tensor that a base does not have.
    package static func nameInBase(_ name: String) -> String? {
        if name.hasPrefix(encoderPrefix) { return String(name.dropFirst(encoderPrefix.count)) }
        return name.hasPrefix(decoderPrefix + "embeddings.") ? String(name.dropFirst(decoderPrefix.count)) : nil
    }
}

extension EncoderDecoderConfiguration {
    /// The configuration of a folder with two BERT models.
    ///
    /// - Throws: `TrawlError` for a member that is missing, impossible or not supported.
    package init(bertPair model: ModelFolder) throws {
        let decoder = try Self.bertDecoder(of: model)
        try EncoderSettings(model: decoder).require("add_cross_attention", .bool(true))
        self.init(
            encoder: try BertConfiguration.read(Self.bertEncoder(of: model)),
            decoder: try BertConfiguration.read(decoder),
            startToken: try Self.token(
                model, "decoder_start_token_id", ["cls_token_id", "bos_token_id"], orOf: { $0.clsID ?? $0.bosID }),
            endToken: try Self.token(
                model, "eos_token_id", ["eos_token_id", "sep_token_id"], orOf: { $0.eosID ?? $0.sepID }),
            forcedFirstToken: try model.tokenID("forced_bos_token_id"),
            paddingToken: try model.tokenID("pad_token_id")
                ?? ModelFolder.tokenID(model.configuration["decoder"]?["pad_token_id"]) ?? 0)
    }

    /// The configuration of an encoder-decoder whose halves both begin as a BERT encoder.
    ///
    /// - Parameters:
    ///   - startToken, endToken: What the decoder reads first, and what ends a text, unless config.json says so.
    /// - Throws: `TrawlError` for a member that is missing, impossible or not supported.
    package init(bothHalvesFrom encoder: ModelFolder, startToken: TokenID, endToken: TokenID) throws {
        let sizes = try BertConfiguration.read(encoder)
        self.init(
            encoder: sizes, decoder: sizes,
            startToken: try encoder.tokenID("decoder_start_token_id") ?? startToken,
            endToken: try encoder.tokenID("eos_token_id") ?? endToken, forcedFirstToken: nil,
            paddingToken: try encoder.tokenID("pad_token_id") ?? 0)
    }

    /// The members of config.json from which `init(bertPair:)` makes this configuration of two BERTs with exact GELU.
    package var bertPairMembers: [String: Any] {
        func half(_ sizes: EncoderConfiguration, isDecoder: Bool) -> [String: Any] {
            BertConfiguration.members(sizes).merging([
                "is_decoder": isDecoder, "add_cross_attention": isDecoder, "tie_word_embeddings": true,
                "architectures": [isDecoder ? "BertLMHeadModel" : "BertModel"],
            ]) { $1 }
        }
        return [
            "architectures": ["EncoderDecoderModel"], "model_type": "encoder-decoder", "is_encoder_decoder": true,
            "decoder_start_token_id": Int(startToken), "eos_token_id": Int(endToken),
            "pad_token_id": Int(paddingToken), "encoder": half(encoder, isDecoder: false),
            "decoder": half(decoder, isDecoder: true),
        ]
    }

    static func bertEncoder(of model: ModelFolder) throws -> ModelFolder {
        try model.bertMember("encoder", tensorPrefix: BertPairNames.encoderPrefix)
    }

    private static func bertDecoder(of model: ModelFolder) throws -> ModelFolder {
        try model.bertMember("decoder", tensorPrefix: BertPairNames.decoderPrefix)
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
