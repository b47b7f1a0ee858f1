internal import Core
public import Tensors

/// A BERT encoder (Devlin et al. 2019, arXiv 1810.04805), also in RoBERTa's variant.
///
/// Inputs are packed: a batch is whole sequences laid end to end, one product a projection for all of its tokens, and
/// attention within each sequence. Nothing is padded. Batches run side by side, one on each thread.
public final class BertModel: TokenEncoder {
    public let configuration: BertConfiguration
    public var vocabularySize: Int { configuration.vocabularySize }
    public var hiddenSize: Int { configuration.hiddenSize }
    public var contextLength: Int { configuration.contextLength }
    private let weights: BertWeights
    private let path: String

    /// The tokens of a batch. More would push activations out of the caches, fewer would feed BLAS too thin products.
    private static let batchTokens = 512

    /// - Throws: `TrawlError` that names a missing tensor, or one whose shape contradicts config.json.
    public init(_ model: ModelFolder, precision: Precision = .f32) throws {
        guard model.architecture != .llama else {
            throw TrawlError(
                .incompatible, "\(model.architectureName) is no encoder", path: model.path,
                remedy: "name a model of the BERT family")
        }
        path = model.path
        configuration = try BertConfiguration(model)
        weights = try BertWeights(model, configuration, precision)
    }

    public func encode(
        _ inputs: [EncoderInput], pool: ThreadPool = .shared,
        consume: (_ input: Int, _ states: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        try check(inputs)
        // Neighbours of like length pack well; the order within a length is the caller's.
        let order = inputs.indices.sorted { (inputs[$1].tokens.count, $0) < (inputs[$0].tokens.count, $1) }
        var batches: [Range<Int>] = []
        var start = 0
        var tokens = 0
        for position in order.indices {
            let count = inputs[order[position]].tokens.count
            if position > start && tokens + count > Self.batchTokens {
                batches.append(start..<position)
                (start, tokens) = (position, 0)
            }
            tokens += count
        }
        if start < order.count { batches.append(start..<order.count) }
        pool.parallelFor(batches.count) { index in
            run(order[batches[index]].map { ($0, inputs[$0]) }, pool: pool, consume: consume)
        }
    }

    public func operations(tokens: Int) -> Double { configuration.operations(tokens: tokens) }

    private func check(_ inputs: [EncoderInput]) throws {
        for (index, input) in inputs.enumerated() {
            func invalid(_ message: String) -> TrawlError {
                TrawlError(
                    .invalidInput, "input \(index) \(message)", remedy: "tokenise with the model's own tokenizer")
            }
            guard !input.tokens.isEmpty else { throw invalid("has no tokens") }
            guard input.tokens.count <= configuration.contextLength else {
                throw invalid("has \(input.tokens.count) tokens; the model takes \(configuration.contextLength)")
            }
            if let token = input.tokens.first(where: { Int($0) >= configuration.vocabularySize }) {
                throw invalid("has the token \(token); the vocabulary has \(configuration.vocabularySize)")
            }
            guard input.segments.isEmpty || input.segments.count == input.tokens.count else {
                throw invalid("has \(input.segments.count) segments for \(input.tokens.count) tokens")
            }
            if weights.segments != nil, let segment = input.segments.first(where: { $0 >= configuration.segmentCount })
            {
                throw invalid("has the segment \(segment); the model has \(configuration.segmentCount)")
            }
        }
    }

    private func run(
        _ batch: [(index: Int, input: EncoderInput)], pool: ThreadPool,
        consume: (Int, UnsafeBufferPointer<Float>) -> Void
    ) {
        let hidden = configuration.hiddenSize
        let wide = configuration.feedForwardSize
        var starts = [0]
        for (_, input) in batch { starts.append(starts[starts.count - 1] + input.tokens.count) }
        let total = starts[starts.count - 1]

        // states, other: [total, hidden]; inner: [total, max(3 hidden + hidden, wide)]
        let innerWidth = max(4 * hidden, wide)
        let memory = ThreadScratch.floats(.activations, total * (2 * hidden + innerWidth))
        let states = memory
        let other = states + total * hidden
        let inner = other + total * hidden

        for (position, item) in batch.enumerated() {
            embed(item.input, into: states + starts[position] * hidden, scratch: other)
        }
        weights.embeddingNorm(states, adding: nil, rows: total)
        for layer in weights.layers {
            let context = inner + total * 3 * hidden
            layer.projections(states, total, into: inner, pool)
            attend(projections: inner, starts: starts, into: context, pool: pool)
            layer.attentionOutput(context, total, into: other, pool)
            layer.attentionNorm(other, adding: states, rows: total)
            layer.intermediate(other, total, activation: configuration.activation, into: inner, pool)
            layer.output(inner, total, into: states, pool)
            layer.outputNorm(states, adding: other, rows: total)
        }
        for (position, item) in batch.enumerated() {
            let begin = states + starts[position] * hidden
            consume(item.index, UnsafeBufferPointer(start: begin, count: item.input.tokens.count * hidden))
        }
    }

    /// states = words + positions + segments, `[tokens, hidden]`.
    private func embed(
        _ input: EncoderInput, into states: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let hidden = configuration.hiddenSize
        for (position, token) in input.tokens.enumerated() {
            let row = states + position * hidden
            weights.words.decode(row: Int(token), count: 1, into: row)
            weights.positions.decode(row: position + configuration.firstPosition, count: 1, into: scratch)
            Kernels.add(scratch, to: row, hidden)
            if let segments = weights.segments {
                let segment = input.segments.isEmpty ? 0 : Int(input.segments[position])
                segments.decode(row: segment, count: 1, into: scratch)
                Kernels.add(scratch, to: row, hidden)
            }
        }
    }

    /// context = softmax(Q Kᵀ / sqrt(d)) V, for each sequence and head. projections: `[total, 3 hidden]`.
    private func attend(
        projections: UnsafeMutablePointer<Float>, starts: [Int], into context: UnsafeMutablePointer<Float>,
        pool: ThreadPool
    ) {
        let hidden = configuration.hiddenSize
        let heads = configuration.headCount
        let width = configuration.headDimension
        let stride = 3 * hidden
        let queryTile = 48
        let scale = 1 / Float(width).squareRoot()
        pool.parallelFor((starts.count - 1) * heads) { task in
            let (sequence, head) = (task / heads, task % heads)
            let start = starts[sequence]
            let length = starts[sequence + 1] - start
            // Scores of a few queries against all keys stay in the second-level cache, so that no running maximum is kept.
            let keyCount = Kernels.packedCount(length, width)
            let valueCount = Kernels.packedCount(width, length)
            let keys = ThreadScratch.floats(.scores, keyCount + valueCount + queryTile * length)
            let values = keys + keyCount
            let scores = values + valueCount
            let base = projections + start * stride + head * width
            Kernels.pack(outputs: base + hidden, stride, length, width, scale: scale, into: keys)
            Kernels.pack(inputs: base + 2 * hidden, stride, width, length, into: values)
            var query = 0
            while query < length {
                let count = min(queryTile, length - query)
                Kernels.multiply(
                    count, length, width, base + query * stride, stride, panels: keys, into: scores, length)
                Kernels.softmax(scores, rows: count, columns: length, stride: length)
                Kernels.multiply(
                    count, width, length, scores, length, panels: values,
                    into: context + (start + query) * hidden + head * width, hidden)
                query += count
            }
        }
    }
}
