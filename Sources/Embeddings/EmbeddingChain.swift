internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors

/// What becomes of a text's hidden states: the modules of a sentence-transformers folder, in their order.
struct EmbeddingChain: Sendable {
    enum Module: Sendable {
        case pooling(Pooling)
        case dense(DenseModule)
        case layerNorm(LayerNormModule)
        /// To length 1.
        case normalize
    }

    let modules: [Module]
    /// The length of what comes out.
    let dimension: Int
    /// Whether what comes out has length 1.
    let isNormalised: Bool

    /// - Parameters:
    ///   - folders: nil for mean pooling alone, as sentence-transformers takes a bare encoder.
    ///   - width: the length of a hidden state.
    /// - Throws: `TrawlError` that names the module whose files are missing or do not fit what stands before it.
    init(_ folders: [SentenceTransformersFolder.Module]?, width: Int) throws {
        var modules: [Module] = []
        var dimension: Int?
        for folder in folders ?? [] {
            let module: Module
            switch (folder.kind, dimension) {
            case (.pooling, _):
                let file = folder.path + "/config.json"
                let pooling = try Pooling(configuration: try JSON(contentsOf: file), path: file)
                module = .pooling(pooling)
                dimension = width * pooling.modes.count
            // Before the pooling there is nothing to norm, and sentence-transformers passes over it.
            case (.normalize, nil): continue
            case (.normalize, _?):
                try Self.requireSentences(try? JSON(contentsOf: folder.path + "/config.json"), folder.path)
                module = .normalize
            case (.dense, let inputs?):
                let dense = try DenseModule(folder.path, inputs: inputs)
                module = .dense(dense)
                dimension = dense.weight.rows
            case (.layerNorm, let inputs?): module = .layerNorm(try LayerNormModule(folder.path, width: inputs))
            case (.dense, nil), (.layerNorm, nil):
                throw TrawlError(
                    .unsupported, "the module stands before the pooling, where there is no embedding yet",
                    path: folder.path, remedy: "use a model that pools first")
            }
            modules.append(module)
        }
        if folders == nil { modules = [.pooling(Pooling(modes: [.mean]))] }
        self.modules = modules
        self.dimension = dimension ?? width
        isNormalised = if case .normalize? = modules.last { true } else { false }
    }

    /// - Throws: `TrawlError.unsupported` for a module that works on something else than the embedding of a text.
    static func requireSentences(_ configuration: JSON?, _ path: String) throws {
        for key in ["module_input_name", "module_output_name"] {
            let name = configuration?[key]?.string ?? "sentence_embedding"
            guard name == "sentence_embedding" else {
                throw TrawlError(
                    .unsupported, "the module has '\(name)' for its \(key), which is not supported", path: path,
                    remedy: "use a model that makes one embedding of a text")
            }
        }
    }

    /// Whether the states of all tokens but the last make no difference.
    var seesLastTokenOnly: Bool {
        modules.allSatisfy { module in
            if case .pooling(let pooling) = module { pooling.modes == [.lastToken] } else { true }
        }
    }

    /// - Parameters:
    ///   - states: `[tokens, width]`.
    ///   - promptTokens: the leading tokens that are the prompt's.
    /// - Returns: `[dimension]`.
    func callAsFunction(
        _ states: UnsafeBufferPointer<Float>, width: Int, promptTokens: Int, pool: ThreadPool
    ) -> [Float] {
        var vector: [Float] = []
        for module in modules {
            switch module {
            case .pooling(let pooling): vector = pooling.pool(states, width: width, promptTokens: promptTokens)
            case .dense(let dense): vector = dense(vector, pool: pool)
            case .layerNorm(let norm): norm(&vector)
            case .normalize: vector.scaleToUnitLength()
            }
        }
        return vector
    }

    /// Takes in everything that changes what comes out.
    func update(_ hash: inout StableHash) throws {
        for module in modules {
            switch module {
            case .pooling(let pooling):
                hash.update("pooling \(pooling.modes.map(\.rawValue)) \(pooling.includesPrompt)")
            case .dense(let dense): dense.update(&hash)
            case .layerNorm(let norm):
                hash.update("layer norm")
                hash.update(norm.tensors)
            case .normalize: hash.update("normalize")
            }
        }
    }

    /// Whether any pooling leaves the prompt out.
    var leavesPromptOut: Bool {
        modules.contains { if case .pooling(let pooling) = $0 { !pooling.includesPrompt } else { false } }
    }
}

/// y = activation(W x + b), to which a residual may be added: x itself or R x.
struct DenseModule: Sendable {
    let weight: WeightMatrix
    let activation: Activation
    let isResidual: Bool
    fileprivate let tensors: Safetensors
    fileprivate let bias: [Float]?
    /// nil where x itself is added.
    private let residual: WeightMatrix?

    /// - Parameter inputs: the length of what stands before it.
    init(_ path: String, inputs: Int) throws {
        let configuration = try JSON(contentsOf: path + "/config.json")
        guard configuration["in_features"]?.int == inputs, let outputs = configuration["out_features"]?.count,
            outputs > 0
        else {
            throw TrawlError(
                .incompatible, "the dense layer does not take the \(inputs) values before it", path: path,
                remedy: "download the folder again")
        }
        try EmbeddingChain.requireSentences(configuration, path)
        let name = configuration["activation_function"]?.string ?? "torch.nn.modules.activation.Tanh"
        guard let activation = Activation(moduleName: name) else {
            throw TrawlError(.unsupported, "the activation '\(name)' is not supported", path: path)
        }
        self.activation = activation
        tensors = try Safetensors(path: path)
        weight = try WeightMatrix(try tensors.requiredTensor("linear.weight"), rows: outputs, columns: inputs)
        bias =
            configuration["bias"]?.bool == false
            ? nil : try tensors.requiredTensor("linear.bias").floats(count: outputs)
        isResidual = configuration["use_residual"]?.bool ?? false
        residual =
            isResidual && inputs != outputs
            ? try WeightMatrix(try tensors.requiredTensor("residual.weight"), rows: outputs, columns: inputs) : nil
    }

    func callAsFunction(_ x: [Float], pool: ThreadPool) -> [Float] {
        var y = weight.multiply(x, bias: bias, pool: pool)
        let count = y.count
        let added = isResidual ? residual?.multiply(x, pool: pool) ?? x : []
        y.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            activation.apply(base, count)
            for index in added.indices { base[index] += added[index] }
        }
        return y
    }

    /// The matrix, `[outputs, inputs]`, if the module does nothing but multiply with it; else nil.
    func matrix() throws -> [Float]? {
        guard activation == .identity, bias == nil, !isResidual else { return nil }
        return try tensors.requiredTensor("linear.weight").floats()
    }

    /// Takes in everything that changes what comes out.
    func update(_ hash: inout StableHash) {
        hash.update("dense \(activation.rawValue) \(bias != nil) \(isResidual)")
        hash.update(tensors)
    }
}

/// Layer norm of an embedding.
struct LayerNormModule: Sendable {
    fileprivate let tensors: Safetensors
    private let weight: [Float]
    private let bias: [Float]

    init(_ path: String, width: Int) throws {
        tensors = try Safetensors(path: path)
        weight = try tensors.requiredTensor("norm.weight").floats(count: width)
        bias = try tensors.requiredTensor("norm.bias").floats(count: width)
    }

    func callAsFunction(_ x: inout [Float]) {
        x.withUnsafeMutableBufferPointer { buffer in
            // torch's own epsilon, which sentence-transformers does not change.
            guard let base = buffer.baseAddress else { return }
            Kernels.layerNorm(
                base, adding: nil, weight: weight, bias: bias, epsilon: 1e-5, rows: 1, columns: buffer.count)
        }
    }
}

extension [Float] {
    /// The same direction at length 1; nothing stays nothing.
    package mutating func scaleToUnitLength() {
        withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            let scale = 1 / Swift.max(Kernels.dot(base, base, buffer.count).squareRoot(), 1e-12)
            for index in buffer.indices { buffer[index] *= scale }
        }
    }
}

extension StableHash {
    /// Names, shapes and bytes of all tensors.
    fileprivate mutating func update(_ tensors: Safetensors) {
        for tensor in tensors.tensors.sorted(by: { $0.name < $1.name }) {
            update("\(tensor.name) \(tensor.type.rawValue) \(tensor.shape)")
            tensor.withBytes { update($0) }
        }
    }
}

extension Activation {
    /// From a class of torch.nn, as sentence-transformers writes it.
    fileprivate init?(moduleName: String) {
        switch moduleName.split(separator: ".").last ?? "" {
        case "Identity": self = .identity
        case "Tanh": self = .tanh
        case "ReLU": self = .relu
        case "GELU": self = .geluErf
        case "SiLU": self = .silu
        default: return nil
        }
    }
}

extension Tensor {
    fileprivate func floats(count: Int) throws -> [Float] {
        try requireShape([count])
        return try floats()
    }
}
