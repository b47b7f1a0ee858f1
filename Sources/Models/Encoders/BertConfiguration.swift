internal import TrawlCore
internal import TrawlTensors

/// The configuration of BERT and its relatives, as config.json has it: read here, and written for models that were trained.
enum BertConfiguration {
    /// The members of config.json; DistilBERT has names of its own for some.
    private struct Members {
        let hidden, heads, layers, feedForward, activation: String

        static let positions = "max_position_embeddings"
        static let vocabulary = "vocab_size"
        static let segments = "type_vocab_size"
        static let epsilon = "layer_norm_eps"

        init(_ architecture: ModelFolder.Architecture) {
            let isDistilled = architecture == .distilbert
            hidden = isDistilled ? "dim" : "hidden_size"
            heads = isDistilled ? "n_heads" : "num_attention_heads"
            layers = isDistilled ? "n_layers" : "num_hidden_layers"
            feedForward = isDistilled ? "hidden_dim" : "intermediate_size"
            activation = isDistilled ? "activation" : "hidden_act"
        }
    }

    /// - Throws: `TrawlError` for a member that is missing, impossible or not supported.
    static func read(_ model: ModelFolder) throws -> EncoderConfiguration {
        let settings = EncoderSettings(model: model)
        let members = Members(model.architecture)
        let hidden = try settings.size(members.hidden)
        let heads = try settings.size(members.heads)
        let positions = try settings.size(Members.positions)
        let padding = model.architecture == .mpnet ? 1 : settings["pad_token_id"]?.int ?? 1
        let first = [.roberta, .mpnet].contains(model.architecture) ? padding + 1 : 0
        guard first >= 0, first < positions else {
            throw settings.corrupted("the padding id \(padding) leaves none of \(positions) positions")
        }
        try settings.require("position_embedding_type", .string("absolute"))
        return EncoderConfiguration(
            vocabularySize: try settings.size(Members.vocabulary), hiddenSize: hidden,
            layerCount: try settings.layers(members.layers), headCount: heads,
            headDimension: try settings.headDimension(hidden: hidden, heads: heads),
            feedForwardSize: try settings.size(members.feedForward), contextLength: positions - first,
            segmentCount: settings[Members.segments]?.count ?? 0,
            epsilon: try settings.epsilon(Members.epsilon, default: 1e-12),
            activation: try settings.activation(settings[members.activation]?.string), firstPosition: first)
    }

    /// The members of config.json from which `read` makes this configuration of a BERT with exact GELU.
    static func members(_ sizes: EncoderConfiguration) -> [String: Any] {
        let members = Members(.bert)
        return [
            "model_type": "bert", Members.vocabulary: sizes.vocabularySize, members.hidden: sizes.hiddenSize,
            members.layers: sizes.layerCount, members.heads: sizes.headCount,
            members.feedForward: sizes.feedForwardSize, members.activation: "gelu",
            Members.positions: sizes.contextLength, Members.segments: sizes.segmentCount,
            // As it is read again: the shortest decimal of the single-precision number.
            Members.epsilon: Double(sizes.epsilon.description) ?? Double(sizes.epsilon),
        ]
    }
}
