internal import CTrawlKernels
import TrawlCore
import TrawlStore

/// The signs of an image of each vector of a segment, with what estimates its dot products.
///
/// With signs s of the image x of a vector, |x|² / (Σ |x_d|) · Σ s_d q_d is an unbiased estimate of x · q over random
/// rotations (RaBitQ, Gao and Long 2024, arXiv 2405.12497, section 3.2).
struct SignCodes: Sendable {
    static let width = Int(TRAWL_SCAN_WIDTH)
    let tiles: Blob
    let image: SignImage
    let metric: Metric
    let rowCount: Int

    static func tileBytes(codeDimension: Int, metric: Metric) -> Int {
        width * (4 * (metric == .euclidean ? 2 : 1) + codeDimension / 8)
    }

    /// - Throws: `corrupted` when the segment's codes do not fit its rows.
    init(_ reader: SegmentReader, rows: VectorRows, metric: Metric, isLearned: Bool) throws {
        image = try SignImage(reader, dimension: rows.dimension, isLearned: isLearned)
        tiles = try reader.blob(
            VectorSegment.signs, recordSize: Self.tileBytes(codeDimension: image.codeDimension, metric: metric))
        guard tiles.recordCount == (rows.count + Self.width - 1) / Self.width else {
            throw VectorSegment.damaged(reader, "there is not one sign code for every vector")
        }
        self.metric = metric
        rowCount = rows.count
    }

    static func write(
        _ rows: VectorRows, as image: SignImage, metric: Metric, threads: Int, into writer: SegmentWriter,
        advance: (Int) -> Void
    ) throws {
        try image.write(into: writer)
        let tileBytes = tileBytes(codeDimension: image.codeDimension, metric: metric)
        let blob = writer.blob(VectorSegment.signs, recordSize: tileBytes)
        let tileCount = (rows.count + width - 1) / width
        let lot = 256
        for start in stride(from: 0, to: tileCount, by: lot) {
            let count = min(lot, tileCount - start)
            var bytes = [UInt8](repeating: 0, count: count * tileBytes)
            bytes.withUnsafeMutableBytes { bytes in
                nonisolated(unsafe) let bytes = bytes
                Parallel.forEach(count, threads: threads) { index in
                    encode(
                        rows, tile: start + index, image, metric,
                        into: UnsafeMutableRawBufferPointer(
                            rebasing: bytes[index * tileBytes..<(index + 1) * tileBytes]))
                }
            }
            try blob.append(contentsOf: bytes)
            advance(min(count * width, rows.count - start * width))
        }
        try blob.finish()
    }

    private static func encode(
        _ rows: VectorRows, tile: Int, _ image: SignImage, _ metric: Metric, into out: UnsafeMutableRawBufferPointer
    ) {
        let head = width * 4 * (metric == .euclidean ? 2 : 1)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: image.workSize) { work in
            guard let work = work.baseAddress else { return }
            for v in 0..<min(width, rows.count - tile * width) {
                rows.decode(tile * width + v, into: work)
                if metric == .euclidean {
                    let square = Normalisation.squaredLength(UnsafeBufferPointer(start: work, count: rows.dimension))
                    out.storeBytes(of: -square / 2, toByteOffset: 4 * (width + v), as: Float.self)
                }
                let x = image.map(work)
                var square: Float = 0
                var sum: Float = 0
                for line in 0..<image.codeDimension / 8 {
                    var signs: UInt8 = 0
                    for bit in 0..<8 {
                        let value = x[8 * line + bit]
                        square += value * value
                        sum += abs(value)
                        if value > 0 { signs |= 1 << UInt8(bit) }
                    }
                    out[head + width * line + v] = signs
                }
                out.storeBytes(of: sum > 0 ? square / sum : 0, toByteOffset: 4 * v, as: Float.self)
            }
        }
    }

    /// What a scan looks up: made once for a query.
    struct Query: Sendable {
        let tables: [UInt8]
        let unit: Float
        let offset: Float
    }

    func prepare(_ query: [Float]) -> Query {
        let x = image.mapped(query: query)
        let groups = x.count / 4
        // The spread of four values' signed sums is at most twice their absolute sum.
        var sums = [Float](repeating: 0, count: groups)
        for group in 0..<groups { for d in 4 * group..<4 * group + 4 { sums[group] += abs(x[d]) } }
        let widest = sums.max() ?? 0
        guard CodeSpace.isCodable(widest * widest) else {
            return Query(tables: [UInt8](repeating: 0, count: 16 * groups), unit: 0, offset: 0)
        }
        let scale = 255 / (2 * widest)
        var tables = [UInt8](repeating: 0, count: 16 * groups)
        var offset: Float = 0
        for group in 0..<groups {
            offset += sums[group]
            for signs in 0..<16 {
                var sum = sums[group]
                for bit in 0..<4 { sum += signs >> bit & 1 == 1 ? x[4 * group + bit] : -x[4 * group + bit] }
                tables[16 * group + signs] = UInt8(min(255, max(0, (sum * scale).rounded())))
            }
        }
        return Query(tables: tables, unit: 1 / scale, offset: offset)
    }

    /// The `count` rows whose estimates are the greatest, among those `allowed`, in no order.
    ///
    /// - Parameter allowed: a bit for each row; nil for all.
    /// - Complexity: O(rows · dimension / 8), the bytes that are read.
    func best(_ count: Int, for query: Query, allowed: [UInt64]?) -> [UInt32] {
        // Hits gather until there are four times as many as are wanted; then the threshold rises.
        let capacity = 4 * count + 2 * Self.width
        return withUnsafeTemporaryAllocation(of: trawl_scan_hit.self, capacity: capacity) { hits in
            guard let base = hits.baseAddress else { return [] }
            var threshold = -Float.infinity
            var held = 0
            query.tables.withUnsafeBufferPointer { tables in
                var kernelQuery = trawl_scan_query(
                    tables: tables.baseAddress, dimension: image.codeDimension, unit: query.unit, offset: query.offset)
                let tilesPerChunk = tiles.chunkBytes / tiles.recordSize
                for (number, chunk) in tiles.chunks.enumerated() {
                    let firstTile = number * tilesPerChunk
                    let firstRow = firstTile * Self.width
                    let tileCount = min(tilesPerChunk, tiles.recordCount - firstTile)
                    var state = trawl_scan_state(tile: 0, hits: held)
                    while state.tile < tileCount {
                        state = allowed.withWords(from: firstTile) { words in
                            trawl_scan(
                                &kernelQuery, chunk.assumingMemoryBound(to: UInt8.self), tileCount,
                                min(rowCount - firstRow, tileCount * Self.width), metric == .euclidean, words,
                                UInt32(firstRow), threshold, state, base, capacity)
                        }
                        if state.tile < tileCount || state.hits > 2 * count {
                            Self.select(count, of: base, state.hits)
                            state.hits = min(state.hits, count)
                            if state.hits == count { threshold = Self.least(base, count) }
                        }
                    }
                    held = state.hits
                }
            }
            Self.select(count, of: base, held)
            return (0..<min(held, count)).map { base[$0].row }
        }
    }

    private static func precedes(_ a: trawl_scan_hit, _ b: trawl_scan_hit) -> Bool {
        a.score != b.score ? a.score > b.score : a.row < b.row
    }

    private static func least(_ hits: UnsafeMutablePointer<trawl_scan_hit>, _ count: Int) -> Float {
        var least = Float.infinity
        for index in 0..<count { least = min(least, hits[index].score) }
        return least
    }

    /// Brings the first `count` in order to the front (Hoare's selection, with the median of three).
    private static func select(_ count: Int, of hits: UnsafeMutablePointer<trawl_scan_hit>, _ total: Int) {
        var low = 0
        var high = total - 1
        while low < high, count < total {
            let middle = low + (high - low) / 2
            if precedes(hits[middle], hits[low]) { swap(&hits[middle], &hits[low]) }
            if precedes(hits[high], hits[low]) { swap(&hits[high], &hits[low]) }
            if precedes(hits[high], hits[middle]) { swap(&hits[high], &hits[middle]) }
            let pivot = hits[middle]
            var left = low
            var right = high
            while left <= right {
                while precedes(hits[left], pivot) { left += 1 }
                while precedes(pivot, hits[right]) { right -= 1 }
                if left <= right {
                    swap(&hits[left], &hits[right])
                    left += 1
                    right -= 1
                }
            }
            if count - 1 <= right {
                high = right
            } else if count - 1 >= left {
                low = left
            } else {
                return
            }
        }
    }
}

extension [UInt64]? {
    /// The words from `first` on, or nil for all.
    fileprivate func withWords<Result>(from first: Int, _ body: (UnsafePointer<UInt64>?) -> Result) -> Result {
        guard let self else { return body(nil) }
        return self.withUnsafeBufferPointer { body($0.baseAddress.map { $0 + first }) }
    }
}
