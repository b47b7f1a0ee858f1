internal import TrawlCore
public import TrawlModels
internal import TrawlTensors

extension DecoderNetwork {
    /// A network from a decoder's folder or GGUF file, with adapters that change nothing yet; or from the folder of an adapter,
    /// to train it further.
    ///
    /// The frozen weights take four bytes each, whatever the storage in the file.
    ///
    /// - Parameters:
    ///   - settings: The size of the adapters; an adapter that is trained further keeps its own.
    ///   - seed: Determines the matrices A.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for another architecture than Llama's.
    public convenience init(
        _ model: ModelFolder, settings: LowRankSettings = LowRankSettings(), seed: UInt64 = 1
    ) throws {
        let sizes = try DecoderConfiguration(model)
        var settings = settings
        if let adapter = model.adapter { (settings.rank, settings.alpha) = (adapter.rank, adapter.alpha) }
        let reader = DecoderNetworkReader(model: model, sizes: sizes, settings: settings, seed: seed)
        try reader.requireLlama()
        let words = try reader.frozen(.embedding, sizes.vocabularySize, sizes.hiddenSize)
        let layers = try (0..<sizes.layerCount).map { try reader.layer($0) }
        self.init(
            configuration: sizes, settings: settings, parameters: reader.parameters, words: words, layers: layers,
            norm: try reader.norm(.norm),
            outputTable: reader.tensors.isTied
                ? words : try reader.frozen(.output, sizes.vocabularySize, sizes.hiddenSize))
    }
}

/// Makes frozen parameters of a decoder's tensors, and adapters beside them.
private final class DecoderNetworkReader {
    private let model: ModelFolder
    private let sizes: DecoderConfiguration
    private let settings: LowRankSettings
    let tensors: DecoderTensorReader
    private var random: SplitMix64
    private(set) var parameters: [Parameter] = []

    init(model: ModelFolder, sizes: DecoderConfiguration, settings: LowRankSettings, seed: UInt64) {
        (self.model, self.sizes, self.settings) = (model, sizes, settings)
        tensors = DecoderTensorReader(model, sizes)
        random = SplitMix64(seed: seed)
    }

    func requireLlama() throws {
        try model.requireAdapterOfProjections(layers: sizes.layerCount)
        func require(_ isMet: Bool, _ what: String) throws {
            guard isMet else {
                throw TrawlError(
                    .unsupported, "\(what) cannot be trained", path: model.path,
                    remedy: "begin with a model of the Llama family such as SmolLM2")
            }
        }
        try require([.llama, .mistral].contains(model.architecture), "a decoder of the type \(model.architectureName)")
        try require(sizes.activation == .silu, "another activation than silu")
        try require(
            sizes.rotations.count == 1 && sizes.layers.allSatisfy { $0.window == nil } && !sizes.isBidirectional,
            "a decoder with windows of attention")
        try require(
            sizes.rotations[0].count == sizes.headDimension / 2, "a decoder that rotates only a part of each head")
        try require(
            (0..<sizes.layerCount).allSatisfy { !tensors.hasExtras($0) }, "a decoder with biases or norms of heads")
    }

    func frozen(_ member: DecoderTensorReader.Member, _ rows: Int, _ columns: Int, _ layer: Int? = nil) throws
        -> Parameter
    {
        Parameter(
            name: "\(member)", rows: rows, columns: columns, isVector: false, rateFactor: 0,
            values: try tensors.floats(member, rows, columns, layer))
    }

    func norm(_ member: DecoderTensorReader.Member, _ layer: Int? = nil) throws -> FrozenNorm {
        let weight = try tensors.norm(member, sizes.hiddenSize, layer)
        return FrozenNorm(
            weight: Parameter(
                name: "\(member)", rows: 1, columns: sizes.hiddenSize, isVector: true, rateFactor: 0,
                values: weight.values), epsilon: sizes.epsilon)
    }

    func layer(_ layer: Int) throws -> DecoderLayer {
        func linear(_ member: DecoderTensorReader.Member, _ rows: Int, _ columns: Int) throws -> TrainedLinear {
            TrainedLinear(
                weight: try frozen(member, rows, columns, layer),
                adapter: try adapter(layer, member.moduleName, rows, columns))
        }
        return DecoderLayer(
            attentionNorm: try norm(.attentionNorm, layer),
            query: try linear(.query, sizes.querySize, sizes.hiddenSize),
            key: try linear(.key, sizes.keySize, sizes.hiddenSize),
            value: try linear(.value, sizes.keySize, sizes.hiddenSize),
            output: try linear(.attentionOutput, sizes.hiddenSize, sizes.querySize),
            feedForwardNorm: try norm(.feedForwardNorm, layer),
            gate: try linear(.gate, sizes.feedForwardSize, sizes.hiddenSize),
            up: try linear(.up, sizes.feedForwardSize, sizes.hiddenSize),
            down: try linear(.down, sizes.hiddenSize, sizes.feedForwardSize), heads: sizes.headCount,
            keyHeads: sizes.keyHeadCount)
    }

    /// The matrices of the folder's own adapter; else new ones.
    private func adapter(_ layer: Int, _ module: String, _ rows: Int, _ columns: Int) throws -> LowRankAdapter {
        let adapter = LowRankAdapter(
            settings, names: LowRankFolder.names(layer: layer, module: module), rows: rows, columns: columns,
            values: try model.adapter?.matrices(layer: layer, module: module, rows: rows, columns: columns),
            using: &random)
        parameters += [adapter.down, adapter.up]
        return adapter
    }
}
