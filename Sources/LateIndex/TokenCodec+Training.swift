public import TrawlCore
public import TrawlTensors

extension TokenCodec {
    /// The vectors that training takes at most, in bytes of memory.
    static let sampleBytes = 256 << 20
    /// The fewest vectors of the sample for each centroid.
    private static let leastPerCentroid = 16
    private static let rounds = 4

    /// About four times the square root of the number of tokens, as a power of two: lists then are as long as there are
    /// centroids to look through, up to a factor.
    public static func centroidCount(tokens: Int) -> Int {
        let wanted = 4 * Double(max(1, tokens)).squareRoot()
        return min(greatestCentroidCount, 1 << Int(wanted.exponent))
    }

    /// How many vectors a sample of `tokens` should have: enough for each centroid, and no more than memory should hold.
    public static func sampleCount(tokens: Int, dimension: Int) -> Int {
        min(tokens, 48 * centroidCount(tokens: tokens), sampleBytes / (4 * dimension))
    }

    /// Makes a codec of some of the token vectors that it is to store.
    ///
    /// The same sample gives the same codec, whatever the number of threads.
    ///
    /// - Parameters:
    ///   - sample: vectors of length 1, `[count, dimension]`, at least one.
    ///   - tokens: how many vectors are to be stored, which decides the number of centroids.
    /// - Throws: as `check`; `invalidInput` for an empty sample or a value that is not finite.
    /// - Complexity: O(count * centroids * dimension).
    public init(
        sample: [Float], dimension: Int, bits: Int, tokens: Int, pool: ThreadPool = .shared,
        progress: any ProgressReporter = .silent
    ) throws(TrawlError) {
        try Self.check(dimension: dimension, bits: bits)
        guard !sample.isEmpty, sample.count % dimension == 0, sample.allSatisfy(\.isFinite) else {
            throw TrawlError(
                .invalidInput, "the sample of token vectors is empty or has values that are not finite",
                remedy: "check the model and the documents")
        }
        let count = sample.count / dimension
        var wanted = Self.centroidCount(tokens: tokens)
        while wanted > 1, wanted * Self.leastPerCentroid > count { wanted /= 2 }
        progress.begin("clustering token vectors", total: Self.rounds, unit: "rounds")
        var means = SphericalMeans(sample, dimension: dimension, count: wanted)
        for _ in 0..<Self.rounds {
            means.improve(pool)
            progress.advance(1)
        }
        progress.end()
        let centroids = means.centroids
        let nearest = nearestRows(of: centroids, to: sample, dimension: dimension, pool: pool)
        // Some residuals stand for all: quantiles of a million values are exact enough.
        let step = max(1, (count * dimension) >> 20)
        var residuals: [Float] = []
        for token in stride(from: 0, to: count, by: step) {
            let centroid = Int(nearest[token]) * dimension
            for d in 0..<dimension { residuals.append(sample[token * dimension + d] - centroids[centroid + d]) }
        }
        residuals.sort()
        let buckets = 1 << bits
        let ends = (0...buckets).map { $0 * residuals.count / buckets }
        let cutoffs = (1..<buckets).map { residuals[ends[$0]] }
        let weights = (0..<buckets).map { bucket in
            let part = residuals[ends[bucket]..<max(ends[bucket] + 1, ends[bucket + 1])]
            return Float(part.reduce(0) { $0 + Double($1) } / Double(part.count))
        }
        self.init(dimension: dimension, bits: bits, centroids: centroids, cutoffs: cutoffs, weights: weights)
    }
}

/// k-means for vectors of length 1 by dot products.
private struct SphericalMeans {
    private let sample: [Float]
    private let dimension: Int
    private(set) var centroids: [Float]
    private var count: Int { centroids.count / dimension }

    /// Starts from `count` of the vectors at random.
    init(_ sample: [Float], dimension: Int, count: Int) {
        self.sample = sample
        self.dimension = dimension
        var random = SplitMix64(seed: 0x1A7E)
        var order = Array(0..<sample.count / dimension)
        for index in 0..<count {
            order.swapAt(index, Int.random(in: index..<order.count, using: &random))
        }
        centroids = order.prefix(count).flatMap { sample[$0 * dimension..<($0 + 1) * dimension] }
    }

    /// Each centroid becomes the direction of the vectors that are nearest to it. One without any takes the vector that is
    /// farthest from its own.
    mutating func improve(_ pool: ThreadPool) {
        let dots = Dots(of: centroids, to: sample, dimension: dimension, pool: pool)
        var sums = [Float](repeating: 0, count: centroids.count)
        var members = [Int](repeating: 0, count: count)
        sample.withUnsafeBufferPointer { sample in
            sums.withUnsafeMutableBufferPointer { sums in
                guard let sample = sample.baseAddress, let sums = sums.baseAddress else { return }
                for (token, centroid) in dots.nearest.enumerated() {
                    members[Int(centroid)] += 1
                    Kernels.add(sample + token * dimension, to: sums + Int(centroid) * dimension, dimension)
                }
            }
        }
        let empty = members.indices.filter { members[$0] == 0 }
        let farthest =
            empty.isEmpty
            ? [] : dots.best.indices.sorted { (dots.best[$0], $0) < (dots.best[$1], $1) }.prefix(empty.count)
        for (centroid, token) in zip(empty, farthest) {
            for d in 0..<dimension { sums[centroid * dimension + d] = sample[token * dimension + d] }
        }
        for centroid in 0..<count { scaleToUnitLength(&sums, at: centroid * dimension, dimension) }
        centroids = sums
    }
}

/// Brings a row to length 1; zeros stay.
func scaleToUnitLength(_ values: inout [Float], at start: Int, _ dimension: Int) {
    var square: Float = 0
    for d in start..<start + dimension { square += values[d] * values[d] }
    guard square > 0 else { return }
    let scale = 1 / square.squareRoot()
    for d in start..<start + dimension { values[d] *= scale }
}
