internal import CTrawlKernels
internal import TrawlTensors

/// Which rows attend to which: the queries see all keys, or, in a causal span, query i sees the keys up to i.
public struct AttentionSpan: Sendable {
    public let queries: Range<Int>
    public let keys: Range<Int>
    public let isCausal: Bool
    /// Further keys, which all queries see: the rows that the span continues.
    public let prefix: Range<Int>

    public init(queries: Range<Int>, keys: Range<Int>, isCausal: Bool = false, prefix: Range<Int> = 0..<0) {
        precondition(!isCausal || queries.count == keys.count, "a causal span has as many keys as queries")
        (self.queries, self.keys, self.isCausal, self.prefix) = (queries, keys, isCausal, prefix)
    }

    fileprivate var keyCount: Int { prefix.count + keys.count }

    /// Whether all queries see all keys, and are enough for products of matrices to pay.
    fileprivate var isDense: Bool { !isCausal && prefix.isEmpty && queries.count >= 4 && !keys.isEmpty }

    /// The floats that its gradients take beside those of the tape.
    fileprivate var scratchCount: Int { isDense ? 2 * queries.count * keys.count : keyCount }

    /// How many keys query `index` sees, those of the prefix first.
    fileprivate func visible(_ index: Int) -> Int { prefix.count + (isCausal ? index + 1 : keys.count) }

    /// Calls `body` with the indices and rows of the first `count` keys.
    @inline(__always)
    fileprivate func forEachKey(_ count: Int, _ body: (_ key: Int, _ row: Int) -> Void) {
        for key in 0..<min(count, prefix.count) { body(key, prefix.lowerBound + key) }
        for key in min(count, prefix.count)..<count { body(key, keys.lowerBound + key - prefix.count) }
    }

    /// All rows from the first key to the last.
    fileprivate var hull: Range<Int> {
        if prefix.isEmpty || keys.isEmpty { return prefix.isEmpty ? keys : prefix }
        return min(prefix.lowerBound, keys.lowerBound)..<max(prefix.upperBound, keys.upperBound)
    }
}

extension Tape {
    /// softmax(q kᵀ / sqrt(d)) v for each head and span (Vaswani et al. 2017, arXiv 1706.03762); q: `[rows, heads * d]`, k and
    /// v: `[other rows, key heads * d]`, heads side by side. Each head of keys serves equally many heads of queries (Ainslie
    /// et al. 2023, arXiv 2305.13245). Spans share no queries.
    ///
    /// - Parameter keyHeads: The heads of keys and values; nil for `heads`.
    /// - Complexity: O(sum of queries x keys x columns over the spans), with memory for heads x queries x keys.
    public func attention(
        queries q: Variable, keys k: Variable, values v: Variable, spans: [AttentionSpan], heads: Int,
        keyHeads: Int? = nil
    ) -> Variable {
        require(q, k)
        require(v)
        let keyHeads = keyHeads ?? heads
        let width = q.columns / heads
        precondition(q.columns % heads == 0 && heads % keyHeads == 0)
        precondition(k.columns == keyHeads * width && v.columns == k.columns && k.rows == v.rows)
        let needsGradient = q.gradient != nil || k.gradient != nil || v.gradient != nil
        let y = makeVariable(q.rows, q.columns, needsGradient: needsGradient)
        let pass = AttentionPass(q: q, k: k, v: v, y: y, group: heads / keyHeads, width: width)
        // The offset of each span's probabilities.
        var starts: [Int] = []
        var size = 0
        for span in spans {
            starts.append(size)
            size += heads * span.queries.count * span.keyCount
        }
        let probabilities = floats(size)
        pool.parallelFor(spans.count * heads) { task in
            let (span, head) = (spans[task / heads], task % heads)
            let offset = starts[task / heads] + head * span.queries.count * span.keyCount
            pass.forward(span, head: head, probabilities + offset)
        }
        guard needsGradient else { return y }
        let scratchCount = spans.map(\.scratchCount).max() ?? 0
        let clusters = Self.clusters(spans)
        record { [self] in
            pool.parallelFor(clusters.count * keyHeads) { task in
                let scratch = ThreadScratch.floats(.scores, scratchCount)
                for index in clusters[task / keyHeads] {
                    let span = spans[index]
                    for head in task % keyHeads * pass.group..<(task % keyHeads + 1) * pass.group {
                        let offset = starts[index] + head * span.queries.count * span.keyCount
                        pass.backward(span, head: head, probabilities + offset, scratch)
                    }
                }
            }
        }
        return y
    }

    /// Runs of spans such that no two runs share keys: spans that share keys must not add to their gradients at the same time.
    private static func clusters(_ spans: [AttentionSpan]) -> [Range<Int>] {
        var clusters: [(spans: Range<Int>, rows: Range<Int>)] = []
        for (index, span) in spans.enumerated() {
            var (first, rows) = (index, span.hull)
            while let last = clusters.last, rows.lowerBound < last.rows.upperBound {
                first = last.spans.lowerBound
                rows = min(rows.lowerBound, last.rows.lowerBound)..<max(rows.upperBound, last.rows.upperBound)
                clusters.removeLast()
            }
            clusters.append((first..<index + 1, rows))
        }
        return clusters.map(\.spans)
    }
}

/// The inner loops of attention and its gradient.
private struct AttentionPass {
    let q, k, v, y: Variable
    /// The heads of queries per head of keys.
    let group: Int
    let width: Int
    private var scale: Float { 1 / Float(width).squareRoot() }

    init(q: Variable, k: Variable, v: Variable, y: Variable, group: Int, width: Int) {
        (self.q, self.k, self.v, self.y) = (q, k, v, y)
        (self.group, self.width) = (group, width)
    }

    func forward(_ span: AttentionSpan, head: Int, _ probabilities: UnsafeMutablePointer<Float>) {
        if span.isDense { return denseForward(span, head: head, probabilities) }
        let stride = k.columns
        let keys = k.value + head / group * width
        let values = v.value + head / group * width
        for (index, row) in span.queries.enumerated() {
            let query = q.value + row * q.columns + head * width
            let out = y.value + row * q.columns + head * width
            let scores = probabilities + index * span.keyCount
            let visible = span.visible(index)
            span.forEachKey(visible) { scores[$0] = scale * Kernels.dot(query, keys + $1 * stride, width) }
            Kernels.softmax(scores, rows: 1, columns: visible, stride: visible)
            out.update(repeating: 0, count: width)
            span.forEachKey(visible) { Kernels.addScaled(scores[$0], values + $1 * stride, to: out, width) }
        }
    }

    /// - Parameter scratch: `span.scratchCount` floats.
    func backward(
        _ span: AttentionSpan, head: Int, _ probabilities: UnsafeMutablePointer<Float>,
        _ scratch: UnsafeMutablePointer<Float>
    ) {
        guard let dy = y.gradient else { return }
        if span.isDense { return denseBackward(span, head: head, dy, probabilities, scratch) }
        let stride = k.columns
        let offset = head / group * width
        for (index, row) in span.queries.enumerated() {
            let start = row * q.columns + head * width
            let scores = probabilities + index * span.keyCount
            let visible = span.visible(index)
            if let dv = v.gradient {
                span.forEachKey(visible) {
                    Kernels.addScaled(scores[$0], dy + start, to: dv + offset + $1 * stride, width)
                }
            }
            guard q.gradient != nil || k.gradient != nil else { continue }
            span.forEachKey(visible) { scratch[$0] = Kernels.dot(dy + start, v.value + offset + $1 * stride, width) }
            trawl_softmax_backward(scores, scratch, scale, visible)
            if let dq = q.gradient {
                span.forEachKey(visible) {
                    Kernels.addScaled(scratch[$0], k.value + offset + $1 * stride, to: dq + start, width)
                }
            }
            if let dk = k.gradient {
                span.forEachKey(visible) {
                    Kernels.addScaled(scratch[$0], q.value + start, to: dk + offset + $1 * stride, width)
                }
            }
        }
    }

    // MARK: spans in which all queries see all keys, as products of matrices

    /// Where the rows of a head begin.
    private func start(_ x: UnsafeMutablePointer<Float>, _ row: Int, _ columns: Int, _ head: Int)
        -> UnsafeMutablePointer<Float>
    {
        x + row * columns + head * width
    }

    private func panels(_ span: AttentionSpan) -> UnsafeMutablePointer<Float> {
        let longest = max(span.queries.count, span.keys.count)
        return ThreadScratch.floats(
            .weights, max(Kernels.packedCount(longest, width), Kernels.packedCount(width, longest)))
    }

    private func denseForward(_ span: AttentionSpan, head: Int, _ probabilities: UnsafeMutablePointer<Float>) {
        let (m, n, first, key) = (span.queries.count, span.keys.count, span.queries.lowerBound, span.keys.lowerBound)
        let (columns, stride, panels) = (q.columns, k.columns, panels(span))
        let keyHead = head / group
        Kernels.pack(outputs: start(k.value, key, stride, keyHead), stride, n, width, scale: scale, into: panels)
        Kernels.multiply(
            m, n, width, start(q.value, first, columns, head), columns, panels: panels, into: probabilities, n)
        Kernels.softmax(probabilities, rows: m, columns: n, stride: n)
        Kernels.pack(inputs: start(v.value, key, stride, keyHead), stride, width, n, into: panels)
        Kernels.multiply(
            m, width, n, probabilities, n, panels: panels, into: start(y.value, first, columns, head), columns)
    }

    private func denseBackward(
        _ span: AttentionSpan, head: Int, _ dy: UnsafeMutablePointer<Float>,
        _ probabilities: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
    ) {
        let (m, n, first, key) = (span.queries.count, span.keys.count, span.queries.lowerBound, span.keys.lowerBound)
        let (columns, stride, panels) = (q.columns, k.columns, panels(span))
        let keyHead = head / group
        let dy = start(dy, first, columns, head)
        // The slopes of scores, and a transposed matrix.
        let (slopes, transposed) = (scratch, scratch + m * n)
        if let dv = v.gradient {
            trawl_transpose(probabilities, n, m, n, transposed)
            Kernels.pack(inputs: dy, columns, width, m, into: panels)
            Kernels.multiply(
                n, width, m, transposed, m, panels: panels, accumulating: true, into: start(dv, key, stride, keyHead),
                stride)
        }
        guard q.gradient != nil || k.gradient != nil else { return }
        Kernels.pack(outputs: start(v.value, key, stride, keyHead), stride, n, width, into: panels)
        Kernels.multiply(m, n, width, dy, columns, panels: panels, into: slopes, n)
        for row in 0..<m { trawl_softmax_backward(probabilities + row * n, slopes + row * n, scale, n) }
        if let dq = q.gradient {
            Kernels.pack(inputs: start(k.value, key, stride, keyHead), stride, width, n, into: panels)
            Kernels.multiply(
                m, width, n, slopes, n, panels: panels, accumulating: true, into: start(dq, first, columns, head),
                columns)
        }
        if let dk = k.gradient {
            trawl_transpose(slopes, n, m, n, transposed)
            Kernels.pack(inputs: start(q.value, first, columns, head), columns, width, m, into: panels)
            Kernels.multiply(
                n, width, m, transposed, m, panels: panels, accumulating: true, into: start(dk, key, stride, keyHead),
                stride)
        }
    }
}
