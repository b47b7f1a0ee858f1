internal import Core
internal import Tensors

/// A vector of weights in single precision.
struct WeightVector: Sendable {
    private let buffer: FloatBuffer
    let count: Int
    /// A copy.
    var values: [Float] { withPointer { Array(UnsafeBufferPointer(start: $0, count: count)) } }

    init(_ values: [Float]) {
        count = values.count
        buffer = FloatBuffer(capacity: values.count)
        values.withUnsafeBufferPointer { source in
            if let source = source.baseAddress { buffer.base.update(from: source, count: values.count) }
        }
    }

    @inline(__always)
    func withPointer<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
        withExtendedLifetime(buffer) { body(UnsafePointer(buffer.base)) }
    }

    init(_ tensor: Tensor, count: Int) throws {
        try tensor.requireShape([count])
        self.init(try tensor.floats())
    }
}

/// y = activation(x Wᵀ + b).
struct Linear: Sendable {
    let weight: WeightMatrix
    let bias: WeightVector

    func callAsFunction(
        _ x: UnsafePointer<Float>, _ m: Int, activation: Activation = .identity, into y: UnsafeMutablePointer<Float>,
        _ pool: ThreadPool
    ) {
        bias.withPointer { bias in
            weight.multiply(
                x, m: m, finish: WeightMatrix.Finish(bias: bias, activation: activation), into: y, pool: pool)
        }
    }
}

struct LayerNorm: Sendable {
    let weight: WeightVector
    let bias: WeightVector
    let epsilon: Float

    /// x = norm(x + residual), in place; x: [rows, hidden].
    func callAsFunction(_ x: UnsafeMutablePointer<Float>, adding residual: UnsafePointer<Float>?, rows: Int) {
        weight.withPointer { scale in
            bias.withPointer { shift in
                Kernels.layerNorm(
                    x, adding: residual, weight: scale, bias: shift, epsilon: epsilon, rows: rows,
                    columns: weight.count)
            }
        }
    }
}

/// The weights of an encoder under the names that Hugging Face's BertModel and RobertaModel give them, with or without
/// the prefix of a task model, and with the older names `gamma` and `beta`.
struct BertWeights: Sendable {
    struct Layer: Sendable {
        /// Query, key and value, one below the other: [3 hidden, hidden].
        let projections: Linear
        let attentionOutput: Linear
        let attentionNorm: LayerNorm
        let intermediate: Linear
        let output: Linear
        let outputNorm: LayerNorm
    }

    let words: WeightMatrix
    let positions: WeightMatrix
    /// Empty when the model has none.
    let segments: WeightMatrix?
    let embeddingNorm: LayerNorm
    let layers: [Layer]

    init(_ model: ModelFolder, _ sizes: BertConfiguration, _ precision: Precision) throws {
        let reader = BertTensorReader(model: model, epsilon: sizes.epsilon, precision: precision)
        let hidden = sizes.hiddenSize
        words = try reader.matrix("embeddings.word_embeddings", sizes.vocabularySize, hidden)
        positions = try reader.matrix(
            "embeddings.position_embeddings", sizes.contextLength + sizes.firstPosition, hidden)
        let hasSegments = reader.has("embeddings.token_type_embeddings.weight")
        segments =
            hasSegments && sizes.segmentCount > 0
            ? try reader.matrix("embeddings.token_type_embeddings", sizes.segmentCount, hidden) : nil
        embeddingNorm = try reader.norm("embeddings.LayerNorm", hidden)
        layers = try (0..<sizes.layerCount).map { index in
            let layer = "encoder.layer.\(index)."
            let names = ["query", "key", "value"].map { layer + "attention.self." + $0 }
            let parts = try names.map { try reader.matrix($0, hidden, hidden) }
            let biases = try names.flatMap { try reader.bias($0, hidden).values }
            return Layer(
                projections: Linear(
                    weight: WeightMatrix(stacking: parts).prepared(for: precision), bias: WeightVector(biases)),
                attentionOutput: try reader.linear(layer + "attention.output.dense", hidden, hidden),
                attentionNorm: try reader.norm(layer + "attention.output.LayerNorm", hidden),
                intermediate: try reader.linear(layer + "intermediate.dense", sizes.feedForwardSize, hidden),
                output: try reader.linear(layer + "output.dense", hidden, sizes.feedForwardSize),
                outputNorm: try reader.norm(layer + "output.LayerNorm", hidden))
        }
    }
}

/// Finds tensors by the encoder's own names.
struct BertTensorReader {
    let tensors: any TensorCollection
    let prefix: String
    let epsilon: Float
    let precision: Precision

    init(model: ModelFolder, epsilon: Float, precision: Precision) {
        tensors = model.tensors
        self.epsilon = epsilon
        self.precision = precision
        let anchor = "embeddings.word_embeddings.weight"
        prefix =
            tensors.tensors.first { $0.name.hasSuffix(anchor) }.map { String($0.name.dropLast(anchor.count)) } ?? ""
    }

    func has(_ name: String) -> Bool { tensors.tensor(named: prefix + name) != nil }

    func matrix(_ name: String, _ rows: Int, _ columns: Int) throws -> WeightMatrix {
        try WeightMatrix(try tensors.requiredTensor(prefix + name + ".weight"), rows: rows, columns: columns)
    }

    func linear(_ name: String, _ rows: Int, _ columns: Int) throws -> Linear {
        Linear(
            weight: try matrix(name, rows, columns).prepared(for: precision), bias: try bias(name, rows))
    }

    func bias(_ name: String, _ count: Int) throws -> WeightVector {
        try WeightVector(try tensors.requiredTensor(prefix + name + ".bias"), count: count)
    }

    func norm(_ name: String, _ count: Int) throws -> LayerNorm {
        let old = has(name + ".gamma")
        return LayerNorm(
            weight: try WeightVector(
                try tensors.requiredTensor(prefix + name + (old ? ".gamma" : ".weight")), count: count),
            bias: try WeightVector(try tensors.requiredTensor(prefix + name + (old ? ".beta" : ".bias")), count: count),
            epsilon: epsilon)
    }
}
