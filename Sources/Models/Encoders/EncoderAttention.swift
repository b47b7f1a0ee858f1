internal import TrawlTensors

/// The attention of one layer: context = softmax(scale Q Kᵀ + bias) V for each head within each of the sequences that are
/// packed end to end.
struct EncoderAttention {
    let heads: Int
    let width: Int
    let scale: Float
    /// How many tokens to each side a token sees; nil for all.
    let window: Int?
    /// For each head the biases of the distances 1 - longest ... longest - 1; nil for none.
    let biases: UnsafePointer<Float>?
    /// The length of the longest sequence.
    let longest: Int
    /// What contents say of positions; nil for nothing. Then there is no window.
    let relative: DisentangledAttention?
    /// Whether only the first token of a sequence attends.
    let isFirstOnly: Bool

    /// Queries that share a product with the keys: their scores stay in the second-level cache, so that no running
    /// maximum is kept.
    private static let queryTile = 48

    /// - Parameters:
    ///   - projections: `[total, 3, heads, width]`.
    ///   - starts: where sequences begin, and the total.
    ///   - visible: how many of the leading tokens of each sequence are keys, at least 1.
    ///   - context: `[total, heads, width]`.
    func callAsFunction(
        _ projections: UnsafePointer<Float>, starts: [Int], visible: [Int], into context: UnsafeMutablePointer<Float>,
        pool: ThreadPool
    ) {
        pool.parallelFor((starts.count - 1) * heads) { task in
            let (sequence, head) = (task / heads, task % heads)
            let start = starts[sequence]
            attend(
                projections + start * 3 * heads * width + head * width, length: starts[sequence + 1] - start,
                keyCount: visible[sequence], head: head, into: context + start * heads * width + head * width)
        }
    }

    private func attend(
        _ queries: UnsafePointer<Float>, length: Int, keyCount: Int, head: Int,
        into context: UnsafeMutablePointer<Float>
    ) {
        let size = heads * width
        let stride = 3 * size
        let mostKeys = window.map { min(keyCount, Self.queryTile + 2 * min($0, keyCount)) } ?? keyCount
        let keyFloats = Kernels.packedCount(mostKeys, width)
        let valueCount = Kernels.packedCount(width, mostKeys)
        let relativeCount = relative?.floatCount(length, tile: Self.queryTile) ?? 0
        let keys = ThreadScratch.floats(
            .scores, keyFloats + valueCount + Self.queryTile * mostKeys + relativeCount)
        let values = keys + keyFloats
        let scores = values + valueCount
        let relativeMemory = scores + Self.queryTile * mostKeys
        relative?.prepare(keys: queries + size, stride: stride, length: length, head: head, in: relativeMemory)
        var packed = 0..<0
        var query = 0
        let queryCount = isFirstOnly ? min(1, length) : length
        while query < queryCount {
            let count = min(Self.queryTile, queryCount - query)
            let visible = visible(query..<query + count, of: keyCount)
            if visible != packed {
                let row = queries + visible.lowerBound * stride
                Kernels.pack(outputs: row + size, stride, visible.count, width, scale: scale, into: keys)
                Kernels.pack(inputs: row + 2 * size, stride, width, visible.count, into: values)
                packed = visible
            }
            Kernels.multiply(
                count, visible.count, width, queries + query * stride, stride, panels: keys, into: scores,
                visible.count)
            adjust(scores, firstQuery: query, count, visible, head: head)
            relative?.add(
                to: scores, queries: queries + query * stride, stride: stride, firstQuery: query, count, length: length,
                head: head, memory: relativeMemory)
            Kernels.softmax(scores, rows: count, columns: visible.count, stride: visible.count)
            Kernels.multiply(
                count, width, visible.count, scores, visible.count, panels: values, into: context + query * size, size)
            query += count
        }
    }

    /// The keys that any of some queries sees.
    @inline(__always)
    private func visible(_ queries: Range<Int>, of length: Int) -> Range<Int> {
        guard let window else { return 0..<length }
        let end = min(length, queries.upperBound + window)
        return min(max(0, queries.lowerBound - window), end - 1)..<end
    }

    /// Adds the biases, and hides what lies outside of each query's window.
    @inline(__always)
    private func adjust(
        _ scores: UnsafeMutablePointer<Float>, firstQuery: Int, _ count: Int, _ visible: Range<Int>, head: Int
    ) {
        guard biases != nil || window != nil else { return }
        for index in 0..<count {
            let query = firstQuery + index
            let row = scores + index * visible.count
            if let biases {
                let first = head * (2 * longest - 1) + visible.lowerBound - query + longest - 1
                Kernels.add(biases + first, to: row, visible.count)
            }
            guard let window else { continue }
            // A query with no key in its window sees the nearest.
            let end = min(visible.upperBound, query + window + 1)
            let seen = min(max(visible.lowerBound, query - window), end - 1)..<end
            for key in visible.lowerBound..<seen.lowerBound { row[key - visible.lowerBound] = -.infinity }
            for key in seen.upperBound..<visible.upperBound { row[key - visible.lowerBound] = -.infinity }
        }
    }
}
