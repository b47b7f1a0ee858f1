internal import CKernels
internal import Tensors

/// Which rows attend to which: queries `queries` see keys `keys`, all of them, or, when causal, query i those up to i.
struct AttentionSpan {
    let queries: Range<Int>
    let keys: Range<Int>
    var isCausal = false
}

extension Tape {
    /// softmax(q kᵀ / sqrt(d)) v for each head and span (Vaswani et al. 2017, arXiv 1706.03762); q: `[rows, hidden]`, k and
    /// v: `[other rows, hidden]`, heads side by side. Spans share no queries; a causal one has as many keys as queries.
    func attention(
        queries q: Variable, keys k: Variable, values v: Variable, spans: [AttentionSpan], heads: Int
    ) -> Variable {
        let hidden = q.columns
        precondition(hidden % heads == 0 && k.columns == hidden && v.columns == hidden && k.rows == v.rows)
        let needsGradient = q.gradient != nil || k.gradient != nil || v.gradient != nil
        let y = makeVariable(q.rows, hidden, needsGradient: needsGradient)
        let pass = AttentionPass(q: q, k: k, v: v, y: y, heads: heads, width: hidden / heads)
        // Where the probabilities of a span's heads lie.
        var starts: [Int] = []
        var size = 0
        for span in spans {
            starts.append(size)
            size += heads * span.queries.count * span.keys.count
        }
        let probabilities = floats(size)
        // A task is a head of a span; spans that share keys must not add to their gradients at once, so a head is one task
        // there.
        pool.parallelFor(spans.count * heads) { task in
            let (span, head) = (spans[task / heads], task % heads)
            let place = starts[task / heads] + head * span.queries.count * span.keys.count
            pass.forward(span, head: head, probabilities + place)
        }
        guard needsGradient else { return y }
        let longest = spans.map(\.keys.count).max() ?? 0
        record { [self] in
            pool.parallelFor(heads) { head in
                let room = ThreadScratch.floats(.scores, longest)
                for (index, span) in spans.enumerated() {
                    let place = starts[index] + head * span.queries.count * span.keys.count
                    pass.backward(span, head: head, probabilities + place, room)
                }
            }
        }
        return y
    }
}

/// The inner loops of attention and its gradient.
private struct AttentionPass {
    let q, k, v, y: Variable
    let heads, width: Int
    private var scale: Float { 1 / Float(width).squareRoot() }

    init(q: Variable, k: Variable, v: Variable, y: Variable, heads: Int, width: Int) {
        (self.q, self.k, self.v, self.y) = (q, k, v, y)
        (self.heads, self.width) = (heads, width)
    }

    func forward(_ span: AttentionSpan, head: Int, _ probabilities: UnsafeMutablePointer<Float>) {
        let stride = heads * width
        let keys = k.value + span.keys.lowerBound * stride + head * width
        let values = v.value + span.keys.lowerBound * stride + head * width
        for (index, row) in span.queries.enumerated() {
            let query = q.value + row * stride + head * width
            let out = y.value + row * stride + head * width
            let scores = probabilities + index * span.keys.count
            let visible = span.isCausal ? index + 1 : span.keys.count
            for key in 0..<visible { scores[key] = scale * Kernels.dot(query, keys + key * stride, width) }
            Kernels.softmax(scores, rows: 1, columns: visible, stride: visible)
            out.update(repeating: 0, count: width)
            for key in 0..<visible { Kernels.addScaled(scores[key], values + key * stride, to: out, width) }
        }
    }

    /// `room`: floats for the scores of one query.
    func backward(
        _ span: AttentionSpan, head: Int, _ probabilities: UnsafeMutablePointer<Float>,
        _ room: UnsafeMutablePointer<Float>
    ) {
        guard let dy = y.gradient else { return }
        let stride = heads * width
        let offset = span.keys.lowerBound * stride + head * width
        for (index, row) in span.queries.enumerated() {
            let place = row * stride + head * width
            let scores = probabilities + index * span.keys.count
            let visible = span.isCausal ? index + 1 : span.keys.count
            if let dv = v.gradient {
                for key in 0..<visible {
                    Kernels.addScaled(scores[key], dy + place, to: dv + offset + key * stride, width)
                }
            }
            guard q.gradient != nil || k.gradient != nil else { continue }
            for key in 0..<visible { room[key] = Kernels.dot(dy + place, v.value + offset + key * stride, width) }
            trawl_softmax_backward(scores, room, scale, visible)
            if let dq = q.gradient {
                for key in 0..<visible {
                    Kernels.addScaled(room[key], k.value + offset + key * stride, to: dq + place, width)
                }
            }
            if let dk = k.gradient {
                for key in 0..<visible {
                    Kernels.addScaled(room[key], q.value + place, to: dk + offset + key * stride, width)
                }
            }
        }
    }
}
