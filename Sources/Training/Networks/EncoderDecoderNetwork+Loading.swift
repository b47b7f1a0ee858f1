public import TrawlCore
public import TrawlModels
internal import TrawlTensors

/// What training changes, as factors of the learning rate; 0 leaves a part as it is.
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

    public init() {}
}

extension EncoderDecoderNetwork {
    /// A network from an encoder-decoder's folder, to train it on; or from a BERT encoder's, whose layers then begin the
    /// decoder too: cross-attention starts as the layer's self-attention, the layer before the logits passes its input on.
    ///
    /// - Parameters:
    ///   - startToken, endToken: What the decoder reads first, and what ends a passage, where config.json does not say.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for another architecture.
    public convenience init(
        _ model: ModelFolder, rates: TrainingRates = TrainingRates(), startToken: TokenID = 101,
        endToken: TokenID = 102
    ) throws {
        let start = model.architecture == .bert ? NetworkStart.encoder : .encoderDecoder
        let sizes = try EncoderDecoderSizes(model, start, startToken: startToken, endToken: endToken)
        if start == .encoderDecoder, let output = model.tensors.tensor(named: "decoder.cls.predictions.decoder.weight")
        {
            let words = try model.tensors.requiredTensor("decoder.bert.embeddings.word_embeddings.weight")
            guard try output.floats() == words.floats() else {
                throw TrawlError(
                    .unsupported, "a decoder whose output matrix is not its word vectors cannot be trained",
                    path: model.path, remedy: "begin with a generator that shares them")
            }
        }
        let reader = NetworkReader(model: model, start: start, sizes: sizes, rates: rates)
        let words = try reader.parameter(
            "encoder.embeddings.word_embeddings.weight", sizes.vocabulary, sizes.hidden, rate: rates.embeddings)
        let encoder = (try reader.embedding("encoder.", words: words, rate: 0), try reader.encoderLayers())
        let own = try reader.decoderWords(differingFrom: words, rate: rates.embeddings)
        let decoder = (
            try reader.embedding("decoder.bert.", words: own, rate: rates.decoder), try reader.decoderLayers()
        )
        let head = "decoder.cls.predictions."
        let transform = (
            try reader.linear(head + "transform.dense", sizes.hidden, sizes.hidden, rate: rates.crossAttention),
            try reader.norm(head + "transform.LayerNorm", rate: rates.crossAttention)
        )
        let bias = try reader.parameter(head + "bias", 1, sizes.vocabulary, rate: rates.crossAttention)
        self.init(
            sizes: sizes, parameters: reader.parameters, encoder: encoder, decoder: decoder, transform: transform,
            output: (own, bias))
    }
}

enum NetworkStart { case encoder, encoderDecoder }

extension EncoderDecoderSizes {
    init(_ model: ModelFolder, _ start: NetworkStart, startToken: TokenID, endToken: TokenID) throws {
        let configuration = model.configuration
        func member(_ half: String, _ name: String) -> JSON? {
            start == .encoder ? configuration[name] : configuration[half]?[name]
        }
        func size(_ half: String, _ name: String) throws -> Int {
            guard let value = member(half, name)?.int, value > 0, value <= 1 << 24 else {
                throw TrawlError(
                    .corrupted, "'\(name)' is missing or not a size", path: model.configurationPath,
                    remedy: "download the file again")
            }
            return value
        }
        func require(_ isMet: Bool, _ what: String) throws {
            guard isMet else {
                throw TrawlError(.unsupported, "\(what) cannot be trained", path: model.configurationPath)
            }
        }
        func token(_ name: String, _ other: Int) throws -> TokenID {
            let value = configuration[name]?.int ?? member("decoder", name)?.int ?? other
            guard value >= 0, value < (try size("decoder", "vocab_size")) else {
                throw TrawlError(
                    .corrupted, "'\(name)' is outside the vocabulary", path: model.configurationPath,
                    remedy: "correct it")
            }
            return TokenID(value)
        }
        for half in ["encoder", "decoder"] {
            try require(["gelu", nil].contains(member(half, "hidden_act")?.string), "another activation than gelu")
            try require(
                ["absolute", nil].contains(member(half, "position_embedding_type")?.string), "relative positions")
            try require(
                member(half, "model_type")?.string == "bert", "a \(half) that is no BERT")
        }
        vocabulary = try size("encoder", "vocab_size")
        hidden = try size("encoder", "hidden_size")
        heads = try size("encoder", "num_attention_heads")
        feedForward = try size("encoder", "intermediate_size")
        encoderLayers = try size("encoder", "num_hidden_layers")
        decoderLayers = try size("decoder", "num_hidden_layers")
        positions = try size("encoder", "max_position_embeddings")
        segments = try size("encoder", "type_vocab_size")
        epsilon = Float(member("encoder", "layer_norm_eps")?.double ?? 1e-12)
        for name in [
            "vocab_size", "hidden_size", "num_attention_heads", "intermediate_size", "max_position_embeddings",
        ] {
            try require(
                try size("encoder", name) == size("decoder", name), "an encoder and a decoder that differ in \(name)")
        }
        try require(hidden % heads == 0, "\(hidden) hidden units in \(heads) heads")
        self.startToken = try token("decoder_start_token_id", Int(startToken))
        self.endToken = try token("eos_token_id", Int(endToken))
        paddingToken = try token("pad_token_id", 0)
    }
}

/// Makes parameters of a model's tensors, under the names of an encoder-decoder's checkpoint.
private final class NetworkReader {
    let model: ModelFolder
    let start: NetworkStart
    let sizes: EncoderDecoderSizes
    let rates: TrainingRates
    private(set) var parameters: [Parameter] = []

    init(model: ModelFolder, start: NetworkStart, sizes: EncoderDecoderSizes, rates: TrainingRates) {
        (self.model, self.start, self.sizes, self.rates) = (model, start, sizes, rates)
    }

    /// The tensor that a parameter begins as.
    private func origin(_ name: String) -> String {
        guard start == .encoder else { return name }
        // Task models put `bert.` before all names.
        let prefix = model.tensors.prefix(before: "embeddings.word_embeddings.weight") ?? ""
        return prefix
            + name.replacing("decoder.bert.", with: "").replacing("crossattention", with: "attention")
            .replacing(/^encoder\.(?=encoder|embeddings)/, with: "")
    }

    private func values(_ name: String, _ rows: Int, _ columns: Int, isVector: Bool) throws -> [Float] {
        if start == .encoder && name.hasPrefix("decoder.cls.") { return Self.head(name, rows, columns) }
        let tensor = try model.tensors.requiredTensor(origin(name))
        try tensor.requireShape(isVector ? [columns] : [rows, columns])
        return try tensor.floats()
    }

    /// The layer before the logits when there is none: with small inputs gelu is nearly linear, and the norm restores their
    /// size.
    private static func head(_ name: String, _ rows: Int, _ columns: Int) -> [Float] {
        if name.hasSuffix("LayerNorm.weight") { return [Float](repeating: 1, count: columns) }
        var values = [Float](repeating: 0, count: rows * columns)
        if name.hasSuffix("dense.weight") {
            for row in 0..<rows { values[row * columns + row] = 0.5 }
        }
        return values
    }

    func parameter(_ name: String, _ rows: Int, _ columns: Int, rate: Float) throws -> Parameter {
        let isVector = rows == 1 && !name.hasSuffix("embeddings.weight")
        let parameter = Parameter(
            name: name, rows: rows, columns: columns, isVector: isVector, rateFactor: rate,
            values: try values(name, rows, columns, isVector: isVector))
        parameters.append(parameter)
        return parameter
    }

    /// The decoder's word vectors: the encoder's own unless the checkpoint has others.
    func decoderWords(differingFrom words: Parameter, rate: Float) throws -> Parameter {
        let name = "decoder.bert.embeddings.word_embeddings.weight"
        guard start == .encoderDecoder, let tensor = model.tensors.tensor(named: name),
            try tensor.floats() != words.values
        else { return words }
        return try parameter(name, sizes.vocabulary, sizes.hidden, rate: rate)
    }

    func linear(_ name: String, _ rows: Int, _ columns: Int, rate: Float) throws -> TrainedLinear {
        TrainedLinear(
            weight: try parameter(name + ".weight", rows, columns, rate: rate),
            bias: try parameter(name + ".bias", 1, rows, rate: rate))
    }

    func norm(_ name: String, rate: Float) throws -> TrainedNorm {
        TrainedNorm(
            weight: try parameter(name + ".weight", 1, sizes.hidden, rate: rate),
            bias: try parameter(name + ".bias", 1, sizes.hidden, rate: rate), epsilon: sizes.epsilon)
    }

    /// The vectors of words, positions and segments are trained no more than `TrainingRates` says of words; the norm is.
    func embedding(_ prefix: String, words: Parameter, rate: Float) throws -> TrainedEmbedding {
        let name = prefix + "embeddings."
        return TrainedEmbedding(
            words: words,
            positions: try parameter(name + "position_embeddings.weight", sizes.positions, sizes.hidden, rate: 0),
            segments: try parameter(name + "token_type_embeddings.weight", sizes.segments, sizes.hidden, rate: 0),
            norm: try norm(name + "LayerNorm", rate: rate))
    }

    private func attention(_ name: String, rate: Float) throws -> TrainedAttention {
        func projection(_ part: String) throws -> TrainedLinear {
            try linear(name + ".self." + part, sizes.hidden, sizes.hidden, rate: rate)
        }
        return TrainedAttention(
            query: try projection("query"), key: try projection("key"), value: try projection("value"),
            output: try linear(name + ".output.dense", sizes.hidden, sizes.hidden, rate: rate),
            norm: try norm(name + ".output.LayerNorm", rate: rate), heads: sizes.heads)
    }

    private func layer(_ name: String, rate: Float, crossRate: Float?) throws -> TrainedLayer {
        TrainedLayer(
            attention: try attention(name + ".attention", rate: rate),
            crossAttention: try crossRate.map { try attention(name + ".crossattention", rate: $0) },
            feedForward: TrainedFeedForward(
                intermediate: try linear(name + ".intermediate.dense", sizes.feedForward, sizes.hidden, rate: rate),
                output: try linear(name + ".output.dense", sizes.hidden, sizes.feedForward, rate: rate),
                norm: try norm(name + ".output.LayerNorm", rate: rate)))
    }

    func encoderLayers() throws -> [TrainedLayer] {
        try (0..<sizes.encoderLayers).map { index in
            let isTrained = index >= sizes.encoderLayers - rates.encoderLayers
            return try layer("encoder.encoder.layer.\(index)", rate: isTrained ? rates.encoder : 0, crossRate: nil)
        }
    }

    func decoderLayers() throws -> [TrainedLayer] {
        try (0..<sizes.decoderLayers).map { index in
            try layer("decoder.bert.encoder.layer.\(index)", rate: rates.decoder, crossRate: rates.crossAttention)
        }
    }
}
