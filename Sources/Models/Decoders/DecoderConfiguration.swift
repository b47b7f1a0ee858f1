internal import Glibc
internal import TrawlCore
public import TrawlTensors

/// The sizes and constants of a decoder of the Llama family: what its members differ in is data.
public struct DecoderConfiguration: Sendable, Equatable {
    public let vocabularySize: Int
    public let hiddenSize: Int
    public let layerCount: Int
    public let headCount: Int
    /// Heads of keys and values; each serves `headCount / keyHeadCount` heads of queries.
    public let keyHeadCount: Int
    public let headDimension: Int
    public let feedForwardSize: Int
    public let contextLength: Int
    public let epsilon: Float
    /// Rotary embedding: pairs are neighbours (GGUF's llama) or lie half a head apart (Hugging Face).
    public let ropeIsInterleaved: Bool
    /// Tables of rotary angles, most models have one: the angle of pair p at position t is t times element p.
    public let rotations: [[Float]]
    /// What the layers differ in.
    public let layers: [LayerKind]
    public let activation: Activation
    /// What the products of queries and keys are multiplied with.
    public let attentionScale: Float
    /// What the tokens' embeddings are multiplied with.
    public let embeddingScale: Float
    /// Whether norms are stored less 1 (Gemma).
    public let normsAreOffsets: Bool
    /// Whether a token sees all others of its text rather than those before it, as in models made for embeddings.
    public let isBidirectional: Bool

    /// How a layer attends.
    public struct LayerKind: Sendable, Equatable {
        /// How many tokens back a token sees, itself included; nil for all.
        public var window: Int?
        /// Its table among `rotations`.
        public var rotation = 0
    }

    public var keySize: Int { keyHeadCount * headDimension }
    public var querySize: Int { headCount * headDimension }

    package init(_ model: ModelFolder) throws {
        if let gguf = model.gguf { try self.init(gguf) } else { try self.init(folder: model) }
        guard headCount % keyHeadCount == 0, headDimension % 2 == 0,
            rotations.allSatisfy({ $0.count <= headDimension / 2 })
        else {
            throw TrawlError(
                .corrupted,
                "\(headCount) heads, \(keyHeadCount) key heads and \(headDimension) dimensions a head do not fit",
                path: model.configurationPath, remedy: "download the model again")
        }
        guard rotations.joined().allSatisfy(\.isFinite), attentionScale.isFinite else {
            throw TrawlError(
                .corrupted, "the base or the scaling of the rotary embedding gives angles that are not finite",
                path: model.configurationPath, remedy: "download the model again")
        }
    }

    private init(_ file: GGUF) throws {
        let metadata = file.metadata
        func size(_ name: String) throws -> Int {
            guard let value = metadata.integer("llama." + name), value > 0, value <= 1 << 24 else {
                throw TrawlError(
                    .corrupted, "'llama.\(name)' is missing or not a size", path: file.path,
                    remedy: "convert the model again")
            }
            return value
        }
        hiddenSize = try size("embedding_length")
        layerCount = try size("block_count")
        try file.requireLayers(layerCount, "'llama.block_count'", path: file.path)
        headCount = try size("attention.head_count")
        keyHeadCount =
            metadata.integer("llama.attention.head_count_kv") == nil
            ? headCount : try size("attention.head_count_kv")
        headDimension =
            metadata.integer("llama.attention.key_length") == nil
            ? hiddenSize / headCount : try size("attention.key_length")
        feedForwardSize = try size("feed_forward_length")
        contextLength = try size("context_length")
        vocabularySize = try file.requiredTensor("token_embd.weight").shape.first ?? 0
        epsilon = Float(metadata.double("llama.attention.layer_norm_rms_epsilon") ?? 1e-5)
        ropeIsInterleaved = true
        let scaling = metadata.string("llama.rope.scaling.type") ?? "none"
        guard scaling == "none" || scaling == "linear" else {
            throw TrawlError(.unsupported, "rotary scaling of the type '\(scaling)' is not supported", path: file.path)
        }
        let factor = scaling == "linear" ? metadata.double("llama.rope.scaling.factor") ?? 1 : 1
        let dimension = metadata.integer("llama.rope.dimension_count") ?? headDimension
        var frequencies = Rotation.frequencies(
            base: metadata.double("llama.rope.freq_base") ?? 10000, dimension: min(max(dimension, 0), headDimension))
        if let factors = file.tensor(named: "rope_freqs.weight") {
            try factors.requireShape([frequencies.count])
            frequencies = zip(frequencies, try factors.floats()).map { $0 / $1 }
        }
        rotations = [frequencies.map { $0 / Float(factor) }]
        layers = [LayerKind](repeating: LayerKind(), count: layerCount)
        activation = .silu
        attentionScale = 1 / Float(headDimension).squareRoot()
        embeddingScale = 1
        normsAreOffsets = false
        isBidirectional = false
    }

    private init(folder model: ModelFolder) throws {
        let source = model.configuration
        let path = model.configurationPath
        vocabularySize = try model.size("vocab_size")
        hiddenSize = try model.size("hidden_size")
        layerCount = try model.layers("num_hidden_layers")
        headCount = try model.size("num_attention_heads")
        keyHeadCount = source["num_key_value_heads"]?.int == nil ? headCount : try model.size("num_key_value_heads")
        headDimension = source["head_dim"]?.int == nil ? hiddenSize / headCount : try model.size("head_dim")
        feedForwardSize = try model.size("intermediate_size")
        contextLength = try model.size("max_position_embeddings")
        epsilon = Float(source["rms_norm_eps"]?.double ?? 1e-6)
        ropeIsInterleaved = false
        let name = source["hidden_activation"]?.string ?? source["hidden_act"]?.string ?? "silu"
        guard let activation = Activation(configurationName: name), source["mlp_bias"]?.bool != true,
            source["attn_logit_softcapping"]?.double == nil, source["final_logit_softcapping"]?.double == nil
        else {
            throw TrawlError(
                .unsupported,
                "the activation '\(name)', biases in the feed-forward layers or capped logits are not supported",
                path: path)
        }
        self.activation = activation
        let isGemma = model.architecture == .gemma3
        normsAreOffsets = isGemma
        embeddingScale = isGemma ? Float(hiddenSize).squareRoot() : 1
        let scalar = isGemma ? source["query_pre_attn_scalar"]?.double ?? 256 : Double(headDimension)
        attentionScale = Float(pow(scalar, -0.5))
        // `is_causal: false` is how models that were made bidirectional for embeddings say so.
        isBidirectional =
            source["use_bidirectional_attention"]?.bool ?? (source["is_causal"]?.bool).map { !$0 } ?? false
        let windows = try Self.windows(model, layerCount, isBidirectional: isBidirectional)
        // transformers 5 keeps everything in `rope_parameters`, older versions in `rope_theta` and `rope_scaling`.
        let parameters = source["rope_parameters"] ?? source["rope_scaling"]
        let dimension = headDimension
        func table(_ parameters: JSON?, base: Double?) throws -> [Float] {
            let base = parameters?["rope_theta"]?.double ?? base ?? 10000
            return try Self.scaled(Rotation.frequencies(base: base, dimension: dimension), parameters, path)
        }
        let base = source["rope_theta"]?.double
        // Gemma's layers with a window turn by angles of their own; older files name their base and scale none of them.
        rotations =
            isGemma
            ? [
                try table(parameters?["full_attention"] ?? parameters, base: base ?? 1e6),
                try table(parameters?["sliding_attention"], base: source["rope_local_base_freq"]?.double),
            ] : [try table(parameters, base: base)]
        layers = windows.map { LayerKind(window: $0, rotation: isGemma && $0 != nil ? 1 : 0) }
    }

    /// The window of each layer, as transformers reads config.json.
    private static func windows(_ model: ModelFolder, _ layerCount: Int, isBidirectional: Bool) throws -> [Int?] {
        let source = model.configuration
        let isQwen = [.qwen2, .qwen3].contains(model.architecture)
        // Where the file does not name one, and does not say null either, transformers' own default rules.
        let given = source["sliding_window"]
        guard model.architecture != .llama, !isQwen || source["use_sliding_window"]?.bool == true,
            var window = given == nil ? 4096 : given?.int
        else { return [Int?](repeating: nil, count: layerCount) }
        guard window > 0 else {
            throw TrawlError(
                .corrupted, "a sliding window of \(window) tokens is impossible", path: model.configurationPath,
                remedy: "download the file again")
        }
        // Gemma's files give the width of both sides together, others that of one side without the token itself.
        if isBidirectional { window = model.architecture == .gemma3 ? window / 2 + 1 : window + 1 }
        if let types = source["layer_types"]?.array {
            guard types.count == layerCount else {
                throw TrawlError(
                    .corrupted, "'layer_types' names \(types.count) layers, not \(layerCount)",
                    path: model.configurationPath, remedy: "download the file again")
            }
            return try types.map { type in
                switch type.string {
                case "full_attention": nil
                case "sliding_attention": window
                default:
                    throw TrawlError(
                        .unsupported, "layers of the type '\(type.string ?? "?")' are not supported",
                        path: model.configurationPath)
                }
            }
        }
        switch model.architecture {
        case .gemma3:
            let pattern = max(1, source["sliding_window_pattern"]?.int ?? 6)
            return (0..<layerCount).map { ($0 + 1) % pattern == 0 ? nil : window }
        case .qwen2, .qwen3:
            let first = source["max_window_layers"]?.int ?? layerCount
            return (0..<layerCount).map { $0 < first ? nil : window }
        default: return [Int?](repeating: window, count: layerCount)
        }
    }

    private static func scaled(_ frequencies: [Float], _ parameters: JSON?, _ path: String) throws -> [Float] {
        let type = parameters?["rope_type"]?.string ?? parameters?["type"]?.string ?? "default"
        let factor = Float(parameters?["factor"]?.double ?? 1)
        switch type {
        case "default": return frequencies
        case "linear": return frequencies.map { $0 / factor }
        case "llama3":
            // Long waves are slowed by `factor`, short ones kept, those between interpolated (Llama 3.1).
            let low = Float(parameters?["low_freq_factor"]?.double ?? 1)
            let high = Float(parameters?["high_freq_factor"]?.double ?? 4)
            let context = Float(parameters?["original_max_position_embeddings"]?.double ?? 8192)
            return frequencies.map { frequency in
                let wavelength = 2 * Float.pi / frequency
                if wavelength < context / high { return frequency }
                if wavelength > context / low { return frequency / factor }
                let smooth = (context / wavelength - low) / (high - low)
                return (1 - smooth) * frequency / factor + smooth * frequency
            }
        default:
            throw TrawlError(.unsupported, "rotary scaling of the type '\(type)' is not supported", path: path)
        }
    }
}
