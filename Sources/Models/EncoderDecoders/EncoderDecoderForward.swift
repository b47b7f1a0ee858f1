internal import TrawlCore
internal import TrawlTensors

/// The passes of an encoder-decoder: the encoder's over prompts, and the decoder's over rows that have consecutive slots at
/// the end of a cache.
///
/// Memory grows to the largest call and is then reused.
final class EncoderDecoderForward {
    private let encoder: EncoderModel
    private let sizes: EncoderConfiguration
    private let weights: EncoderDecoderWeights
    private let pool: ThreadPool

    /// The tokens of prompts that are read together, at most, unless one has more.
    private static let promptTokens = 2048
    /// The most rows that run through the layers at once.
    private static let chunkRows = 512
    /// Rows that share a product with their prompt's keys.
    private static let attentionRows = 32
    /// Rows that a thread norms at a time.
    private static let normRows = 32

    private let states = FloatBuffer()
    private let other = FloatBuffer()
    private let queries = FloatBuffer()
    private let context = FloatBuffer()
    private let inner = FloatBuffer()
    private let gate = FloatBuffer()
    private var rows: [Row] = []
    private var path: [Int32] = []
    private var blocks: [Block] = []

    private struct Row {
        /// The slots that it sees, oldest first and its own last, in `path`.
        let path: Range<Int>
        let position: Int
    }

    /// Neighbours that stand behind one prompt.
    private struct Block {
        var rows: Range<Int>
        /// The slot of the prompt.
        let prompt: Int
    }

    init(_ model: EncoderDecoderModel, pool: ThreadPool) {
        encoder = model.encoder
        sizes = model.configuration.decoder
        weights = model.weights
        self.pool = pool
    }

    // MARK: prompts

    /// Adds prompts to the memory: the keys and values of the encoder's states in every layer.
    func read(_ prompts: [PromptPlace], into memory: PromptMemory) throws {
        var start = 0
        while start < prompts.count {
            var end = start
            var total = 0
            while end < prompts.count, end == start || total + prompts[end].tokens.count <= Self.promptTokens {
                total += prompts[end].tokens.count
                end += 1
            }
            try read(prompts[start..<end], total, into: memory)
            start = end
        }
    }

    private func read(_ prompts: ArraySlice<PromptPlace>, _ total: Int, into memory: PromptMemory) throws {
        var starts = [0]
        for prompt in prompts { starts.append(starts[starts.count - 1] + prompt.tokens.count) }
        let encoded = try encode(prompts, starts, total)
        memory.append(prompts.map { ($0.slot, $0.tokens.count) })
        let (heads, width, attention) = (sizes.headCount, sizes.headDimension, sizes.attentionSize)
        let keys = queries.reserve(total * attention)
        let values = context.reserve(total * attention)
        for (index, layer) in weights.layers.enumerated() {
            Linear.all([(layer.crossKey, keys), (layer.crossValue, values)], encoded, total, pool)
            pool.parallelFor(prompts.count * heads) { task in
                let (prompt, head) = (task / heads, task % heads)
                let offset = starts[prompt] * attention + head * width
                memory.pack(
                    slot: prompts[prompts.startIndex + prompt].slot, layer: index, head: head, keys: keys + offset,
                    values: values + offset, stride: attention, scale: sizes.scoreScale)
            }
        }
    }

    /// The encoder's states in the decoder's width, `[total, width]`.
    private func encode(
        _ prompts: ArraySlice<PromptPlace>, _ starts: [Int], _ total: Int
    ) throws -> UnsafePointer<Float> {
        let hidden = encoder.hiddenSize
        let encoded = states.reserve(total * hidden)
        try encoder.encode(prompts.map { EncoderInput(tokens: $0.tokens) }, pool: pool) { index, states in
            if let source = states.baseAddress {
                (encoded + starts[index] * hidden).update(from: source, count: states.count)
            }
        }
        guard let bridge = weights.bridge else { return UnsafePointer(encoded) }
        let bridged = other.reserve(total * sizes.hiddenSize)
        bridge(encoded, total, into: bridged, pool)
        return UnsafePointer(bridged)
    }

    // MARK: rows

    /// Runs `tokens`, whose slots are the cache's last ones, and copies the final states (not yet normed) of the rows
    /// in `wanted` (ascending) to `out`, `[wanted, hidden]`.
    func run(
        _ tokens: [TokenID], in cache: KeyValueTree, _ memory: PromptMemory, wanted: [Int],
        into out: UnsafeMutablePointer<Float>
    ) {
        let first = cache.count - tokens.count
        cache.reserve(keeping: first)
        var next = 0
        for start in stride(from: 0, to: tokens.count, by: Self.chunkRows) {
            let count = min(Self.chunkRows, tokens.count - start)
            let final = runChunk(tokens[start..<start + count], firstSlot: first + start, cache, memory)
            while next < wanted.count && wanted[next] < start + count {
                (out + next * sizes.hiddenSize).update(
                    from: final + (wanted[next] - start) * sizes.hiddenSize, count: sizes.hiddenSize)
                next += 1
            }
        }
    }

    /// Logits of `count` final states, `[count, vocabulary]`.
    func logits(_ final: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        let hidden = sizes.hiddenSize
        let x = states.reserve(count * hidden)
        if let norm = weights.finalNorm {
            norm(final, rows: count, into: x)
        } else {
            x.update(from: final, count: count * hidden)
        }
        if let transform = weights.transform {
            let transformed = other.reserve(count * hidden)
            transform.dense(x, count, activation: transform.activation, into: transformed, pool)
            transform.norm(transformed, rows: count)
            return weights.output(transformed, count, into: out, pool)
        }
        if weights.outputScale != 1 { for index in 0..<count * hidden { x[index] *= weights.outputScale } }
        weights.output(x, count, into: out, pool)
    }

    /// The last layer's states, `[tokens, hidden]`.
    private func runChunk(
        _ tokens: ArraySlice<TokenID>, firstSlot: Int, _ cache: KeyValueTree, _ memory: PromptMemory
    ) -> UnsafePointer<Float> {
        let count = tokens.count
        let size = count * sizes.hiddenSize
        var x = states.reserve(size)
        var y = other.reserve(size)
        let query = queries.reserve(count * sizes.attentionSize)
        let mixed = context.reserve(count * sizes.attentionSize)
        let wide = inner.reserve(count * sizes.feedForwardSize)
        prepare(count, firstSlot, cache)
        embed(tokens, into: x, scratch: y)

        /// x = norm(x + block(x)), or x += block(norm(x)) in pre-normed layers.
        func apply(_ norm: Norm, _ block: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void) {
            if sizes.isPreNormed {
                eachRows(count) {
                    norm(
                        x + $0.lowerBound * sizes.hiddenSize, rows: $0.count, into: y + $0.lowerBound * sizes.hiddenSize
                    )
                }
                block(y, y)
                Kernels.add(y, to: x, size)
            } else {
                block(x, y)
                eachRows(count) {
                    let start = $0.lowerBound * sizes.hiddenSize
                    norm(y + start, adding: x + start, rows: $0.count)
                }
                swap(&x, &y)
            }
        }
        for (index, layer) in weights.layers.enumerated() {
            apply(layer.attentionNorm) { input, out in
                let keys = cache.keys(index) + firstSlot * cache.width
                let values = cache.values(index) + firstSlot * cache.width
                Linear.all([(layer.query, query), (layer.key, keys), (layer.value, values)], input, count, pool)
                attend(query, keys: cache.keys(index), values: cache.values(index), into: mixed)
                layer.attentionOutput(mixed, count, into: out, pool)
            }
            apply(layer.crossNorm) { input, out in
                layer.crossQuery(input, count, into: query, pool)
                attend(query, memory, layer: index, into: mixed)
                layer.crossOutput(mixed, count, into: out, pool)
            }
            apply(layer.feedForwardNorm) { input, out in
                layer.intermediate(input, count, activation: sizes.activation, into: wide, pool)
                if let second = layer.gate {
                    let factors = gate.reserve(count * sizes.feedForwardSize)
                    second(input, count, into: factors, pool)
                    Kernels.multiply(factors, into: wide, count * sizes.feedForwardSize)
                }
                layer.output(wide, count, into: out, pool)
            }
        }
        return UnsafePointer(x)
    }

    private func eachRows(_ count: Int, _ body: (Range<Int>) -> Void) {
        pool.parallelFor((count + Self.normRows - 1) / Self.normRows) { index in
            body(index * Self.normRows..<min(count, (index + 1) * Self.normRows))
        }
    }

    /// states = words + positions + segment, normed; `[tokens, hidden]`.
    private func embed(
        _ tokens: ArraySlice<TokenID>, into states: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let hidden = sizes.hiddenSize
        for (index, token) in tokens.enumerated() {
            let row = states + index * hidden
            weights.words.decode(row: Int(token), count: 1, into: row)
            if sizes.embeddingScale != 1 { for d in 0..<hidden { row[d] *= sizes.embeddingScale } }
            weights.segment?.withPointer { Kernels.add($0, to: row, hidden) }
            if let positions = weights.positions {
                positions.decode(row: rows[index].position + sizes.firstPosition, count: 1, into: scratch)
                Kernels.add(scratch, to: row, hidden)
            }
        }
        weights.embeddingNorm?(states, rows: tokens.count)
    }

    /// Finds what each row attends to, and the blocks of rows that attend to one prompt.
    private func prepare(_ count: Int, _ firstSlot: Int, _ cache: KeyValueTree) {
        rows.removeAll(keepingCapacity: true)
        path.removeAll(keepingCapacity: true)
        blocks.removeAll(keepingCapacity: true)
        for row in 0..<count {
            let slot = cache.slots[firstSlot + row]
            let begin = path.count
            path.append(slot.spanStart)
            _ = cache.ancestry(of: firstSlot + row, appendingPathTo: &path)
            rows.append(Row(path: begin..<path.count, position: Int(slot.position)))
            let prompt = Int(slot.spanStart)
            if let last = blocks.last, last.prompt == prompt, last.rows.count < Self.attentionRows {
                blocks[blocks.count - 1].rows = last.rows.lowerBound..<row + 1
            } else {
                blocks.append(Block(rows: row..<row + 1, prompt: prompt))
            }
        }
    }

    /// context = softmax(scale q Kᵀ + bias) V over each row's ancestors and itself; `[rows, heads, width]`.
    private func attend(
        _ queries: UnsafePointer<Float>, keys: UnsafePointer<Float>, values: UnsafePointer<Float>,
        into context: UnsafeMutablePointer<Float>
    ) {
        let (width, stride, scale) = (sizes.headDimension, sizes.attentionSize, sizes.scoreScale)
        pool.parallelFor(rows.count) { row in
            let slots = path[rows[row].path]
            let scores = ThreadScratch.floats(.scores, slots.count)
            for head in 0..<sizes.headCount {
                let place = row * stride + head * width
                for (index, slot) in slots.enumerated() {
                    let key = keys + Int(slot) * stride + head * width
                    scores[index] = scale * Kernels.dot(queries + place, key, width)
                    if let bias = weights.relativeBias {
                        scores[index] += bias.value(back: slots.count - 1 - index, head: head)
                    }
                }
                Kernels.softmax(scores, rows: 1, columns: slots.count, stride: slots.count)
                let out = context + place
                out.update(repeating: 0, count: width)
                for (index, slot) in slots.enumerated() {
                    Kernels.addScaled(scores[index], values + Int(slot) * stride + head * width, to: out, width)
                }
            }
        }
    }

    /// context = softmax(scale q Kᵀ) V over the states of each row's prompt; `[rows, heads, width]`.
    private func attend(
        _ queries: UnsafePointer<Float>, _ memory: PromptMemory, layer: Int, into context: UnsafeMutablePointer<Float>
    ) {
        let (heads, width, stride) = (sizes.headCount, sizes.headDimension, sizes.attentionSize)
        pool.parallelFor(blocks.count * heads) { task in
            let (block, head) = (blocks[task / heads], task % heads)
            guard let panels = memory.panels(slot: block.prompt, layer: layer, head: head) else { return }
            let (count, length) = (block.rows.count, panels.length)
            let place = block.rows.lowerBound * stride + head * width
            let scores = ThreadScratch.floats(.scores, count * length)
            Kernels.multiply(
                count, length, width, queries + place, stride, panels: panels.keys, into: scores, length)
            Kernels.softmax(scores, rows: count, columns: length, stride: length)
            Kernels.multiply(
                count, width, length, scores, length, panels: panels.values, into: context + place, stride)
        }
    }
}
