internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors

/// Makes the parameters of an encoder-decoder of a model's tensors. Parameters have the names of an encoder-decoder's checkpoint,
/// whatever the model is.
struct BertPairReader {
    let encoder, decoder: BertParameterReader.Half
    private let reader: BertParameterReader
    private let model: ModelFolder
    private let rates: TrainingRates
    /// Whether the model is an encoder-decoder; else both halves begin as a BERT encoder.
    private let isPair: Bool

    /// In the order in which they were made.
    var parameters: [Parameter] { reader.parameters }

    init(_ model: ModelFolder, _ configuration: EncoderDecoderConfiguration, rates: TrainingRates) throws {
        (self.model, self.rates) = (model, rates)
        reader = BertParameterReader(model)
        isPair = model.architecture == .encoderDecoder
        let origin = isPair ? nil : BertNames.prefix(in: model.tensors)
        encoder = .init(
            sizes: configuration.encoder, prefix: BertPairNames.encoderPrefix,
            origin: origin ?? BertPairNames.encoderPrefix)
        decoder = .init(
            sizes: configuration.decoder, prefix: BertPairNames.decoderPrefix,
            origin: origin ?? BertPairNames.decoderPrefix)
        guard isPair, let output = model.tensors.tensor(named: BertPairNames.output + ".weight") else { return }
        let words = try model.tensors.requiredTensor(decoder.origin + BertNames.words + ".weight")
        guard try output.floats() == words.floats() else {
            throw TrawlError(
                .unsupported, "a decoder whose output matrix is not its word vectors cannot be trained",
                path: model.path, remedy: "begin with a generator that shares them")
        }
    }

    func encoderWords() throws -> Parameter { try reader.words(encoder, rate: rates.embeddings) }

    /// The word vectors of the decoder: the encoder's own unless the checkpoint has others.
    func decoderWords(differingFrom words: Parameter) throws -> Parameter {
        guard isPair, let tensor = model.tensors.tensor(named: decoder.origin + BertNames.words + ".weight"),
            try tensor.floats() != words.values
        else { return words }
        return try reader.words(decoder, rate: rates.embeddings)
    }

    /// The norm of the encoder is frozen.
    func embedding(_ half: BertParameterReader.Half, words: Parameter) throws -> TrainedEmbedding {
        try reader.embedding(half, words: words, normRate: half.prefix == decoder.prefix ? rates.decoder : 0)
    }

    func encoderLayers() throws -> [TrainedLayer] {
        try reader.layers(encoder, last: rates.encoderLayers, rate: rates.encoder)
    }

    func decoderLayers() throws -> [TrainedLayer] {
        try (0..<decoder.sizes.layerCount).map {
            try reader.layer(
                decoder, $0, rate: rates.decoder, crossAttention: (rate: rates.crossAttention, isCopied: !isPair))
        }
    }

    /// The layer before the logits. Where the model has none, it passes its input on: with small inputs GELU is nearly linear,
    /// and the norm restores their size.
    func head() throws -> (transform: TrainedLinear, norm: TrainedNorm, bias: Parameter) {
        let (sizes, rate) = (decoder.sizes, rates.crossAttention)
        let (hidden, vocabulary) = (sizes.hiddenSize, sizes.vocabularySize)
        let (transform, norm) = (BertPairNames.transform, BertPairNames.transformNorm)
        if isPair {
            let whole = BertParameterReader.Half(sizes: sizes, prefix: "", origin: "")
            return (
                try reader.linear(whole, transform, hidden, hidden, rate), try reader.norm(whole, norm, rate: rate),
                try reader.vector(
                    whole, BertPairNames.outputBias, from: BertPairNames.outputBias(in: model.tensors), vocabulary, rate
                )
            )
        }
        func vector(_ name: String, _ value: Float, _ count: Int) -> Parameter {
            reader.made(
                name, rows: 1, columns: count, isVector: true, rate: rate, [Float](repeating: value, count: count))
        }
        var scaled = [Float](repeating: 0, count: hidden * hidden)
        for row in 0..<hidden { scaled[row * hidden + row] = 0.5 }
        let dense = TrainedLinear(
            weight: reader.made(
                transform + ".weight", rows: hidden, columns: hidden, isVector: false, rate: rate, scaled),
            bias: vector(transform + ".bias", 0, hidden))
        let scale = TrainedNorm(
            weight: vector(norm + ".weight", 1, hidden), bias: vector(norm + ".bias", 0, hidden),
            epsilon: sizes.epsilon)
        return (dense, scale, vector(BertPairNames.outputBias, 0, vocabulary))
    }
}
