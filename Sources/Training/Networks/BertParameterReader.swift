internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors

/// Makes parameters of the tensors of a BERT model, layer by layer, under the names of `BertNames`.
final class BertParameterReader {
    /// A model of the BERT family among the tensors of a folder.
    struct Half {
        let sizes: EncoderConfiguration
        /// The prefix of the names of its parameters.
        let prefix: String
        /// The prefix of the names of the tensors that they begin as.
        let origin: String
    }

    /// In the order in which they were made.
    private(set) var parameters: [Parameter] = []
    /// The adapters by the names of the matrices that they change.
    private(set) var adaptersByMatrix: [String: LowRankAdapter] = [:]
    private let model: ModelFolder
    private let names = BertNames()
    private let adapters: LowRankSettings?
    private var random: SplitMix64

    /// - Parameters:
    ///   - adapters: The size of the adapters that are trained in place of the matrices of layers; nil for none.
    ///   - seed: Determines their matrices A.
    init(_ model: ModelFolder, adapters: LowRankSettings? = nil, seed: UInt64 = 1) {
        (self.model, self.adapters) = (model, adapters)
        random = SplitMix64(seed: seed)
    }

    // MARK: parts of a network

    func words(_ half: Half, rate: Float) throws -> Parameter {
        try matrix(half, BertNames.words, half.sizes.vocabularySize, half.sizes.hiddenSize, rate)
    }

    /// The vectors of positions and segments are frozen.
    func embedding(_ half: Half, words: Parameter, normRate: Float) throws -> TrainedEmbedding {
        let sizes = half.sizes
        return TrainedEmbedding(
            words: words, positions: try matrix(half, BertNames.positions, sizes.contextLength, sizes.hiddenSize, 0),
            segments: try matrix(half, BertNames.segments, sizes.segmentCount, sizes.hiddenSize, 0),
            norm: try norm(half, BertNames.embeddingNorm, rate: normRate))
    }

    /// - Parameter last: How many layers at the end are trained; the others are frozen.
    func layers(_ half: Half, last: Int, rate: Float) throws -> [TrainedLayer] {
        let count = half.sizes.layerCount
        return try (0..<count).map { try layer(half, $0, rate: $0 >= count - last ? rate : 0, crossAttention: nil) }
    }

    /// - Parameter crossAttention: The rate of the attention to another model's states, and whether it begins as a copy of the
    ///   layer's attention; nil for a layer without.
    func layer(
        _ half: Half, _ index: Int, rate: Float, crossAttention: (rate: Float, isCopied: Bool)?
    ) throws -> TrainedLayer {
        let (names, sizes) = (names.layer(index), half.sizes)
        let attention = try attention(half, names.attention, from: names.attention, rate: rate)
        var cross: TrainedAttention?
        if let crossAttention {
            let own = BertNames.crossAttention(index)
            cross = try self.attention(
                half, own, from: crossAttention.isCopied ? names.attention : own, rate: crossAttention.rate)
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

    // MARK: parameters

    /// A layer whose weight is `[rows, columns]`. With adapters, a rate above 0 is that of its adapter.
    ///
    /// - Parameter origin: The name of the tensors that the parameters begin as; nil for their own names.
    func linear(
        _ half: Half, _ name: String, from origin: String? = nil, _ rows: Int, _ columns: Int, _ rate: Float
    ) throws -> TrainedLinear {
        let origin = origin ?? name
        let isAdapted = adapters != nil && rate > 0
        var linear = TrainedLinear(
            weight: try matrix(half, name, from: origin, rows, columns, isAdapted ? 0 : rate),
            bias: try vector(half, name + ".bias", from: origin + ".bias", rows, isAdapted ? 0 : rate))
        if isAdapted, let adapters {
            let start = "base_model.model." + half.prefix + name
            let adapter = LowRankAdapter(
                adapters, names: (start + ".lora_A.weight", start + ".lora_B.weight"), rows: rows, columns: columns,
                using: &random)
            for parameter in [adapter.down, adapter.up] { add(parameter) }
            linear.adapter = adapter
            adaptersByMatrix[linear.weight.name] = adapter
        }
        return linear
    }

    func norm(_ half: Half, _ name: String, from origin: String? = nil, rate: Float) throws -> TrainedNorm {
        let size = half.sizes.hiddenSize
        let rate = adapters == nil ? rate : 0
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

    func matrix(
        _ half: Half, _ name: String, from origin: String? = nil, _ rows: Int, _ columns: Int, _ rate: Float
    ) throws -> Parameter {
        add(
            Parameter(
                name: half.prefix + name + ".weight", rows: rows, columns: columns, isVector: false, rateFactor: rate,
                values: try values(half.origin + (origin ?? name) + ".weight", [rows, columns])))
    }

    func vector(_ half: Half, _ name: String, from origin: String, _ count: Int, _ rate: Float) throws -> Parameter {
        add(
            Parameter(
                name: half.prefix + name, rows: 1, columns: count, isVector: true, rateFactor: rate,
                values: try values(half.origin + origin, [count])))
    }

    /// A parameter that begins with these values, such as a head that the model does not have.
    func made(_ name: String, rows: Int, columns: Int, isVector: Bool, rate: Float, _ values: [Float]) -> Parameter {
        add(
            Parameter(name: name, rows: rows, columns: columns, isVector: isVector, rateFactor: rate, values: values))
    }

    @discardableResult private func add(_ parameter: Parameter) -> Parameter {
        parameters.append(parameter)
        return parameter
    }

    private func values(_ name: String, _ shape: [Int]) throws -> [Float] {
        let tensor = try model.tensors.requiredTensor(name)
        try tensor.requireShape(shape)
        return try tensor.floats()
    }
}
