internal import CKernels
import Core
import Dispatch
import Store

/// A part of a segment's rows that is contiguous in the map: one chunk.
private struct Tile: @unchecked Sendable {
    // @unchecked: the pointer leads into the read-only map that the segment's blob keeps open.
    let segment: VectorSearcher.Segment
    let firstRow: Int
    let rowCount: Int
    let rows: UnsafePointer<Float>

    /// - Parameter rowBytes: the bytes of a row.
    static func all(_ segments: [VectorSearcher.Segment], rowBytes: Int) -> [Tile] {
        segments.flatMap { segment in
            let perTile = segment.rows.chunkBytes / rowBytes
            return segment.rows.chunks.enumerated().map { number, start in
                Tile(
                    segment: segment, firstRow: number * perTile,
                    rowCount: min(perTile, segment.rowCount - number * perTile),
                    rows: start.assumingMemoryBound(to: Float.self))
            }
        }
    }
}

extension VectorSearcher {
    /// Searches for up to some dozens of queries at once. Worker w of W takes the tiles w, w + W, w + 2W ...; since
    /// passages are totally ordered by score and number, the best of the workers' best do not depend on W.
    func searchBlock(_ queries: [Query], k: Int, threads: Int) -> [Ranking] {
        let tiles = Tile.all(segments, rowBytes: dimension * 4)
        guard k > 0, !tiles.isEmpty else { return queries.map { _ in Ranking([]) } }
        let flat = queries.flatMap(\.values)
        let workers = max(1, min(threads, tiles.count))
        var best = [[TopPassages]](repeating: [], count: workers)
        let capacity = min(k, count)
        best.withUnsafeMutableBufferPointer { best in
            // Every worker writes its own element.
            nonisolated(unsafe) let best = best
            let work: @Sendable (Int) -> Void = { worker in
                var tops = queries.map { _ in TopPassages(capacity) }
                flat.withUnsafeBufferPointer { flat in
                    for number in stride(from: worker, to: tiles.count, by: workers) {
                        score(tiles[number], flat, queries, &tops)
                    }
                }
                best[worker] = tops
            }
            if workers == 1 { work(0) } else { DispatchQueue.concurrentPerform(iterations: workers, execute: work) }
        }
        return queries.indices.map { query in
            guard workers > 1 else { return best[0][query].ranking() }
            var merged = TopPassages(capacity)
            for tops in best { for entry in tops[query].ranking() { merged.offer(entry) } }
            return merged.ranking()
        }
    }

    private func score(
        _ tile: Tile, _ flat: UnsafeBufferPointer<Float>, _ queries: [Query], _ tops: inout [TopPassages]
    ) {
        let rowCount = tile.rowCount
        withUnsafeTemporaryAllocation(of: Float.self, capacity: rowCount * queries.count) { scores in
            guard let base = flat.baseAddress, let first = scores.baseAddress else { return }
            trawl_dot_rows(tile.rows, rowCount, base, queries.count, dimension, first)
            for (number, query) in queries.enumerated() {
                var bar = tops[number].threshold
                for row in 0..<rowCount {
                    let score = finished(scores[number * rowCount + row], query, tile.segment, tile.firstRow + row)
                    // Equality lets minus infinity in while there is room.
                    guard score >= bar else { continue }
                    if let dead = tile.segment.dead, dead.contains(tile.firstRow + row) { continue }
                    let passage = PassageID(tile.segment.base + UInt32(tile.firstRow + row))
                    tops[number].offer(ScoredPassage(passage, score))
                    bar = tops[number].threshold
                }
            }
        }
    }

    /// The score that a dot product gives under the metric.
    @inline(__always)
    private func finished(_ product: Float, _ query: Query, _ segment: Segment, _ row: Int) -> Float {
        var score = product
        if let lengths = segment.squaredLengths {
            // Rounding must not make a distance negative.
            score = min(0, 2 * product - lengths.load(row, as: Float.self) - query.squaredLength)
        }
        // Finite values may overflow to infinities that cancel; a ranking needs an order.
        return score.isNaN ? -.infinity : score
    }

    func scoreRow(_ query: Query, _ segment: Segment, _ row: Int) -> Float {
        var product: Float = 0
        let start = segment.rows.address(of: row * dimension * 4).assumingMemoryBound(to: Float.self)
        query.values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return }
            trawl_dot_rows(start, 1, base, 1, dimension, &product)
        }
        return finished(product, query, segment, row)
    }

    func vector(_ segment: Segment, _ row: Int) -> [Float] {
        let start = segment.rows.address(of: row * dimension * 4).assumingMemoryBound(to: Float.self)
        return Array(UnsafeBufferPointer(start: start, count: dimension))
    }
}
