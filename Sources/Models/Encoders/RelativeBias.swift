internal import Glibc
internal import TrawlCore
internal import TrawlTensors

/// What is added to the score of a token for another, by their distance and the head: T5's relative positions (Raffel et
/// al. 2020, arXiv 1910.10683), which MPNet took over. Near distances have a bucket each, far ones share buckets that
/// widen with the logarithm, and all beyond a longest distance fall into the last.
struct RelativeBias: Sendable {
    /// Bucket after bucket, the heads of each: [buckets, heads]. The upper half is for tokens that follow, if any does.
    private let values: [Float]
    private let heads: Int
    /// The buckets of one direction.
    private let half: Int
    /// The bucket of each distance below the longest.
    private let buckets: [Int]

    /// - Parameters:
    ///   - table: [at least `bucketCount`, heads].
    ///   - bucketCount: even, 4 or more.
    ///   - isCausal: whether no token sees those that follow, and all buckets are for those before it.
    init(_ table: WeightMatrix, bucketCount: Int, longest: Int, isCausal: Bool = false) {
        precondition(bucketCount % 2 == 0 && bucketCount >= 4 && bucketCount <= table.rows)
        heads = table.columns
        half = isCausal ? bucketCount : bucketCount / 2
        values = [Float](unsafeUninitializedCapacity: bucketCount * heads) { buffer, count in
            if let base = buffer.baseAddress { table.decode(row: 0, count: bucketCount, into: base) }
            count = bucketCount * table.columns
        }
        let exact = half / 2
        let span = Float(log(Double(longest) / Double(exact)))
        buckets = (0..<max(longest, exact)).map { [half] distance in
            if distance < exact { return distance }
            // In single precision and this order, as transformers computes it: the borders depend on the rounding.
            let far = logf(Float(distance) / Float(exact)) / span * Float(half - exact)
            return min(exact + Int(far), half - 1)
        }
    }

    /// The bias of a token for the one that stands `back` before it.
    func value(back: Int, head: Int) -> Float {
        values[(back < buckets.count ? buckets[back] : half - 1) * heads + head]
    }

    /// The floats that the biases of sequences up to `length` take.
    func biasCount(_ length: Int) -> Int { heads * (2 * length - 1) }

    /// Writes the biases of the distances 1 - length ... length - 1 (the key's place less the query's) for each head,
    /// `[heads, 2 length - 1]`.
    func writeBiases(_ length: Int, into out: UnsafeMutablePointer<Float>) {
        for distance in 1 - length..<length {
            let bucket = abs(distance) < buckets.count ? buckets[abs(distance)] : half - 1
            let row = (distance > 0 ? half + bucket : bucket) * heads
            for head in 0..<heads { out[head * (2 * length - 1) + distance + length - 1] = values[row + head] }
        }
    }
}
