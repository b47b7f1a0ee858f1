internal import TrawlCore
internal import TrawlTensors

/// y = activation(x Wᵀ + b).
struct Linear: Sendable {
    let weight: WeightMatrix
    let bias: WeightVector?

    func callAsFunction(
        _ x: UnsafePointer<Float>, _ m: Int, activation: Activation = .identity, into y: UnsafeMutablePointer<Float>,
        _ pool: ThreadPool
    ) {
        func multiply(_ bias: UnsafePointer<Float>?) {
            weight.multiply(
                x, m: m, finish: WeightMatrix.Finish(bias: bias, activation: activation), into: y, pool: pool)
        }
        if let bias { bias.withPointer { multiply($0) } } else { multiply(nil) }
    }
}

extension Linear {
    /// Several layers of the same x in one loop, so that threads meet once.
    static func all(
        _ layers: [(layer: Linear, y: UnsafeMutablePointer<Float>)], _ x: UnsafePointer<Float>, _ m: Int,
        _ pool: ThreadPool
    ) {
        WeightMatrix.multiplyAll(layers.map { ($0.layer.weight, $0.y) }, x, m: m, pool: pool)
        for (layer, y) in layers {
            layer.bias?.withPointer { bias in
                for row in 0..<m { Kernels.add(bias, to: y + row * layer.weight.rows, layer.weight.rows) }
            }
        }
    }
}

/// Layer norm (Ba et al. 2016, arXiv 1607.06450), or the norm by the root mean square (Zhang and Sennrich 2019, arXiv
/// 1910.07467).
struct Norm: Sendable {
    let weight: WeightVector
    /// nil for the root mean square, which has none.
    let bias: WeightVector?
    let epsilon: Float

    /// x = norm(x + residual), in place, for layer norm; x: [rows, hidden].
    func callAsFunction(_ x: UnsafeMutablePointer<Float>, adding residual: UnsafePointer<Float>? = nil, rows: Int) {
        weight.withPointer { scale in
            guard let bias else { preconditionFailure("a sum is normed by layer norm alone") }
            bias.withPointer { shift in
                Kernels.layerNorm(
                    x, adding: residual, weight: scale, bias: shift, epsilon: epsilon, rows: rows,
                    columns: weight.count)
            }
        }
    }

    /// out = norm(x); both [rows, hidden].
    func callAsFunction(_ x: UnsafePointer<Float>, rows: Int, into out: UnsafeMutablePointer<Float>) {
        guard bias == nil else {
            out.update(from: x, count: rows * weight.count)
            return self(out, rows: rows)
        }
        weight.withPointer {
            Kernels.rmsNorm(x, weight: $0, epsilon: epsilon, rows: rows, columns: weight.count, into: out)
        }
    }
}

/// The weights of an encoder.
struct EncoderWeights: Sendable {
    struct Layer: Sendable {
        /// Before attention in a pre-normed layer, nil where there is none; else after it.
        let attentionNorm: Norm?
        /// Query, key and value, one below the other: [3 attention, hidden].
        let projections: Linear
        let attentionOutput: Linear
        let feedForwardNorm: Norm
        /// [feed forward, hidden].
        let intermediate: Linear
        /// What a gated block multiplies the activated values by; nil in others.
        let gate: Linear?
        let output: Linear
        /// How positions turn queries and keys; an index into `rotations`.
        var rotation: Int?
        /// How many tokens to each side a token sees; nil for all.
        var window: Int?
        /// What contents say of relative positions; nil for nothing.
        var relativePositions: DisentangledPositions?
    }

    let words: WeightMatrix
    /// nil where positions are no vectors.
    var positions: WeightMatrix?
    /// nil when the model has none.
    var segments: WeightMatrix?
    var embeddingNorm: Norm?
    /// From the normed embeddings, where they are shorter than states, to states; nil where they are states.
    var embeddingProjection: Linear?
    let layers: [Layer]
    /// After the last layer.
    var finalNorm: Norm?
    var rotations: [Rotation] = []
    /// What is added to scores, the same in every layer.
    var relativeBias: RelativeBias?
    /// The rows of distances that the layers' `relativePositions` have, for distances below the context's length.
    var distanceRows: [Int32] = []
}

/// Finds tensors by the encoder's own names, whatever a task model puts before them.
struct EncoderTensors {
    private let tensors: any TensorCollection
    private let prefix: String
    private let epsilon: Float
    private let precision: Precision
    /// Whether half precision is decoded once, for products of so few rows that decoding would take longer than they do.
    private let isExpanding: Bool

    /// - Parameter anchor: a tensor that every such model has.
    init(_ model: ModelFolder, anchor: String, epsilon: Float, precision: Precision) {
        let prefix = model.tensorPrefix ?? model.tensors.prefix(before: anchor) ?? ""
        self.init(model, prefix: prefix, isExpanding: false, epsilon: epsilon, precision: precision)
    }

    /// The tensors whose names begin with `prefix`.
    init(_ model: ModelFolder, prefix: String, isExpanding: Bool, epsilon: Float, precision: Precision) {
        tensors = model.tensors
        self.prefix = prefix
        self.isExpanding = isExpanding
        self.epsilon = epsilon
        self.precision = precision
    }

    func has(_ name: String) -> Bool { tensors.tensor(named: prefix + name) != nil }

    private func required(_ name: String) throws -> Tensor { try tensors.requiredTensor(prefix + name) }

    func matrix(_ name: String, _ rows: Int, _ columns: Int) throws -> WeightMatrix {
        try wholeMatrix(name + ".weight", rows, columns)
    }

    /// The matrix of that name and no other.
    func wholeMatrix(_ name: String, _ rows: Int, _ columns: Int) throws -> WeightMatrix {
        try WeightMatrix(try required(name), rows: rows, columns: columns)
    }

    /// A matrix that is multiplied with.
    func product(_ matrix: WeightMatrix) -> WeightMatrix {
        let prepared = matrix.prepared(for: precision)
        guard isExpanding, !prepared.isQuantised, [.f16, .bf16].contains(matrix.type) else { return prepared }
        return WeightMatrix(stacking: [matrix])
    }

    func vector(_ name: String, _ count: Int) throws -> WeightVector {
        try WeightVector(try required(name), count: count)
    }

    /// A layer of `rows` outputs with a bias.
    func linear(_ name: String, _ rows: Int, _ columns: Int) throws -> Linear {
        Linear(
            weight: product(try matrix(name, rows, columns)),
            bias: try WeightVector(try required(name + ".bias"), count: rows))
    }

    /// A layer in a family that mostly does without biases.
    func plainLinear(_ name: String, _ rows: Int, _ columns: Int) throws -> Linear {
        if has(name + ".bias") { return try linear(name, rows, columns) }
        return Linear(weight: product(try matrix(name, rows, columns)), bias: nil)
    }

    /// Two layers of `rows` outputs, stored one below the other.
    func halves(_ name: String, _ rows: Int, _ columns: Int) throws -> (Linear, Linear) {
        let whole = try matrix(name, 2 * rows, columns)
        let bias =
            has(name + ".bias")
            ? try WeightVector(try required(name + ".bias"), count: 2 * rows).values : nil
        func half(_ range: Range<Int>) -> Linear {
            Linear(
                weight: whole.outputs(range).prepared(for: precision), bias: bias.map { WeightVector(Array($0[range])) }
            )
        }
        return (half(0..<rows), half(rows..<2 * rows))
    }

    /// Layers of `rows` outputs each, made one.
    func stacked(_ names: [String], _ rows: Int, _ columns: Int, hasBias: Bool) throws -> Linear {
        let parts = try names.map { try matrix($0, rows, columns) }
        let biases =
            hasBias ? try names.flatMap { try WeightVector(try required($0 + ".bias"), count: rows).values } : nil
        return Linear(
            weight: WeightMatrix(stacking: parts).prepared(for: precision), bias: biases.map { WeightVector($0) })
    }

    /// A layer norm, also under the older names `gamma` and `beta`.
    func norm(_ name: String, _ count: Int) throws -> Norm {
        let names = tensors.normNames(prefix + name)
        return Norm(
            weight: try WeightVector(try tensors.requiredTensor(names.weight), count: count),
            bias: try WeightVector(try tensors.requiredTensor(names.bias), count: count), epsilon: epsilon)
    }

    /// A layer norm that may have no bias.
    func plainNorm(_ name: String, _ count: Int) throws -> Norm {
        if has(name + ".bias") { return try norm(name, count) }
        return Norm(
            weight: try WeightVector(try required(name + ".weight"), count: count),
            bias: WeightVector([Float](repeating: 0, count: count)), epsilon: epsilon)
    }

    func rootMeanSquareNorm(_ name: String, _ count: Int) throws -> Norm {
        Norm(weight: try WeightVector(try required(name + ".weight"), count: count), bias: nil, epsilon: epsilon)
    }
}

extension TensorCollection {
    /// What stands before `name` in the first tensor that ends in it; nil where none does.
    package func prefix(before name: String) -> String? {
        tensors.first { $0.name == name || $0.name.hasSuffix("." + name) }.map { String($0.name.dropLast(name.count)) }
    }
}
