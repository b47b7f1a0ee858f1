internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors

/// Makes the parameters of an encoder-decoder of a model's tensors. Parameters have the names of an encoder-decoder's checkpoint,
/// whatever the model is.
final class BertPairReader {
    /// The encoder or the decoder.
    struct Half {
        let sizes: EncoderConfiguration
        /// The prefix of the names of its parameters.
        let prefix: String
        /// The prefix of the names of the tensors that they begin as.
        let origin: String
    }

    let encoder, decoder: Half
    /// In the order in which they were made.
    private(set) var parameters: [Parameter] = []
    private let model: ModelFolder
    private let rates: TrainingRates
    /// Whether the model is an encoder-decoder; else both halves begin as a BERT encoder.
    private let isPair: Bool
    private let names = BertNames()

    init(_ model: ModelFolder, _ configuration: EncoderDecoderConfiguration, rates: TrainingRates) throws {
        (self.model, self.rates) = (model, rates)
        isPair = model.architecture == .encoderDecoder
        let origin = isPair ? nil : BertNames.prefix(in: model.tensors)
        encoder = Half(
            sizes: configuration.encoder, prefix: BertPairNames.encoderPrefix,
            origin: origin ?? BertPairNames.encoderPrefix)
        decoder = Half(
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

    // MARK: embeddings

    func encoderWords() throws -> Parameter {
        try matrix(encoder, BertNames.words, encoder.sizes.vocabularySize, encoder.sizes.hiddenSize, rates.embeddings)
    }

    /// The word vectors of the decoder: the encoder's own unless the checkpoint has others.
    func decoderWords(differingFrom words: Parameter) throws -> Parameter {
        guard isPair, let tensor = model.tensors.tensor(named: decoder.origin + BertNames.words + ".weight"),
            try tensor.floats() != words.values
        else { return words }
        return try matrix(
            decoder, BertNames.words, decoder.sizes.vocabularySize, decoder.sizes.hiddenSize, rates.embeddings)
    }

    /// The vectors of positions and segments are frozen, and so is the norm of the encoder.
    func embedding(_ half: Half, words: Parameter) throws -> TrainedEmbedding {
        let sizes = half.sizes
        return TrainedEmbedding(
            words: words, positions: try matrix(half, BertNames.positions, sizes.contextLength, sizes.hiddenSize, 0),
            segments: try matrix(half, BertNames.segments, sizes.segmentCount, sizes.hiddenSize, 0),
            norm: try norm(
                half, BertNames.embeddingNorm, rate: half.prefix == decoder.prefix ? rates.decoder : 0))
    }

    // MARK: layers

    func encoderLayers() throws -> [TrainedLayer] {
        try (0..<encoder.sizes.layerCount).map { index in
            let isTrained = index >= encoder.sizes.layerCount - rates.encoderLayers
            return try layer(encoder, index, rate: isTrained ? rates.encoder : 0, hasCrossAttention: false)
        }
    }

    func decoderLayers() throws -> [TrainedLayer] {
        try (0..<decoder.sizes.layerCount).map {
            try layer(decoder, $0, rate: rates.decoder, hasCrossAttention: true)
        }
    }

    private func layer(_ half: Half, _ index: Int, rate: Float, hasCrossAttention: Bool) throws -> TrainedLayer {
        let (names, sizes) = (names.layer(index), half.sizes)
        let attention = try attention(half, names.attention, from: names.attention, rate: rate)
        var cross: TrainedAttention?
        if hasCrossAttention {
            let own = BertNames.crossAttention(index)
            cross = try self.attention(half, own, from: isPair ? own : names.attention, rate: rates.crossAttention)
        }
        return TrainedLayer(
            attention: attention, crossAttention: cross,
            feedForward: TrainedFeedForward(
                intermediate: try linear(half, names.intermediate, sizes.feedForwardSize, sizes.hiddenSize, rate),
                output: try linear(half, names.output, sizes.hiddenSize, sizes.feedForwardSize, rate),
                norm: try norm(half, names.norm, rate: rate)))
    }

    private func attention(
        _ half: Half, _ names: BertNames.Attention, from origins: BertNames.Attention, rate: Float
    ) throws -> TrainedAttention {
        func square(_ member: KeyPath<BertNames.Attention, String>) throws -> TrainedLinear {
            let size = half.sizes.hiddenSize
            return try linear(half, names[keyPath: member], from: origins[keyPath: member], size, size, rate)
        }
        return TrainedAttention(
            query: try square(\.query), key: try square(\.key), value: try square(\.value),
            output: try square(\.output), norm: try norm(half, names.norm, from: origins.norm, rate: rate),
            heads: half.sizes.headCount)
    }

    // MARK: the layer before the logits

    /// Where the model has none, it passes its input on: with small inputs GELU is nearly linear, and the norm restores their
    /// size.
    func head() throws -> (transform: TrainedLinear, norm: TrainedNorm, bias: Parameter) {
        let (sizes, rate) = (decoder.sizes, rates.crossAttention)
        let (hidden, vocabulary) = (sizes.hiddenSize, sizes.vocabularySize)
        let whole = Half(sizes: sizes, prefix: "", origin: "")
        let (transform, norm) = (BertPairNames.transform, BertPairNames.transformNorm)
        if isPair {
            return (
                try linear(whole, transform, hidden, hidden, rate), try self.norm(whole, norm, rate: rate),
                try vector(
                    whole, BertPairNames.outputBias, from: BertPairNames.outputBias(in: model.tensors), vocabulary, rate
                )
            )
        }
        func made(_ name: String, _ rows: Int, _ columns: Int, _ values: [Float]) -> Parameter {
            add(
                Parameter(
                    name: name, rows: rows, columns: columns, isVector: rows == 1, rateFactor: rate, values: values))
        }
        func zeros(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }
        var scaled = zeros(hidden * hidden)
        for row in 0..<hidden { scaled[row * hidden + row] = 0.5 }
        let dense = TrainedLinear(
            weight: made(transform + ".weight", hidden, hidden, scaled),
            bias: made(transform + ".bias", 1, hidden, zeros(hidden)))
        let ones = [Float](repeating: 1, count: hidden)
        let scale = TrainedNorm(
            weight: made(norm + ".weight", 1, hidden, ones), bias: made(norm + ".bias", 1, hidden, zeros(hidden)),
            epsilon: sizes.epsilon)
        return (dense, scale, made(BertPairNames.outputBias, 1, vocabulary, zeros(vocabulary)))
    }

    // MARK: parameters

    private func add(_ parameter: Parameter) -> Parameter {
        parameters.append(parameter)
        return parameter
    }

    /// - Parameter origin: The name of the tensor that the parameter begins as; nil for its own name.
    private func linear(
        _ half: Half, _ name: String, from origin: String? = nil, _ rows: Int, _ columns: Int, _ rate: Float
    ) throws -> TrainedLinear {
        let origin = origin ?? name
        return TrainedLinear(
            weight: try matrix(half, name, from: origin, rows, columns, rate),
            bias: try vector(half, name + ".bias", from: origin + ".bias", rows, rate))
    }

    private func norm(_ half: Half, _ name: String, from origin: String? = nil, rate: Float) throws -> TrainedNorm {
        let size = half.sizes.hiddenSize
        // The names of the tensors are looked up as a whole: older checkpoints have others.
        let origins = model.tensors.normNames(half.origin + (origin ?? name))
        func part(_ suffix: String, _ tensor: String) throws -> Parameter {
            add(
                Parameter(
                    name: half.prefix + name + suffix, rows: 1, columns: size, isVector: true, rateFactor: rate,
                    values: try values(tensor, [size])))
        }
        return TrainedNorm(
            weight: try part(".weight", origins.weight), bias: try part(".bias", origins.bias),
            epsilon: half.sizes.epsilon)
    }

    private func matrix(
        _ half: Half, _ name: String, from origin: String? = nil, _ rows: Int, _ columns: Int, _ rate: Float
    ) throws -> Parameter {
        add(
            Parameter(
                name: half.prefix + name + ".weight", rows: rows, columns: columns, isVector: false, rateFactor: rate,
                values: try values(half.origin + (origin ?? name) + ".weight", [rows, columns])))
    }

    private func vector(_ half: Half, _ name: String, from origin: String, _ count: Int, _ rate: Float) throws
        -> Parameter
    {
        add(
            Parameter(
                name: half.prefix + name, rows: 1, columns: count, isVector: true, rateFactor: rate,
                values: try values(half.origin + origin, [count])))
    }

    private func values(_ name: String, _ shape: [Int]) throws -> [Float] {
        let tensor = try model.tensors.requiredTensor(name)
        try tensor.requireShape(shape)
        return try tensor.floats()
    }
}
