internal import TrawlCore
internal import TrawlTensors

/// What turns the first token's state into label logits: dense, tanh, linear. Named `bert.pooler` and `classifier` in
/// BERT models, `classifier.dense` and `classifier.out_proj` in RoBERTa's.
public struct ClassificationHead: Sendable {
    public let labelCount: Int
    private let dense: WeightMatrix
    private let denseBias: [Float]
    private let output: WeightMatrix
    private let outputBias: [Float]

    /// - Throws: `TrawlError` that names a missing tensor or one whose shape does not fit.
    public init(_ model: ModelFolder) throws {
        guard [.bert, .roberta].contains(model.architecture) else {
            throw TrawlError(
                .unsupported, "a classifier of the type \(model.architectureName) is not supported",
                path: model.configurationPath, remedy: "use a BERT, RoBERTa or XLM-R cross-encoder")
        }
        guard let hidden = model.configuration["hidden_size"]?.int else {
            throw TrawlError(.corrupted, "'hidden_size' is missing", path: model.configurationPath)
        }
        let isRoberta = model.architecture == .roberta
        let denseName = isRoberta ? "classifier.dense" : "bert.pooler.dense"
        let outputName = isRoberta ? "classifier.out_proj" : "classifier"
        guard let weight = model.tensors.tensor(named: outputName + ".weight") else {
            throw TrawlError(
                .incompatible, "\(model.architectureName) has no tensor '\(outputName).weight': it is no classifier",
                path: model.path, remedy: "name a cross-encoder, such as BertForSequenceClassification")
        }
        labelCount = weight.shape.first ?? 0
        func vector(_ name: String, _ count: Int) throws -> [Float] {
            let tensor = try model.tensors.requiredTensor(name)
            try tensor.requireShape([count])
            return try tensor.floats()
        }
        dense = try WeightMatrix(
            try model.tensors.requiredTensor(denseName + ".weight"), rows: hidden, columns: hidden)
        denseBias = try vector(denseName + ".bias", hidden)
        output = try WeightMatrix(weight, rows: labelCount, columns: hidden)
        outputBias = try vector(outputName + ".bias", labelCount)
    }

    /// - Parameter state: the first token's, `[hidden]`.
    /// - Returns: `[labelCount]`.
    public func logits(_ state: [Float]) -> [Float] {
        var pooled = dense.multiply(state, bias: denseBias)
        let count = pooled.count
        pooled.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { Activation.tanh.apply(base, count) }
        }
        return output.multiply(pooled, bias: outputBias)
    }
}
