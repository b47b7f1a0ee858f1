internal import CTrawlKernels
import TrawlCore
import TrawlStore

/// Compares many queries with all rows of a segment, as products of matrices.
///
/// A product of matrices rounds otherwise than the product of two vectors that gives every score. So it chooses some rows
/// more than are wanted, which are then compared one by one; where its error might have left out a better one, the query is
/// scanned alone. Only for the cosine, whose errors are bounded because all vectors have length 1.
struct BatchScan: Sendable {
    private let segment: SearchedSegment
    private let allowed: AllowedRows?
    private let k: Int
    /// How many more rows are chosen than are wanted.
    private static let margin = 16
    /// From here on a product of matrices is quicker.
    static let leastQueries = 8
    /// The queries that are multiplied at once: with a tile and their scores they fit the second-level cache.
    private static let mostQueries = 128
    private static let tileRows = 128

    init(_ segment: SearchedSegment, _ allowed: AllowedRows?, k: Int) {
        self.segment = segment
        self.allowed = allowed
        self.k = k
    }

    func run(_ queries: [VectorQuery], threads: Int) -> [[ScoredPassage]] {
        var found: [[ScoredPassage]] = []
        found.reserveCapacity(queries.count)
        for start in stride(from: 0, to: queries.count, by: Self.mostQueries) {
            found += runBlock(Array(queries[start..<min(start + Self.mostQueries, queries.count)]), threads: threads)
        }
        return found
    }

    private func runBlock(_ queries: [VectorQuery], threads: Int) -> [[ScoredPassage]] {
        let flat = queries.flatMap(\.values)
        let chosen = TiledScan.best(
            of: segment.rows.tiles(Self.tileRows), queries: queries.count, keeping: k + Self.margin, threads: threads
        ) {
            Memory(segment.rows, queries.count)
        } _: { tile, memory, tops in
            flat.withUnsafeBufferPointer { flat in
                if let base = flat.baseAddress { score(tile, base, memory, &tops) }
            }
        }
        return zip(chosen, queries).map { exact($0, $1, threads: threads) }
    }

    /// The best of `chosen` by exact scores.
    private func exact(_ chosen: Ranking, _ query: VectorQuery, threads: Int) -> [ScoredPassage] {
        var top = TopPassages(k)
        for entry in chosen {
            let row = Int(entry.passage.rawValue - segment.base)
            top.offer(ScoredPassage(entry.passage, segment.score(query, row)))
        }
        // Each of the two products errs by at most dimension · 2^-24, for vectors of length 1 (Higham 2002, section 3.1);
        // twice that allows for lengths that are themselves rounded.
        let error = 4 * Float(segment.rows.dimension) * 0x1p-24
        let isSure = chosen.count < k + Self.margin || top.threshold - error > (chosen.last?.score ?? 0)
        return isSure
            ? top.ranking().entries : RowScan(segment, allowed, k: k).run([query], threads: threads)[0]
    }

    /// What a worker needs: a tile as floats if it is stored otherwise, packed, and its scores.
    private final class Memory {
        let decoded: UnsafeMutablePointer<Float>
        let panels: UnsafeMutablePointer<Float>
        let scores: UnsafeMutablePointer<Float>
        let queryCount: Int

        init(_ rows: VectorRows, _ queryCount: Int) {
            self.queryCount = queryCount
            let size = BatchScan.tileRows * rows.dimension
            decoded = .allocate(capacity: rows.format == .f32 ? 1 : size)
            panels = UnsafeMutableRawPointer.allocate(byteCount: 4 * size, alignment: 64).bindMemory(
                to: Float.self, capacity: size)
            scores = .allocate(capacity: queryCount * BatchScan.tileRows)
        }

        deinit {
            decoded.deallocate()
            panels.deallocate()
            scores.deallocate()
        }
    }

    private func score(
        _ tile: Range<Int>, _ flat: UnsafePointer<Float>, _ memory: Memory, _ tops: inout [TopPassages]
    ) {
        let dimension = segment.rows.dimension
        let width = tile.count
        var source = segment.rows.address(tile.lowerBound).assumingMemoryBound(to: Float.self)
        if segment.rows.format != .f32 {
            for row in tile { segment.rows.decode(row, into: memory.decoded + (row - tile.lowerBound) * dimension) }
            source = UnsafePointer(memory.decoded)
        }
        trawl_pack_outputs(source, dimension, width, dimension, 1, memory.panels)
        trawl_gemm(
            memory.queryCount, width, dimension, flat, dimension, memory.panels, false, memory.scores, width)
        for number in 0..<memory.queryCount {
            let line = memory.scores + number * width
            var bar = tops[number].threshold
            for index in 0..<width where line[index] >= bar {
                let row = tile.lowerBound + index
                if let allowed, allowed.words[row >> 6] >> UInt64(row & 63) & 1 == 0 { continue }
                tops[number].offer(ScoredPassage(PassageID(segment.base + UInt32(row)), line[index]))
                bar = tops[number].threshold
            }
        }
    }
}
