internal import Core
internal import Glibc
internal import Tensors

/// The forward pass over rows that have consecutive slots at the end of a cache.
///
/// Memory grows to the largest call and is then reused.
final class LlamaForward {
    private let configuration: LlamaConfiguration
    private let weights: LlamaWeights
    private let pool: ThreadPool

    // The most rows that run through the layers at once.
    static let chunkRows = 512
    /// Rows that share a product with their prompt's keys.
    private static let attentionRows = 32

    private let states = FloatBuffer()
    private let normed = FloatBuffer()
    private let queries = FloatBuffer()
    private let context = FloatBuffer()
    private let gate = FloatBuffer()
    private let up = FloatBuffer()
    private let cosines = FloatBuffer()
    private let sines = FloatBuffer()
    private var rows: [Row] = []
    private var path: [Int32] = []
    private var blocks: [Range<Int>] = []

    private struct Row {
        /// The prompt's slots that it sees.
        let start: Int
        let visible: Int
        /// Its ancestors behind the prompt and itself, in `path`.
        let path: Range<Int>
    }

    init(_ model: LlamaModel, pool: ThreadPool) {
        configuration = model.configuration
        weights = model.weights
        self.pool = pool
    }

    /// Runs `tokens`, whose slots are the cache's last ones, and copies the final states (not yet normed) of the rows
    /// in `wanted` (ascending) to `out`, `[wanted, hidden]`.
    func run(
        _ tokens: [TokenID], in cache: KeyValueTree, wanted: [Int], into out: UnsafeMutablePointer<Float>
    ) {
        let first = cache.count - tokens.count
        cache.reserve(keeping: first)
        var next = 0
        var start = 0
        while start < tokens.count {
            let count = min(Self.chunkRows, tokens.count - start)
            runChunk(tokens[start..<start + count], firstSlot: first + start, cache)
            while next < wanted.count && wanted[next] < start + count {
                (out + next * configuration.hiddenSize).update(
                    from: states.base + (wanted[next] - start) * configuration.hiddenSize,
                    count: configuration.hiddenSize)
                next += 1
            }
            start += count
        }
    }

    /// Logits of `count` final states, `[count, vocabulary]`.
    func logits(_ final: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        let hidden = configuration.hiddenSize
        let target = normed.reserve(count * hidden)
        weights.norm.withPointer { weight in
            Kernels.rmsNorm(
                final, weight: weight, epsilon: configuration.epsilon, rows: count, columns: hidden, into: target)
        }
        weights.output.multiply(target, m: count, into: out, pool: pool)
    }

    private func runChunk(_ tokens: ArraySlice<TokenID>, firstSlot: Int, _ cache: KeyValueTree) {
        let sizes = configuration
        let count = tokens.count
        let hidden = sizes.hiddenSize
        states.reserve(count * hidden)
        normed.reserve(count * hidden)
        queries.reserve(count * sizes.querySize)
        context.reserve(count * sizes.querySize)
        gate.reserve(count * sizes.feedForwardSize)
        up.reserve(count * sizes.feedForwardSize)
        prepare(count, firstSlot, cache)
        for (row, token) in tokens.enumerated() {
            weights.embedding.decode(row: Int(token), count: 1, into: states.base + row * hidden)
        }
        for (index, layer) in weights.layers.enumerated() {
            norm(layer.attentionNorm, count)
            let keys = cache.keys(index) + firstSlot * cache.width
            let values = cache.values(index) + firstSlot * cache.width
            WeightMatrix.multiplyAll(
                [(layer.query, queries.base), (layer.key, keys), (layer.value, values)], normed.base, m: count,
                pool: pool)
            rotate(queries.base, heads: sizes.headCount, count)
            rotate(keys, heads: sizes.keyHeadCount, count)
            attend(keys: cache.keys(index), values: cache.values(index))
            layer.attentionOutput.multiply(
                context.base, m: count, finish: .init(isAdded: true), into: states.base, pool: pool)

            norm(layer.feedForwardNorm, count)
            WeightMatrix.multiplyAll([(layer.gate, gate.base), (layer.up, up.base)], normed.base, m: count, pool: pool)
            swish(count * sizes.feedForwardSize)
            layer.down.multiply(gate.base, m: count, finish: .init(isAdded: true), into: states.base, pool: pool)
        }
    }

    private func norm(_ weight: WeightVector, _ count: Int) {
        weight.withPointer { weight in
            Kernels.rmsNorm(
                states.base, weight: weight, epsilon: configuration.epsilon, rows: count,
                columns: configuration.hiddenSize, into: normed.base)
        }
    }

    private func swish(_ count: Int) {
        let tile = 1 << 14
        pool.parallelFor((count + tile - 1) / tile) { index in
            let start = index * tile
            Kernels.siluMultiply(gate.base + start, up.base + start, min(tile, count - start))
        }
    }

    private func rotate(_ x: UnsafeMutablePointer<Float>, heads: Int, _ count: Int) {
        let half = configuration.ropeFrequencies.count
        for row in 0..<count {
            Kernels.rotate(
                x + row * heads * configuration.headDimension, heads: heads,
                headDimension: configuration.headDimension, dimension: 2 * half, cosines: cosines.base + row * half,
                sines: sines.base + row * half, interleaved: configuration.ropeIsInterleaved)
        }
    }

    /// Finds what each row attends to, the blocks of rows that attend together, and the angles of their positions.
    private func prepare(_ count: Int, _ firstSlot: Int, _ cache: KeyValueTree) {
        rows.removeAll(keepingCapacity: true)
        path.removeAll(keepingCapacity: true)
        blocks.removeAll(keepingCapacity: true)
        let half = configuration.ropeFrequencies.count
        let cosine = cosines.reserve(count * half)
        let sine = sines.reserve(count * half)
        var blockStart = 0
        for row in 0..<count {
            let begin = path.count
            let (start, visible) = cache.ancestry(of: firstSlot + row, appendingPathTo: &path)
            rows.append(Row(start: start, visible: visible, path: begin..<path.count))
            // A block is either a stretch of one prompt or nodes behind one prompt, never both.
            let head = rows[blockStart]
            if row > blockStart
                && (head.start != start || head.path.isEmpty != rows[row].path.isEmpty
                    || row - blockStart == Self.attentionRows)
            {
                blocks.append(blockStart..<row)
                blockStart = row
            }
            let position = Float(cache.slots[firstSlot + row].position)
            for pair in 0..<half {
                // As transformers: the angle is rounded to single precision.
                let angle = Double(position * configuration.ropeFrequencies[pair])
                cosine[row * half + pair] = Float(cos(angle))
                sine[row * half + pair] = Float(sin(angle))
            }
        }
        if count > 0 { blocks.append(blockStart..<count) }
    }

    /// context = softmax(q Kᵀ / sqrt(d)) V over each row's prompt and ancestors.
    private func attend(keys: UnsafePointer<Float>, values: UnsafePointer<Float>) {
        let keyHeads = configuration.keyHeadCount
        pool.parallelFor(blocks.count * keyHeads) { task in
            attend(blocks[task / keyHeads], keyHead: task % keyHeads, keys: keys, values: values)
        }
    }

    private func attend(
        _ block: Range<Int>, keyHead: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>
    ) {
        let width = configuration.headDimension
        let keyStride = configuration.keySize
        let queryStride = configuration.querySize
        let group = configuration.headCount / configuration.keyHeadCount
        let scale = 1 / Float(width).squareRoot()
        let spanStart = rows[block.lowerBound].start
        var visible = 0
        var longestPath = 0
        for row in block {
            visible = max(visible, rows[row].visible)
            longestPath = max(longestPath, rows[row].path.count)
        }
        // The heads of a group share keys and values: their queries are rows of one product.
        let lines = block.count * group
        let stride = visible + longestPath
        let keyCount = Kernels.packedCount(visible, width)
        let valueCount = Kernels.packedCount(width, visible)
        // scaled: [rows, group, width]; scores: [rows, group, visible prompt | path]
        let spanKeys = ThreadScratch.floats(.scores, keyCount + valueCount + lines * (2 * width + stride))
        let spanValues = spanKeys + keyCount
        let scaled = spanValues + valueCount
        let out = scaled + lines * width
        let scores = out + lines * width
        let offset = spanStart * keyStride + keyHead * width
        Kernels.pack(outputs: keys + offset, keyStride, visible, width, into: spanKeys)
        Kernels.pack(inputs: values + offset, keyStride, width, visible, into: spanValues)
        for (index, row) in block.enumerated() {
            let query = queries.base + row * queryStride + keyHead * group * width
            for d in 0..<group * width { scaled[index * group * width + d] = query[d] * scale }
        }
        Kernels.multiply(lines, visible, width, scaled, width, panels: spanKeys, into: scores, stride)
        for line in 0..<lines {
            let entry = rows[block.lowerBound + line / group]
            let row = scores + line * stride
            for hiddenSlot in entry.visible..<visible { row[hiddenSlot] = -.infinity }
            for (position, slot) in path[entry.path].enumerated() {
                let key = keys + Int(slot) * keyStride + keyHead * width
                row[visible + position] = Kernels.dot(scaled + line * width, key, width)
            }
            Kernels.softmax(row, rows: 1, columns: visible + entry.path.count, stride: stride)
        }
        Kernels.multiply(lines, width, visible, scores, stride, panels: spanValues, into: out, width)
        for line in 0..<lines {
            let entry = rows[block.lowerBound + line / group]
            for (position, slot) in path[entry.path].enumerated() {
                let value = values + Int(slot) * keyStride + keyHead * width
                Kernels.addScaled(scores[line * stride + visible + position], value, to: out + line * width, width)
            }
        }
        for (index, row) in block.enumerated() {
            (context.base + row * queryStride + keyHead * group * width).update(
                from: out + index * group * width, count: group * width)
        }
    }
}
