internal import CKernels
import Core
import Store

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

    /// Worker w of W takes every W-th tile; since passages are totally ordered by score and number, the best of the workers'
    /// best do not depend on W.
    func run(_ queries: [VectorQuery], threads: Int) -> [[ScoredPassage]] {
        let tiles = segment.rows.tiles(Self.tileRows)
        let workers = max(1, min(threads, tiles.count))
        let flat = queries.flatMap(\.values)
        var best = [[TopPassages]](repeating: [], count: workers)
        best.withUnsafeMutableBufferPointer { best in
            // Every worker writes its own element.
            nonisolated(unsafe) let best = best
            Parallel.forEach(workers, threads: workers) { worker in
                var tops = queries.map { _ in TopPassages(k) }
                flat.withUnsafeBufferPointer { flat in
                    guard let base = flat.baseAddress else { return }
                    for number in stride(from: worker, to: tiles.count, by: workers) {
                        score(tiles[number], base, queries, &tops)
                    }
                }
                best[worker] = tops
            }
        }
        return queries.indices.map { query in
            guard workers > 1 else { return best[0][query].ranking().entries }
            var merged = TopPassages(k)
            for tops in best { for entry in tops[query].ranking() { merged.offer(entry) } }
            return merged.ranking().entries
        }
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
