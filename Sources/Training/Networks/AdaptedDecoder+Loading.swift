internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors

extension AdaptedDecoder {
    /// A decoder from its folder or GGUF file, with adapters that change nothing yet; or from the folder of an adapter, to train
    /// it further.
    ///
    /// - Parameters:
    ///   - settings: The size of the adapters; an adapter that is trained further keeps its own.
    ///   - lastLayers: How many of the last layers get adapters; nil for all.
    ///   - hasHead: Whether the adapters shall be loaded beside a head, from which peft's names of them follow.
    ///   - seed: Determines the matrices A.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for another architecture.
    init(
        _ model: ModelFolder, settings: LowRankSettings, lastLayers: Int? = nil, hasHead: Bool = true, seed: UInt64
    ) throws {
        let sizes = try DecoderConfiguration(model)
        try Self.requireTrainable(model, sizes)
        var settings = settings
        if let adapter = model.adapter { (settings.rank, settings.alpha) = (adapter.rank, adapter.alpha) }
        let reader = DecoderNetworkReader(
            model: model, sizes: sizes, settings: settings, first: sizes.layerCount - (lastLayers ?? sizes.layerCount),
            hasHead: hasHead, seed: seed)
        words = try reader.frozen(.embedding, sizes.vocabularySize, sizes.hiddenSize)
        layers = try (0..<sizes.layerCount).map { try reader.layer($0) }
        norm = try reader.norm(.norm, sizes.hiddenSize)
        parameters = reader.parameters
        (origin, configuration, self.settings) = (model, sizes, settings)
    }

    /// The matrix of the logits: `[vocabulary, hidden]`.
    func outputTable() throws -> Parameter {
        let tensors = DecoderTensorReader(origin, configuration)
        if tensors.isTied { return words }
        return try DecoderNetworkReader.frozen(
            .output, configuration.vocabularySize, configuration.hiddenSize, in: tensors)
    }

    /// - Throws: `TrawlError.unsupported` for a decoder whose layers the tape does not compute.
    static func requireTrainable(_ model: ModelFolder, _ sizes: DecoderConfiguration) throws {
        try model.requireAdapterOfProjections(layers: sizes.layerCount)
        func require(_ isMet: Bool, _ what: String) throws {
            guard isMet else {
                throw TrawlError(
                    .unsupported, "\(what) cannot be trained", path: model.path,
                    remedy: "begin with a model like Llama, Mistral, Qwen2, Qwen3 or SmolLM2")
            }
        }
        try require(
            [.llama, .mistral, .qwen2, .qwen3].contains(model.architecture),
            "a decoder of the type \(model.architectureName)")
        try require(sizes.activation == .silu, "another activation than silu")
        try require(sizes.rotations.count == 1, "a decoder whose layers rotate differently")
        try require(!sizes.isBidirectional, "a decoder in which tokens see those after them")
        try require(
            sizes.rotations[0].count == sizes.headDimension / 2, "a decoder that rotates only a part of each head")
    }
}

/// Makes frozen parameters of a decoder's tensors, and adapters beside them.
private final class DecoderNetworkReader {
    private let model: ModelFolder
    private let sizes: DecoderConfiguration
    private let settings: LowRankSettings
    private let first: Int
    private let hasHead: Bool
    private let tensors: DecoderTensorReader
    private var random: SplitMix64
    private(set) var parameters: [Parameter] = []

    /// - Parameter first: The first layer that gets adapters.
    init(
        model: ModelFolder, sizes: DecoderConfiguration, settings: LowRankSettings, first: Int, hasHead: Bool,
        seed: UInt64
    ) {
        (self.model, self.sizes, self.settings) = (model, sizes, settings)
        (self.first, self.hasHead) = (first, hasHead)
        tensors = DecoderTensorReader(model, sizes)
        random = SplitMix64(seed: seed)
    }

    static func frozen(
        _ member: DecoderTensorReader.Member, _ rows: Int, _ columns: Int, _ layer: Int? = nil,
        in tensors: DecoderTensorReader
    ) throws -> Parameter {
        Parameter(
            name: "\(member)", rows: rows, columns: columns, isVector: false, rateFactor: 0,
            values: try tensors.floats(member, rows, columns, layer))
    }

    func frozen(_ member: DecoderTensorReader.Member, _ rows: Int, _ columns: Int, _ layer: Int? = nil) throws
        -> Parameter
    {
        try Self.frozen(member, rows, columns, layer, in: tensors)
    }

    private func vector(_ name: String, _ values: [Float]) -> Parameter {
        Parameter(name: name, rows: 1, columns: values.count, isVector: true, rateFactor: 0, values: values)
    }

    func norm(_ member: DecoderTensorReader.Member, _ count: Int, _ layer: Int? = nil) throws -> FrozenNorm {
        FrozenNorm(
            weight: vector("\(member)", try tensors.norm(member, count, layer).values), epsilon: sizes.epsilon)
    }

    func layer(_ layer: Int) throws -> DecoderLayer {
        func linear(_ member: DecoderTensorReader.Member, _ rows: Int, _ columns: Int) throws -> TrainedLinear {
            TrainedLinear(
                weight: try frozen(member, rows, columns, layer),
                bias: try tensors.bias(member, rows, layer).map { vector("\(member)", $0.values) },
                adapter: try adapter(layer, member.moduleName, rows, columns))
        }
        func headNorm(_ member: DecoderTensorReader.Member) throws -> FrozenNorm? {
            tensors.has(member, layer) ? try norm(member, sizes.headDimension, layer) : nil
        }
        return DecoderLayer(
            attentionNorm: try norm(.attentionNorm, sizes.hiddenSize, layer),
            query: try linear(.query, sizes.querySize, sizes.hiddenSize),
            key: try linear(.key, sizes.keySize, sizes.hiddenSize),
            value: try linear(.value, sizes.keySize, sizes.hiddenSize),
            output: try linear(.attentionOutput, sizes.hiddenSize, sizes.querySize),
            queryNorm: try headNorm(.queryNorm), keyNorm: try headNorm(.keyNorm),
            feedForwardNorm: try norm(.feedForwardNorm, sizes.hiddenSize, layer),
            gate: try linear(.gate, sizes.feedForwardSize, sizes.hiddenSize),
            up: try linear(.up, sizes.feedForwardSize, sizes.hiddenSize),
            down: try linear(.down, sizes.hiddenSize, sizes.feedForwardSize), heads: sizes.headCount,
            keyHeads: sizes.keyHeadCount)
    }

    /// The matrices of the folder's own adapter; else new ones, or none in layers that are not trained.
    private func adapter(_ layer: Int, _ module: String, _ rows: Int, _ columns: Int) throws -> LowRankAdapter? {
        let values = try model.adapter?.matrices(layer: layer, module: module, rows: rows, columns: columns)
        guard layer >= first || values != nil else { return nil }
        let adapter = LowRankAdapter(
            settings, names: LowRankFolder.names(layer: layer, module: module, hasHead: hasHead), rows: rows,
            columns: columns, values: values, using: &random)
        parameters += [adapter.down, adapter.up]
        return adapter
    }
}
