internal import TrawlCore
public import TrawlTensors

/// What turns the states of a sequence classifier into label logits: one state for the whole input, a dense layer, an
/// activation, in some families a norm, and the output layer. What tells families apart is data
/// (`ClassificationHeadFamily`).
public struct ClassificationHead: Sendable {
    /// How an input's states become one.
    enum Pooling { case first, mean }

    public let labelCount: Int
    /// The length of a state.
    public let inputSize: Int
    private let parts: Parts

    /// What a family's loader gives.
    struct Parts: Sendable {
        var pooling = Pooling.first
        let dense: Linear
        let activation: Activation
        var norm: Norm?
        let output: Linear
    }

    /// The families that are known. This is where a new one is registered.
    private static let families: [any ClassificationHeadFamily.Type] = [
        BertHead.self, RobertaHead.self, DistilBertHead.self, ElectraHead.self, ModernBertHead.self,
        DebertaV2Head.self,
    ]

    /// - Throws: `TrawlError` that names a missing tensor or one whose shape does not fit; `.unsupported` for a family that
    ///   is not known, `.incompatible` for a model that is not a classifier.
    public init(_ model: ModelFolder) throws {
        guard let family = Self.families.first(where: { $0.architectures.contains(model.architecture) }) else {
            throw TrawlError(
                .unsupported, "a classifier of the type \(model.architectureName) is not supported",
                path: model.configurationPath,
                remedy: "use a BERT, RoBERTa, XLM-R, DistilBERT, ELECTRA, ModernBERT or DeBERTa-v2 cross-encoder")
        }
        guard let weight = model.tensors.tensor(named: family.output + ".weight") else {
            throw TrawlError(
                .incompatible,
                "\(model.architectureName) has no tensor '\(family.output).weight': it is not a classifier",
                path: model.path, remedy: "name a cross-encoder, such as BertForSequenceClassification")
        }
        guard let labels = weight.shape.first, labels > 0 else {
            throw TrawlError(
                .corrupted, "tensor '\(family.output).weight' is empty", path: model.path,
                remedy: "download the model again")
        }
        if let named = model.configuration["id2label"]?.members?.count, named != labels {
            throw TrawlError(
                .corrupted, "'id2label' names \(named) labels, tensor '\(family.output).weight' has \(labels)",
                path: model.configurationPath, remedy: "download the model again")
        }
        labelCount = labels
        parts = try family.load(HeadReader(model: model, labelCount: labels))
        inputSize = parts.dense.weight.columns
    }

    /// Whether `pool` reads nothing but an input's first state.
    public var readsFirstStateOnly: Bool { parts.pooling == .first }

    /// Writes the one state that the head reads of an input's states.
    ///
    /// - Parameters:
    ///   - states: `[tokens, inputSize]`, at least one token.
    ///   - state: `[inputSize]`.
    public func pool(_ states: UnsafeBufferPointer<Float>, into state: UnsafeMutablePointer<Float>) {
        guard let base = states.baseAddress else { return }
        state.update(from: base, count: inputSize)
        guard parts.pooling == .mean else { return }
        let tokens = states.count / inputSize
        for token in 1..<max(1, tokens) { Kernels.add(base + token * inputSize, to: state, inputSize) }
        for index in 0..<inputSize { state[index] /= Float(tokens) }
    }

    /// Writes the logits of pooled states. A state's logits do not depend on the others.
    ///
    /// - Parameters:
    ///   - states: `[count, inputSize]`.
    ///   - logits: `[count, labelCount]`.
    public func logits(
        _ states: UnsafePointer<Float>, count: Int, into logits: UnsafeMutablePointer<Float>, pool: ThreadPool = .shared
    ) {
        let width = parts.dense.weight.rows
        let memory = FloatBuffer(capacity: 2 * width)
        for index in 0..<count {
            // One at a time: products of several rows may round otherwise.
            parts.dense(
                states + index * inputSize, 1, activation: parts.activation, into: memory.base, pool)
            var inner = memory.base
            if let norm = parts.norm {
                inner += width
                norm(memory.base, rows: 1, into: inner)
            }
            parts.output(inner, 1, into: logits + index * labelCount, pool)
        }
    }
}
