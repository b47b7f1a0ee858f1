internal import Glibc
internal import TrawlCore
internal import TrawlTensors

/// Which row of a table of relative positions a distance has: near ones have a row each, far ones share rows that widen with
/// the logarithm (He et al. 2020, arXiv 2006.03654, and the code of its second version).
struct DisentangledDistances {
    /// The rows of one direction.
    let span: Int
    /// nil where every distance below `span` has its own row.
    let buckets: (count: Int, longest: Int)?

    /// The row of `distance`, the query's position less the key's.
    func row(_ distance: Int) -> Int { min(max(bucket(distance) + span, 0), 2 * span - 1) }

    private func bucket(_ distance: Int) -> Int {
        guard let buckets else { return distance }
        let middle = buckets.count / 2
        let size = abs(distance)
        if size <= middle { return distance }
        // In single precision and this order, as transformers computes it: the borders depend on the rounding.
        let whole = logf(Float(Double(buckets.longest - 1) / Double(middle)))
        let share = logf(Float(size) / Float(middle)) / whole
        let bucket = Int(ceilf(share * Float(middle - 1))) + middle
        return distance < 0 ? -bucket : bucket
    }

    /// The rows of the distances 1 - length ... length - 1.
    func rows(upTo length: Int) -> [Int32] { (1 - length..<length).map { Int32(row($0)) } }
}

/// What a layer adds to its scores by relative positions: the query's content against the position of the key, and the
/// key's content against that of the query. The vectors of the positions depend on weights alone and are made once.
struct DisentangledPositions: Sendable {
    /// The vectors of all rows for each head, packed for products and scaled as scores are.
    struct Heads: Sendable {
        private let panels: FloatBuffer
        private let width: Int
        /// The floats of a head.
        private let size: Int

        /// - Parameter embeddings: `[rows, hidden]`.
        init(_ embeddings: FloatBuffer, rows: Int, _ projection: Linear, _ sizes: EncoderConfiguration) {
            width = sizes.headDimension
            size = Kernels.packedCount(rows, width)
            panels = FloatBuffer(capacity: sizes.headCount * size)
            let vectors = FloatBuffer(capacity: rows * sizes.attentionSize)
            projection(embeddings.base, rows, into: vectors.base, .shared)
            for head in 0..<sizes.headCount {
                Kernels.pack(
                    outputs: vectors.base + head * width, sizes.attentionSize, rows, width, scale: sizes.scoreScale,
                    into: panels.base + head * size)
            }
        }

        /// out = x vectorsᵀ for the rows from `first`, which begins a panel; x: [count, width] every `stride` floats,
        /// out: `[count, rows]`.
        @inline(__always)
        func multiply(
            _ x: UnsafePointer<Float>, stride: Int, _ count: Int, head: Int, first: Int, rows: Int,
            into out: UnsafeMutablePointer<Float>
        ) {
            Kernels.multiply(
                count, rows, width, x, stride, panels: panels.base + head * size + first * width, into: out, rows)
        }
    }

    let keys: Heads?
    let queries: Heads?
}

/// The relative positions of one layer at work on sequences of a batch.
struct DisentangledAttention {
    let positions: DisentangledPositions
    /// The rows of the distances 1 - longest ... longest - 1.
    let rows: UnsafeBufferPointer<Int32>

    private var longest: Int { (rows.count + 1) / 2 }

    /// The rows that the distances within a sequence have: from the begin of a panel to the last.
    private func range(_ length: Int) -> (first: Int, count: Int) {
        let first = Int(rows[longest - length]) / Kernels.panelWidth * Kernels.panelWidth
        return (first, Int(rows[longest + length - 2]) + 1 - first)
    }

    /// The floats that a head of a sequence takes, `tile` queries of which are scored together.
    func floatCount(_ length: Int, tile: Int) -> Int { (length + min(tile, length)) * range(length).count }

    /// Makes what all keys of a sequence say of the positions of queries.
    func prepare(
        keys: UnsafePointer<Float>, stride: Int, length: Int, head: Int, in memory: UnsafeMutablePointer<Float>
    ) {
        let (first, count) = range(length)
        positions.queries?.multiply(keys, stride: stride, length, head: head, first: first, rows: count, into: memory)
    }

    /// scores += the terms of relative positions; scores: `[count, length]`, queries: the first of `count` from
    /// `firstQuery`.
    func add(
        to scores: UnsafeMutablePointer<Float>, queries: UnsafePointer<Float>, stride: Int, firstQuery: Int,
        _ count: Int,
        length: Int, head: Int, memory: UnsafeMutablePointer<Float>
    ) {
        let (first, rowCount) = range(length)
        let ofQueries = memory + length * rowCount
        if let keys = positions.keys {
            keys.multiply(queries, stride: stride, count, head: head, first: first, rows: rowCount, into: ofQueries)
            for index in 0..<count {
                // The distance falls by 1 from key to key.
                let place = longest - 1 + firstQuery + index
                let own = ofQueries + index * rowCount
                let line = scores + index * length
                for key in 0..<length { line[key] += own[Int(rows[place - key]) - first] }
            }
        }
        if positions.queries != nil {
            for index in 0..<count {
                let place = longest - 1 + firstQuery + index
                let line = scores + index * length
                for key in 0..<length { line[key] += memory[key * rowCount + Int(rows[place - key]) - first] }
            }
        }
    }
}
