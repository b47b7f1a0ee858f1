public import TrawlCore
public import TrawlTensors

/// A decoder of the Llama family: RMS norm, rotary positions, grouped heads of keys, gated feed-forward layers (Touvron et
/// al. 2023, arXiv 2302.13971; grouped queries: Ainslie et al. 2023, arXiv 2305.13245). With windows of attention it is
/// Mistral (arXiv 2310.06825), with biases Qwen2 (arXiv 2407.10671), with norms of queries and keys Qwen3 (arXiv 2505.09388),
/// with norms behind the layers as well Gemma 3 (arXiv 2503.19786).
public final class DecoderModel: GenerativeModel {
    public let configuration: DecoderConfiguration
    public var vocabularySize: Int { configuration.vocabularySize }
    public var startTokens: [TokenID] { [] }
    public let endToken: TokenID?
    public var forcedFirstToken: TokenID? { nil }
    let weights: DecoderWeights

    /// - Throws: `TrawlError` that names a missing tensor, or one whose shape contradicts the configuration.
    public init(_ model: ModelFolder, precision: Precision = .f32) throws {
        guard model.isDecoder else {
            throw TrawlError(
                .incompatible, "\(model.architectureName) is no decoder", path: model.path,
                remedy: "name a model of the Llama, Mistral, Qwen or Gemma family")
        }
        endToken = try model.tokenID("eos_token_id")
        configuration = try DecoderConfiguration(model)
        try model.requireAdapterOfProjections(layers: configuration.layerCount)
        weights = try DecoderWeights(model, configuration, precision)
    }

    /// A session with an empty cache. Sessions are independent; one is used by one thread at a time.
    public func makeSession(pool: ThreadPool) -> any DecodingSession { DecoderSession(self, pool: pool) }
}

struct DecoderWeights: Sendable {
    struct Layer: Sendable {
        let attentionNorm: WeightVector
        let query: WeightMatrix
        let key: WeightMatrix
        let value: WeightMatrix
        let queryBias: WeightVector?
        let keyBias: WeightVector?
        let valueBias: WeightVector?
        /// Norms of each head.
        let queryNorm: WeightVector?
        let keyNorm: WeightVector?
        let attentionOutput: WeightMatrix
        let attentionOutputBias: WeightVector?
        /// What normalises a layer's result before it is added.
        let attentionOutputNorm: WeightVector?
        let feedForwardNorm: WeightVector
        let feedForwardOutputNorm: WeightVector?
        let gate: WeightMatrix
        let up: WeightMatrix
        let down: WeightMatrix
    }

    let embedding: WeightMatrix
    let layers: [Layer]
    let norm: WeightVector
    /// The embedding itself where the file has no matrix of its own.
    let output: WeightMatrix

    init(_ model: ModelFolder, _ sizes: DecoderConfiguration, _ precision: Precision) throws {
        let reader = DecoderTensorReader(model, sizes, precision)
        let hidden = sizes.hiddenSize
        embedding = try reader.matrix(.embedding, sizes.vocabularySize, hidden)
        norm = try reader.norm(.norm, hidden)
        output = (reader.isTied ? embedding : try reader.matrix(.output, sizes.vocabularySize, hidden)).prepared(
            for: precision)
        // With norms behind the layers the one after attention is not the one before the feed-forward layer.
        let isSandwiched = model.architecture == .gemma3
        layers = try (0..<sizes.layerCount).map { layer in
            Layer(
                attentionNorm: try reader.norm(.attentionNorm, hidden, layer),
                query: try reader.product(.query, sizes.querySize, hidden, layer),
                key: try reader.product(.key, sizes.keySize, hidden, layer),
                value: try reader.product(.value, sizes.keySize, hidden, layer),
                queryBias: try reader.bias(.query, sizes.querySize, layer),
                keyBias: try reader.bias(.key, sizes.keySize, layer),
                valueBias: try reader.bias(.value, sizes.keySize, layer),
                queryNorm: try reader.optionalNorm(.queryNorm, sizes.headDimension, layer),
                keyNorm: try reader.optionalNorm(.keyNorm, sizes.headDimension, layer),
                attentionOutput: try reader.product(.attentionOutput, hidden, sizes.querySize, layer),
                attentionOutputBias: try reader.bias(.attentionOutput, hidden, layer),
                attentionOutputNorm: isSandwiched ? try reader.norm(.attentionOutputNorm, hidden, layer) : nil,
                feedForwardNorm: try reader.norm(
                    isSandwiched ? .innerFeedForwardNorm : .feedForwardNorm, hidden, layer),
                feedForwardOutputNorm: isSandwiched ? try reader.norm(.feedForwardOutputNorm, hidden, layer) : nil,
                gate: try reader.product(.gate, sizes.feedForwardSize, hidden, layer),
                up: try reader.product(.up, sizes.feedForwardSize, hidden, layer),
                down: try reader.product(.down, hidden, sizes.feedForwardSize, layer))
        }
    }
}
