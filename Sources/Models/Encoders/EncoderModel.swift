internal import TrawlCore
public import TrawlTensors

/// An encoder of the BERT family or its successors: bidirectional attention and feed-forward blocks over the tokens of
/// a text. What tells the families apart is data (`EncoderConfiguration`, `EncoderWeights`); the passes are shared.
///
/// Inputs are packed: a batch is whole sequences laid end to end, one product a projection for all of its tokens, and
/// attention within each sequence. Nothing is padded. Batches run side by side, one on each thread.
public final class EncoderModel: TokenEncoder {
    public let configuration: EncoderConfiguration
    public var vocabularySize: Int { configuration.vocabularySize }
    public var hiddenSize: Int { configuration.hiddenSize }
    public var contextLength: Int { configuration.contextLength }
    private let weights: EncoderWeights

    /// The tokens of a batch. More would push activations out of the caches, fewer would feed BLAS too thin products.
    private static let batchTokens = 512
    /// The tokens that are worth a thread of their own; fewer are shared out within the products.
    private static let leastTokens = 64

    init(configuration: EncoderConfiguration, weights: EncoderWeights) {
        self.configuration = configuration
        self.weights = weights
    }

    /// - Throws: `TrawlError` that names a missing tensor, or one whose shape contradicts config.json.
    public init(_ model: ModelFolder, precision: Precision = .f32) throws {
        switch model.architecture {
        case .bert, .roberta, .distilbert, .mpnet, .electra:
            (configuration, weights) = try BertFamily.load(model, precision)
        case .debertaV2: (configuration, weights) = try DebertaV2.load(model, precision)
        case .nomicBert: (configuration, weights) = try NomicBert.load(model, precision)
        case .modernBert: (configuration, weights) = try ModernBert.load(model, precision)
        case .t5: (configuration, weights) = try T5Encoder.load(model, precision)
        default:
            throw TrawlError(
                .incompatible, "\(model.architectureName) is no encoder", path: model.path,
                remedy: "name a model of the BERT family or a T5 encoder")
        }
    }

    public func encode(
        _ inputs: [EncoderInput], pool: ThreadPool = .shared,
        consume: (_ input: Int, _ states: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        try encode(inputs, isFirstOnly: false, pool: pool, consume: consume)
    }

    public func encodeFirstTokens(
        _ inputs: [EncoderInput], pool: ThreadPool = .shared,
        consume: (_ input: Int, _ state: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        try encode(inputs, isFirstOnly: true, pool: pool, consume: consume)
    }

    private func encode(
        _ inputs: [EncoderInput], isFirstOnly: Bool, pool: ThreadPool,
        consume: (_ input: Int, _ states: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        try check(inputs)
        // Neighbours of like length pack well; the order within a length is the caller's.
        let order = inputs.indices.sorted { (inputs[$1].tokens.count, $0) < (inputs[$0].tokens.count, $1) }
        let batches = Self.batches(order.map { inputs[$0].tokens.count }, threads: pool.threadCount)
        pool.parallelFor(batches.count) { index in
            run(
                order[batches[index]].map { ($0, inputs[$0]) }, isFirstOnly: isFirstOnly, pool: pool, consume: consume)
        }
    }

    /// Neighbouring inputs of up to `batchTokens` tokens, as many for each thread and of like size, as far as whole inputs
    /// allow: a thread that had none to compute would wait for the others.
    ///
    /// - Parameter counts: the tokens of each input.
    static func batches(_ counts: [Int], threads: Int) -> [Range<Int>] {
        var left = counts.reduce(0, +)
        var wanted = (left + batchTokens - 1) / batchTokens
        if left >= threads * leastTokens { wanted = (wanted + threads - 1) / threads * threads }
        var batches: [Range<Int>] = []
        var start = 0
        var tokens = 0
        for (position, count) in counts.enumerated() {
            let target = left / max(1, wanted)
            if position > start, tokens + count > batchTokens || tokens + count / 2 > target {
                batches.append(start..<position)
                left -= tokens
                wanted -= 1
                (start, tokens) = (position, 0)
            }
            tokens += count
        }
        if start < counts.count { batches.append(start..<counts.count) }
        return batches
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
            if let visible = input.visibleTokens, !(1...input.tokens.count ~= visible) {
                throw invalid("has \(visible) visible tokens of \(input.tokens.count)")
            }
            guard weights.distanceRows.isEmpty || input.visibleTokens ?? input.tokens.count == input.tokens.count else {
                throw invalid("hides tokens, which a model with disentangled attention cannot")
            }
            guard input.segments.isEmpty || input.segments.count == input.tokens.count else {
                throw invalid("has \(input.segments.count) segments for \(input.tokens.count) tokens")
            }
            if configuration.segmentCount > 0,
                let segment = input.segments.first(where: { $0 >= configuration.segmentCount })
            {
                throw invalid("has the segment \(segment); the model has \(configuration.segmentCount)")
            }
        }
    }

    /// What a batch is computed in, all in one thread's memory.
    private struct Batch {
        /// Where sequences begin, and the total of tokens.
        let starts: [Int]
        /// How many tokens of each sequence are seen.
        let visible: [Int]
        let longest: Int
        /// [total, hidden] each.
        let states, other: UnsafeMutablePointer<Float>
        /// Projections and context, [total, 4 attention], or the feed-forward block's values, [total, 1 or 2 wide].
        let inner: UnsafeMutablePointer<Float>
        /// The angles of each rotation, and the relative biases.
        let angles: [UnsafeMutablePointer<Float>]
        let biases: UnsafeMutablePointer<Float>?

        var total: Int { starts[starts.count - 1] }
        var count: Int { starts.count - 1 }

        /// Moves the row of each sequence's first token to the front of `rows`.
        func keepFirst(_ rows: UnsafeMutablePointer<Float>, width: Int) {
            for sequence in 0..<count where starts[sequence] > sequence {
                (rows + sequence * width).update(from: rows + starts[sequence] * width, count: width)
            }
        }
    }

    /// - Parameter isFirstOnly: whether the last layer is computed for the first tokens alone.
    private func run(
        _ inputs: [(index: Int, input: EncoderInput)], isFirstOnly: Bool, pool: ThreadPool,
        consume: (Int, UnsafeBufferPointer<Float>) -> Void
    ) {
        let hidden = configuration.hiddenSize
        let batch = makeBatch(inputs.map(\.input))
        let width = weights.words.columns
        // Embeddings that are not states yet lie where states go later.
        let embeddings = weights.embeddingProjection == nil ? batch.states : batch.other
        for (position, item) in inputs.enumerated() {
            embed(item.input, into: embeddings + batch.starts[position] * width, scratch: batch.inner)
        }
        weights.embeddingNorm?(embeddings, rows: batch.total)
        weights.embeddingProjection?(embeddings, batch.total, into: batch.states, pool)
        for (index, layer) in weights.layers.enumerated() {
            let isFirstOnly = isFirstOnly && index == weights.layers.count - 1
            if configuration.isPreNormed {
                runPreNormed(layer, batch, isFirstOnly: isFirstOnly, pool)
            } else {
                runPostNormed(layer, batch, isFirstOnly: isFirstOnly, pool)
            }
        }
        var final = batch.states
        if let norm = weights.finalNorm {
            norm(batch.states, rows: isFirstOnly ? batch.count : batch.total, into: batch.other)
            final = batch.other
        }
        for (position, item) in inputs.enumerated() {
            let begin = final + (isFirstOnly ? position : batch.starts[position]) * hidden
            let tokens = isFirstOnly ? 1 : item.input.tokens.count
            consume(item.index, UnsafeBufferPointer(start: begin, count: tokens * hidden))
        }
    }

    private func makeBatch(_ inputs: [EncoderInput]) -> Batch {
        let sizes = configuration
        let counts = inputs.map(\.tokens.count)
        var starts = [0]
        for count in counts { starts.append(starts[starts.count - 1] + count) }
        let total = starts[starts.count - 1]
        let longest = counts.max() ?? 0
        let innerWidth = max(
            4 * sizes.attentionSize, (sizes.isGated ? 2 : 1) * sizes.feedForwardSize, sizes.hiddenSize)
        let angleCounts = weights.rotations.map { $0.angleCount(longest) }
        let biasCount = weights.relativeBias?.biasCount(longest) ?? 0
        let floats = total * (2 * sizes.hiddenSize + innerWidth) + angleCounts.reduce(biasCount, +)
        let memory = ThreadScratch.floats(.activations, floats)
        let other = memory + total * sizes.hiddenSize
        let inner = other + total * sizes.hiddenSize
        var next = inner + total * innerWidth
        var angles: [UnsafeMutablePointer<Float>] = []
        for (rotation, count) in zip(weights.rotations, angleCounts) {
            rotation.writeAngles(longest, into: next)
            angles.append(next)
            next += count
        }
        weights.relativeBias?.writeBiases(longest, into: next)
        return Batch(
            starts: starts, visible: zip(inputs, counts).map { $0.visibleTokens ?? $1 }, longest: longest,
            states: memory, other: other, inner: inner, angles: angles,
            biases: weights.relativeBias == nil ? nil : next)
    }

    /// states = words + positions + segments, `[tokens, width of the embeddings]`.
    private func embed(
        _ input: EncoderInput, into states: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let hidden = weights.words.columns
        for (position, token) in input.tokens.enumerated() {
            let row = states + position * hidden
            weights.words.decode(row: Int(token), count: 1, into: row)
            if configuration.embeddingScale != 1 { for d in 0..<hidden { row[d] *= configuration.embeddingScale } }
            if let positions = weights.positions {
                positions.decode(row: position + configuration.firstPosition, count: 1, into: scratch)
                Kernels.add(scratch, to: row, hidden)
            }
            if let segments = weights.segments {
                let segment = input.segments.isEmpty ? 0 : Int(input.segments[position])
                segments.decode(row: segment, count: 1, into: scratch)
                Kernels.add(scratch, to: row, hidden)
            }
        }
    }

    /// states = norm(states + attention(states)), then norm(states + feed forward(states)).
    private func runPostNormed(
        _ layer: EncoderWeights.Layer, _ batch: Batch, isFirstOnly: Bool, _ pool: ThreadPool
    ) {
        let rows = isFirstOnly ? batch.count : batch.total
        attend(layer, batch.states, batch, isFirstOnly: isFirstOnly, into: batch.other, pool)
        if isFirstOnly { batch.keepFirst(batch.states, width: configuration.hiddenSize) }
        layer.attentionNorm?(batch.other, adding: batch.states, rows: rows)
        feedForward(layer, batch.other, rows: rows, batch, into: batch.states, pool)
        layer.feedForwardNorm(batch.states, adding: batch.other, rows: rows)
    }

    /// states += attention(norm(states)), then states += feed forward(norm(states)).
    private func runPreNormed(
        _ layer: EncoderWeights.Layer, _ batch: Batch, isFirstOnly: Bool, _ pool: ThreadPool
    ) {
        let rows = isFirstOnly ? batch.count : batch.total
        let count = rows * configuration.hiddenSize
        if let norm = layer.attentionNorm {
            norm(batch.states, rows: batch.total, into: batch.other)
            attend(layer, batch.other, batch, isFirstOnly: isFirstOnly, into: batch.other, pool)
        } else {
            attend(layer, batch.states, batch, isFirstOnly: isFirstOnly, into: batch.other, pool)
        }
        if isFirstOnly { batch.keepFirst(batch.states, width: configuration.hiddenSize) }
        Kernels.add(batch.other, to: batch.states, count)
        layer.feedForwardNorm(batch.states, rows: rows, into: batch.other)
        feedForward(layer, batch.other, rows: rows, batch, into: batch.other, pool)
        Kernels.add(batch.other, to: batch.states, count)
    }

    /// out = the attention block of x, which may be the same; `[total, hidden]`, or `[sequences, hidden]` for first tokens.
    private func attend(
        _ layer: EncoderWeights.Layer, _ x: UnsafeMutablePointer<Float>, _ batch: Batch, isFirstOnly: Bool,
        into out: UnsafeMutablePointer<Float>, _ pool: ThreadPool
    ) {
        let sizes = configuration
        let stride = 3 * sizes.attentionSize
        layer.projections(x, batch.total, into: batch.inner, pool)
        if let index = layer.rotation {
            let starts = batch.starts
            pool.parallelFor(starts.count - 1) { sequence in
                // Queries and keys lie one after the other.
                weights.rotations[index].apply(
                    batch.inner + starts[sequence] * stride, starts[sequence + 1] - starts[sequence], stride: stride,
                    heads: 2 * sizes.headCount, headDimension: sizes.headDimension, angles: batch.angles[index])
            }
        }
        let context = batch.inner + batch.total * stride
        weights.distanceRows.withUnsafeBufferPointer { rows in
            let attention = EncoderAttention(
                heads: sizes.headCount, width: sizes.headDimension, scale: sizes.scoreScale, window: layer.window,
                biases: batch.biases.map { UnsafePointer($0) }, longest: batch.longest,
                relative: layer.relativePositions.map { DisentangledAttention(positions: $0, rows: rows) },
                isFirstOnly: isFirstOnly)
            attention(batch.inner, starts: batch.starts, visible: batch.visible, into: context, pool: pool)
        }
        if isFirstOnly { batch.keepFirst(context, width: sizes.attentionSize) }
        layer.attentionOutput(context, isFirstOnly ? batch.count : batch.total, into: out, pool)
    }

    /// out = the feed-forward block of x, which may be the same; `[rows, hidden]`.
    private func feedForward(
        _ layer: EncoderWeights.Layer, _ x: UnsafeMutablePointer<Float>, rows: Int, _ batch: Batch,
        into out: UnsafeMutablePointer<Float>, _ pool: ThreadPool
    ) {
        layer.intermediate(x, rows, activation: configuration.activation, into: batch.inner, pool)
        if let gate = layer.gate {
            let count = rows * configuration.feedForwardSize
            gate(x, rows, into: batch.inner + count, pool)
            Kernels.multiply(batch.inner + count, into: batch.inner, count)
        }
        layer.output(batch.inner, rows, into: out, pool)
    }
}
