internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors
internal import TrawlTokenizers

/// What scores a query and a passage that are one input.
protocol PairModel: Sendable {
    /// The numbers of an input.
    var labelCount: Int { get }
    /// The longest input in tokens.
    var contextLength: Int { get }

    /// How it reads both texts.
    func template(_ tokenizer: Tokenizer) -> PairTemplate

    /// The numbers of each input, `[inputs, labelCount]`.
    func values(of inputs: [EncoderInput], pool: ThreadPool) throws -> [Float]
}

/// An encoder with a head of labels.
struct ClassifyingEncoder: PairModel {
    private let encoder: any TokenEncoder
    private let head: ClassificationHead

    /// - Throws: `TrawlError` that names the tensor that is missing or does not fit.
    init(_ model: ModelFolder, precision: Precision) throws {
        head = try ClassificationHead(model)
        encoder = try model.loadEncoder(precision: precision)
        guard head.inputSize == encoder.hiddenSize else {
            throw TrawlError(
                .corrupted,
                "the encoder's states have \(encoder.hiddenSize) values, the classifier reads \(head.inputSize)",
                path: model.path, remedy: "download the model again")
        }
    }

    var labelCount: Int { head.labelCount }
    var contextLength: Int { encoder.contextLength }

    func template(_ tokenizer: Tokenizer) -> PairTemplate { PairTemplate(tokenizer) }

    func values(of inputs: [EncoderInput], pool: ThreadPool) throws -> [Float] {
        let size = head.inputSize
        let states = UnsafeMutablePointer<Float>.allocate(capacity: max(1, inputs.count * size))
        defer { states.deallocate() }
        nonisolated(unsafe) let target = states
        func take(_ index: Int, _ states: UnsafeBufferPointer<Float>) { head.pool(states, into: target + index * size) }
        if head.readsFirstStateOnly {
            try encoder.encodeFirstTokens(inputs, pool: pool, consume: take)
        } else {
            try encoder.encode(inputs, pool: pool, consume: take)
        }
        return [Float](unsafeUninitializedCapacity: inputs.count * labelCount) { buffer, count in
            count = inputs.count * labelCount
            guard let base = buffer.baseAddress, count > 0 else { return }
            head.logits(states, count: inputs.count, into: base, pool: pool)
        }
    }
}

extension ConvKNRM: PairModel {
    var labelCount: Int { 1 }
    /// It has no positions. Memory bounds what it reads.
    var contextLength: Int { 1 << 12 }

    func template(_ tokenizer: Tokenizer) -> PairTemplate { .plain }

    func values(of inputs: [EncoderInput], pool: ThreadPool) throws -> [Float] { try scores(of: inputs, pool: pool) }
}
