internal import Core
public import Tensors

/// The sizes of a BERT-like encoder.
public struct BertConfiguration: Sendable, Equatable {
    public let vocabularySize: Int
    public let hiddenSize: Int
    public let layerCount: Int
    public let headCount: Int
    public let feedForwardSize: Int
    /// The longest input in tokens.
    public let contextLength: Int
    public let segmentCount: Int
    public let epsilon: Float
    public let activation: Activation
    /// The position of the first token: 0, or one above the padding id in RoBERTa's models.
    public let firstPosition: Int

    public var headDimension: Int { hiddenSize / headCount }

    init(_ model: ModelFolder) throws {
        let source = model.configuration
        let path = model.configurationPath
        vocabularySize = try model.size("vocab_size")
        hiddenSize = try model.size("hidden_size")
        layerCount = try model.size("num_hidden_layers")
        headCount = try model.size("num_attention_heads")
        feedForwardSize = try model.size("intermediate_size")
        let positions = try model.size("max_position_embeddings")
        let padding = source["pad_token_id"]?.int ?? 1
        firstPosition = model.architecture == .roberta ? padding + 1 : 0
        guard firstPosition >= 0, firstPosition < positions else {
            throw TrawlError(
                .corrupted, "the padding id \(padding) leaves none of \(positions) positions", path: path,
                remedy: "download the file again")
        }
        contextLength = positions - firstPosition
        segmentCount = source["type_vocab_size"]?.int ?? 0
        epsilon = Float(source["layer_norm_eps"]?.double ?? 1e-12)
        guard hiddenSize % headCount == 0 else {
            throw TrawlError(
                .corrupted, "\(hiddenSize) hidden units do not divide into \(headCount) heads", path: path,
                remedy: "download the file again")
        }
        let name = source["hidden_act"]?.string ?? "gelu"
        guard let activation = Activation(configurationName: name) else {
            throw TrawlError(.unsupported, "the activation '\(name)' is not supported", path: path)
        }
        self.activation = activation
        let positionType = source["position_embedding_type"]?.string ?? "absolute"
        guard positionType == "absolute" else {
            throw TrawlError(
                .unsupported, "position embeddings of the type '\(positionType)' are not supported", path: path)
        }
    }
}
