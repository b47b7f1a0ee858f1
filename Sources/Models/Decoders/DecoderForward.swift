internal import Glibc
internal import TrawlCore
internal import TrawlTensors

/// The forward pass over rows that have consecutive slots at the end of a cache.
///
/// Memory grows to the largest call and is then reused.
final class DecoderForward {
    private let configuration: DecoderConfiguration
    private let weights: DecoderWeights
    private let pool: ThreadPool

    /// The most rows that run through the layers at once; all of them where a token sees those behind it.
    private var chunkRows: Int { configuration.isBidirectional ? .max : 512 }
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
        let position: Int
    }

    /// Where each table's angles begin, in pairs a row.
    private let angleStarts: [Int]

    init(_ model: DecoderModel, pool: ThreadPool) {
        configuration = model.configuration
        var starts: [Int] = []
        var pairs = 0
        for table in configuration.rotations {
            starts.append(pairs)
            pairs += table.count
        }
        angleStarts = starts
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
            let count = min(chunkRows, tokens.count - start)
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

    /// Norms `count` final states, `[count, hidden]`.
    func normalise(_ final: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        norm(weights.norm, final, rows: count, columns: configuration.hiddenSize, into: out)
    }

    /// Logits of `count` final states, `[count, vocabulary]`.
    func logits(_ final: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        let target = normed.reserve(count * configuration.hiddenSize)
        normalise(final, count: count, into: target)
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
            let state = states.base + row * hidden
            weights.embedding.decode(row: Int(token), count: 1, into: state)
            if sizes.embeddingScale != 1 { for d in 0..<hidden { state[d] *= sizes.embeddingScale } }
        }
        for (index, layer) in weights.layers.enumerated() {
            let kind = sizes.layers[index]
            norm(layer.attentionNorm, states.base, rows: count, columns: hidden, into: normed.base)
            let keys = cache.keys(index) + firstSlot * cache.width
            let values = cache.values(index) + firstSlot * cache.width
            WeightMatrix.multiplyAll(
                [(layer.query, queries.base), (layer.key, keys), (layer.value, values)], normed.base, m: count,
                pool: pool)
            add(layer.queryBias, to: queries.base, count)
            add(layer.keyBias, to: keys, count)
            add(layer.valueBias, to: values, count)
            normHeads(layer.queryNorm, queries.base, heads: sizes.headCount * count)
            normHeads(layer.keyNorm, keys, heads: sizes.keyHeadCount * count)
            rotate(queries.base, heads: sizes.headCount, count, kind.rotation)
            rotate(keys, heads: sizes.keyHeadCount, count, kind.rotation)
            attend(keys: cache.keys(index), values: cache.values(index), window: kind.window)
            addProduct(
                layer.attentionOutput, context.base, bias: layer.attentionOutputBias, norm: layer.attentionOutputNorm,
                count)

            norm(layer.feedForwardNorm, states.base, rows: count, columns: hidden, into: normed.base)
            WeightMatrix.multiplyAll([(layer.gate, gate.base), (layer.up, up.base)], normed.base, m: count, pool: pool)
            activate(count * sizes.feedForwardSize)
            addProduct(layer.down, gate.base, bias: nil, norm: layer.feedForwardOutputNorm, count)
        }
    }

    private func norm(
        _ weight: WeightVector, _ x: UnsafePointer<Float>, rows: Int, columns: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        weight.withPointer { weight in
            Kernels.rmsNorm(
                x, weight: weight, epsilon: configuration.epsilon, rows: rows, columns: columns, into: out)
        }
    }

    private func normHeads(_ weight: WeightVector?, _ x: UnsafeMutablePointer<Float>, heads: Int) {
        guard let weight else { return }
        norm(weight, x, rows: heads, columns: configuration.headDimension, into: x)
    }

    private func add(_ bias: WeightVector?, to x: UnsafeMutablePointer<Float>, _ count: Int) {
        guard let bias else { return }
        bias.withPointer { values in
            for row in 0..<count { Kernels.add(values, to: x + row * bias.count, bias.count) }
        }
    }

    /// states += x Wᵀ + bias, normed before it is added where there is a norm.
    private func addProduct(
        _ weight: WeightMatrix, _ x: UnsafePointer<Float>, bias: WeightVector?, norm outputNorm: WeightVector?,
        _ count: Int
    ) {
        let hidden = configuration.hiddenSize
        guard let outputNorm else {
            weight.multiply(x, m: count, finish: .init(isAdded: true), into: states.base, pool: pool)
            add(bias, to: states.base, count)
            return
        }
        weight.multiply(x, m: count, into: normed.base, pool: pool)
        add(bias, to: normed.base, count)
        norm(outputNorm, normed.base, rows: count, columns: hidden, into: normed.base)
        Kernels.add(normed.base, to: states.base, count * hidden)
    }

    /// gate = activation(gate) * up
    private func activate(_ count: Int) {
        let tile = 1 << 14
        pool.parallelFor((count + tile - 1) / tile) { index in
            let start = index * tile
            let size = min(tile, count - start)
            if configuration.activation == .silu {
                Kernels.siluMultiply(gate.base + start, up.base + start, size)
            } else {
                configuration.activation.apply(gate.base + start, size)
                Kernels.multiply(up.base + start, into: gate.base + start, size)
            }
        }
    }

    private func rotate(_ x: UnsafeMutablePointer<Float>, heads: Int, _ count: Int, _ rotation: Int) {
        let half = configuration.rotations[rotation].count
        let cosines = cosines.base + angleStarts[rotation] * count
        let sines = sines.base + angleStarts[rotation] * count
        for row in 0..<count {
            Kernels.rotate(
                x + row * heads * configuration.headDimension, heads: heads,
                headDimension: configuration.headDimension, dimension: 2 * half, cosines: cosines + row * half,
                sines: sines + row * half, interleaved: configuration.ropeIsInterleaved)
        }
    }

    /// Finds what each row attends to, the blocks of rows that attend together, and the angles of their positions.
    private func prepare(_ count: Int, _ firstSlot: Int, _ cache: KeyValueTree) {
        rows.removeAll(keepingCapacity: true)
        path.removeAll(keepingCapacity: true)
        blocks.removeAll(keepingCapacity: true)
        let pairs = configuration.rotations.reduce(0) { $0 + $1.count }
        let cosine = cosines.reserve(count * pairs)
        let sine = sines.reserve(count * pairs)
        var blockStart = 0
        for row in 0..<count {
            let begin = path.count
            let (start, visible) = cache.ancestry(of: firstSlot + row, appendingPathTo: &path)
            let slot = cache.slots[firstSlot + row]
            rows.append(
                Row(
                    start: start,
                    visible: configuration.isBidirectional && slot.parent < 0 ? Int(slot.spanCount) : visible,
                    path: begin..<path.count, position: Int(slot.position)))
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
            for (frequencies, start) in zip(configuration.rotations, angleStarts) {
                let place = start * count + row * frequencies.count
                for (pair, frequency) in frequencies.enumerated() {
                    // As transformers: the angle is rounded to single precision.
                    let angle = Double(position * frequency)
                    cosine[place + pair] = Float(cos(angle))
                    sine[place + pair] = Float(sin(angle))
                }
            }
        }
        if count > 0 { blocks.append(blockStart..<count) }
    }

    /// context = softmax(q Kᵀ / sqrt(d)) V over each row's prompt and ancestors.
    private func attend(keys: UnsafePointer<Float>, values: UnsafePointer<Float>, window: Int?) {
        let keyHeads = configuration.keyHeadCount
        pool.parallelFor(blocks.count * keyHeads) { task in
            attend(blocks[task / keyHeads], keyHead: task % keyHeads, keys: keys, values: values, window: window)
        }
    }

    private func attend(
        _ block: Range<Int>, keyHead: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, window: Int?
    ) {
        let width = configuration.headDimension
        let keyStride = configuration.keySize
        let queryStride = configuration.querySize
        let group = configuration.headCount / configuration.keyHeadCount
        let scale = configuration.attentionScale
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
            if let window { mask(row, entry, visible, window) }
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

    /// Hides what lies outside a row's window: `[visible prompt | path]`.
    private func mask(_ scores: UnsafeMutablePointer<Float>, _ row: Row, _ visible: Int, _ window: Int) {
        // The prompt's slots stand at positions 0, 1 ...; the path ends with the row itself.
        for position in 0..<max(0, min(visible, row.position - window + 1)) { scores[position] = -.infinity }
        if row.position + window < visible {
            for position in row.position + window..<visible { scores[position] = -.infinity }
        }
        for place in 0..<max(0, row.path.count - window) { scores[visible + place] = -.infinity }
    }
}
