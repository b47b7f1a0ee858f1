import CTrawlKernels
import TrawlCore
import TrawlTensors

/// A query made ready for scoring: its products with all centroids, and tables of its products with residuals.
final class TokenQuery: @unchecked Sendable {
    // @unchecked: the memory is written once, by init.
    /// The tokens of the query, without the padding.
    let count: Int
    /// The tokens with the padding: a whole number of blocks.
    let paddedCount: Int
    /// What the kernel reads.
    let kernel: trawl_maxsim_query

    private let tables: UnsafeMutablePointer<UInt8>
    private let centroids: UnsafeMutablePointer<Float>
    private let scales: UnsafeMutablePointer<Float>

    private static let block = Int(TRAWL_MAXSIM_BLOCK)
    private static let largestEntry = Float(TRAWL_MAXSIM_ENTRY)

    /// - Parameter vectors: `[count, dimension]`, at least one.
    /// - Throws: `invalidInput` for another dimension than the codec's, or values that are not finite.
    init(_ vectors: [Float], codec: TokenCodec, pool: ThreadPool) throws(TrawlError) {
        guard !vectors.isEmpty, vectors.count % codec.dimension == 0 else {
            throw TrawlError(
                .invalidInput,
                "the \(vectors.count) values of the query are not vectors of \(codec.dimension) dimensions",
                remedy: "encode the query with the model that made the index")
        }
        guard vectors.allSatisfy(\.isFinite) else {
            throw TrawlError(.invalidInput, "a token vector of the query has a value that is not finite")
        }
        count = vectors.count / codec.dimension
        let blocks = (count + Self.block - 1) / Self.block
        let padded = blocks * Self.block
        paddedCount = padded
        let lines = codec.residualBytes
        tables = .allocate(capacity: padded * lines * 32)
        tables.initialize(repeating: 0, count: padded * lines * 32)
        scales = .allocate(capacity: 2 * padded)
        scales.initialize(repeating: 0, count: 2 * padded)
        centroids = .allocate(capacity: codec.centroidCount * padded)
        centroids.initialize(repeating: 0, count: codec.centroidCount * padded)
        kernel = trawl_maxsim_query(
            tables: tables, line_count: lines, block_count: blocks, centroids: centroids,
            centroid_count: codec.centroidCount, units: scales, offsets: scales + padded)
        let values = vectors + [Float](repeating: 0, count: (padded - count) * codec.dimension)
        for token in 0..<count { writeTables(token, values, codec) }
        multiplyCentroids(values, codec, pool)
    }

    deinit {
        tables.deallocate()
        centroids.deallocate()
        scales.deallocate()
    }

    /// The products of a token with the centroids.
    func centroidDot(_ centroid: Int, _ token: Int) -> Float { centroids[centroid * paddedCount + token] }

    /// For every four bits of a residual the products that their sixteen values stand for, as bytes above the smallest.
    private func writeTables(_ token: Int, _ values: [Float], _ codec: TokenCodec) {
        let perEntry = 4 / codec.bits
        let mask = 1 << codec.bits - 1
        let entries = 2 * codec.residualBytes
        var products = [Float](repeating: 0, count: 16 * entries)
        var (widest, least): (Float, Float) = (0, 0)
        for entry in 0..<entries {
            for code in 0..<16 {
                var product: Float = 0
                for part in 0..<perEntry {
                    let bucket = code >> (part * codec.bits) & mask
                    product += values[token * codec.dimension + entry * perEntry + part] * codec.weights[bucket]
                }
                products[16 * entry + code] = product
            }
            let (low, high) = smallestAndLargest(products[16 * entry..<16 * (entry + 1)])
            widest = max(widest, high - low)
            least += low
        }
        let unit = widest / Self.largestEntry
        scales[token] = unit
        scales[paddedCount + token] = -least
        guard unit > 0 else { return }
        let lines = codec.residualBytes
        for entry in 0..<entries {
            let row = products[16 * entry..<16 * (entry + 1)]
            let low = smallestAndLargest(row).smallest
            let line = (token / Self.block * lines + entry / 2) * Self.block + token % Self.block
            let table = tables + 32 * line + 16 * (entry % 2)
            for (code, product) in row.enumerated() {
                table[code] = UInt8(min(Self.largestEntry, ((product - low) / unit).rounded()))
            }
        }
    }

    private func smallestAndLargest(_ values: ArraySlice<Float>) -> (smallest: Float, largest: Float) {
        values.reduce((.infinity, -.infinity)) { (min($0.0, $1), max($0.1, $1)) }
    }

    private func multiplyCentroids(_ values: [Float], _ codec: TokenCodec, _ pool: ThreadPool) {
        let panels = FloatBuffer(capacity: Kernels.packedCount(paddedCount, codec.dimension))
        values.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return }
            Kernels.pack(outputs: values, codec.dimension, paddedCount, codec.dimension, into: panels.base)
        }
        let tile = 512
        codec.centroids.withUnsafeBufferPointer { matrix in
            guard let base = matrix.baseAddress else { return }
            nonisolated(unsafe) let rows = base
            pool.parallelFor((codec.centroidCount + tile - 1) / tile) { part in
                let first = part * tile
                Kernels.multiply(
                    min(tile, codec.centroidCount - first), paddedCount, codec.dimension,
                    rows + first * codec.dimension, codec.dimension, panels: panels.base,
                    into: centroids + first * paddedCount, paddedCount)
            }
        }
    }

    /// The score of some tokens: the sum, over the query's tokens, of the largest product with one of them. That of no tokens is
    /// the lowest possible.
    ///
    /// - Parameter scratch: `paddedCount` floats.
    func score(_ store: TokenStore, _ tokens: Range<Int>, scratch: UnsafeMutablePointer<Float>) -> Float {
        let floor: Float = tokens.isEmpty ? -1 : -.infinity
        for token in 0..<paddedCount { scratch[token] = floor }
        store.forEachRun(of: tokens) { tile, first, end in
            withUnsafePointer(to: kernel) {
                trawl_maxsim($0, tile.assumingMemoryBound(to: UInt8.self), first, end, scratch)
            }
        }
        var sum: Float = 0
        for token in 0..<count { sum += scratch[token] }
        return sum
    }
}
