internal import Core
internal import Glibc
internal import Tensors

/// The sizes and constants of a Llama-like decoder.
public struct LlamaConfiguration: Sendable, Equatable {
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
    /// The angle of pair p at position t is t times element p.
    public let ropeFrequencies: [Float]

    public var keySize: Int { keyHeadCount * headDimension }
    public var querySize: Int { headCount * headDimension }

    init(_ model: ModelFolder) throws {
        if let gguf = model.gguf { try self.init(gguf) } else { try self.init(folder: model) }
        guard headCount % keyHeadCount == 0, headDimension % 2 == 0, ropeFrequencies.count <= headDimension / 2 else {
            throw TrawlError(
                .corrupted,
                "\(headCount) heads, \(keyHeadCount) key heads and \(headDimension) dimensions a head do not fit",
                path: model.configurationPath, remedy: "download the model again")
        }
        guard ropeFrequencies.allSatisfy(\.isFinite) else {
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
        var frequencies = Self.frequencies(
            base: metadata.double("llama.rope.freq_base") ?? 10000, dimension: min(max(dimension, 0), headDimension))
        if let factors = file.tensor(named: "rope_freqs.weight") {
            try factors.requireShape([frequencies.count])
            frequencies = zip(frequencies, try factors.floats()).map { $0 / $1 }
        }
        ropeFrequencies = frequencies.map { $0 / Float(factor) }
    }

    private init(folder model: ModelFolder) throws {
        let source = model.configuration
        let path = model.configurationPath
        vocabularySize = try model.size("vocab_size")
        hiddenSize = try model.size("hidden_size")
        layerCount = try model.size("num_hidden_layers")
        headCount = try model.size("num_attention_heads")
        keyHeadCount = source["num_key_value_heads"]?.int == nil ? headCount : try model.size("num_key_value_heads")
        headDimension = source["head_dim"]?.int == nil ? hiddenSize / headCount : try model.size("head_dim")
        feedForwardSize = try model.size("intermediate_size")
        contextLength = try model.size("max_position_embeddings")
        epsilon = Float(source["rms_norm_eps"]?.double ?? 1e-6)
        ropeIsInterleaved = false
        let name = source["hidden_act"]?.string ?? "silu"
        guard Activation(configurationName: name) == .silu, source["attention_bias"]?.bool != true,
            source["mlp_bias"]?.bool != true
        else {
            throw TrawlError(
                .unsupported, "the activation '\(name)' or biases in projections are not supported", path: path)
        }
        // transformers 5 keeps everything in `rope_parameters`, older versions in `rope_theta` and `rope_scaling`.
        let parameters = source["rope_parameters"] ?? source["rope_scaling"]
        let base = parameters?["rope_theta"]?.double ?? source["rope_theta"]?.double ?? 10000
        ropeFrequencies = try Self.scaled(Self.frequencies(base: base, dimension: headDimension), parameters, path)
    }

    /// base^(-2p / dimension), rounded as transformers rounds.
    private static func frequencies(base: Double, dimension: Int) -> [Float] {
        (0..<dimension / 2).map { 1 / Float(pow(base, Double(Float(2 * $0) / Float(dimension)))) }
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
