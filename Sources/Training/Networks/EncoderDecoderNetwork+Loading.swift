public import TrawlCore
public import TrawlModels
internal import TrawlTensors

/// What training changes, as factors of the learning rate; 0 freezes a part.
public struct TrainingRates: Codable, Sendable, Equatable {
    /// The decoder's cross-attention and the layer before its logits, which begin far from their purpose.
    public var crossAttention: Float = 1
    /// The rest of the decoder.
    public var decoder: Float = 0.5
    /// The last layers of the encoder.
    public var encoder: Float = 0
    /// How many of the encoder's last layers are trained.
    public var encoderLayers = 3
    /// The word vectors, which encoder and decoder share with the logits.
    public var embeddings: Float = 0
    /// After how many steps the rest of the decoder is updated, by the sum of their gradients.
    public var decoderInterval = 1
    /// The same for the encoder's last layers.
    public var encoderInterval = 1

    public init() {}

    fileprivate func interval(of parameter: Parameter) -> Int {
        if parameter.name.hasPrefix(BertPairNames.encoderPrefix) { return encoderInterval }
        let isRest =
            parameter.name.hasPrefix(BertPairNames.decoderPrefix)
            && !parameter.name.contains(BertNames.crossAttentionMark)
        return isRest ? decoderInterval : 1
    }
}

extension EncoderDecoderNetwork {
    /// A network from the folder of an encoder-decoder, to train it further, or from the folder of a BERT encoder. Then the
    /// encoder's layers begin the decoder too: cross-attention starts as the self-attention of its layer, and the layer before
    /// the logits passes its input on.
    ///
    /// - Parameters:
    ///   - startToken, endToken: What the decoder of a BERT encoder reads first, and what ends a passage.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for another architecture.
    public convenience init(
        _ model: ModelFolder, rates: TrainingRates = TrainingRates(), startToken: TokenID = 101,
        endToken: TokenID = 102
    ) throws {
        let isPair = model.architecture == .encoderDecoder
        guard isPair || model.architecture == .bert else {
            throw TrawlError(
                .unsupported, "a model of the type \(model.architectureName) cannot be trained as an encoder-decoder",
                path: model.path, remedy: "begin with a BERT encoder, or a generator that was made of one")
        }
        let configuration =
            try isPair
            ? EncoderDecoderConfiguration(bertPair: model)
            : EncoderDecoderConfiguration(bothHalvesFrom: model, startToken: startToken, endToken: endToken)
        try configuration.requireTrainable(model)
        let reader = try BertPairReader(model, configuration, rates: rates)
        let encoderWords = try reader.encoderWords()
        let encoder = TrainedEncoder(
            embedding: try reader.embedding(reader.encoder, words: encoderWords), layers: try reader.encoderLayers())
        let decoderWords = try reader.decoderWords(differingFrom: encoderWords)
        let decoder = (try reader.embedding(reader.decoder, words: decoderWords), try reader.decoderLayers())
        let head = try reader.head()
        for parameter in reader.parameters { parameter.interval = rates.interval(of: parameter) }
        self.init(
            configuration: configuration, parameters: reader.parameters, encoder: encoder, decoder: decoder,
            transform: (head.transform, head.norm), output: (decoderWords, head.bias))
    }
}

extension EncoderDecoderConfiguration {
    /// - Throws: `TrawlError.unsupported` for what inference computes and training does not.
    fileprivate func requireTrainable(_ model: ModelFolder) throws {
        for half in [encoder, decoder] { try half.requireTrainableBert(model) }
        try model.requireTrainable(
            encoder.vocabularySize == decoder.vocabularySize, "an encoder and a decoder of other vocabularies")
        try model.requireTrainable(
            encoder.hiddenSize == decoder.hiddenSize, "an encoder and a decoder of other hidden sizes")
        for token in [startToken, endToken, paddingToken] where Int(token) >= decoder.vocabularySize {
            throw TrawlError(
                .corrupted, "the start, end or padding token \(token) is outside the vocabulary",
                path: model.configurationPath, remedy: "correct it in config.json")
        }
    }
}

extension EncoderConfiguration {
    /// - Throws: `TrawlError.unsupported` for a BERT that inference computes and training does not.
    func requireTrainableBert(_ model: ModelFolder) throws {
        try model.requireTrainable(activation == .geluErf, "another activation than gelu")
        try model.requireTrainable(segmentCount > 0, "a BERT without segments ('type_vocab_size')")
    }
}

extension ModelFolder {
    fileprivate func requireTrainable(_ isMet: Bool, _ what: String) throws {
        guard isMet else {
            throw TrawlError(
                .unsupported, "\(what) cannot be trained", path: configurationPath,
                remedy: "begin with another model, such as all-MiniLM-L6-v2")
        }
    }
}
