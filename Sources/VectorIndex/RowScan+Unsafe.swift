internal import CTrawlKernels
import TrawlCore
import TrawlStore

/// Compares queries with all rows of a segment.
struct RowScan: Sendable {
    private let segment: SearchedSegment
    private let allowed: AllowedRows?
    private let k: Int
    /// The rows of a step: with their scores they stay in the cache.
    private static let tileRows = 256

    init(_ segment: SearchedSegment, _ allowed: AllowedRows?, k: Int) {
        self.segment = segment
        self.allowed = allowed
        self.k = k
    }

    func run(_ queries: [VectorQuery], threads: Int) -> [[ScoredPassage]] {
        let flat = queries.flatMap(\.values)
        return TiledScan.best(
            of: segment.rows.tiles(Self.tileRows), queries: queries.count, keeping: k, threads: threads
        ) {
            ()
        } _: { tile, _, tops in
            flat.withUnsafeBufferPointer { flat in
                if let base = flat.baseAddress { score(tile, base, queries, &tops) }
            }
        }.map(\.entries)
    }

    private func score(
        _ tile: Range<Int>, _ flat: UnsafePointer<Float>, _ queries: [VectorQuery], _ tops: inout [TopPassages]
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: tile.count * queries.count) { scores in
            guard let first = scores.baseAddress else { return }
            segment.rows.products(flat, queries.count, chunkRows: tile, into: first)
            for (number, query) in queries.enumerated() {
                let line = first + number * tile.count
                var bar = tops[number].threshold
                for index in 0..<tile.count {
                    let row = tile.lowerBound + index
                    let score = segment.finished(line[index], query, row)
                    // Equality lets minus infinity in while there is room.
                    guard score >= bar else { continue }
                    if let allowed, allowed.words[row >> 6] >> UInt64(row & 63) & 1 == 0 { continue }
                    tops[number].offer(ScoredPassage(PassageID(segment.base + UInt32(row)), score))
                    bar = tops[number].threshold
                }
            }
        }
    }
}
