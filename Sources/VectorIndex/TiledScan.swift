import TrawlCore

/// A pass of several threads over tiles of rows, each of which keeps its own best of every query.
enum TiledScan {
    /// Worker w of W takes every W-th tile; since passages are totally ordered by score and number, the best of the workers'
    /// best do not depend on W.
    ///
    /// - Parameters:
    ///   - memory: what each worker makes for itself.
    ///   - score: offers a tile's rows to the best of each query.
    static func best<Memory>(
        of tiles: [Range<Int>], queries: Int, keeping capacity: Int, threads: Int, memory: @Sendable () -> Memory,
        _ score: @Sendable (Range<Int>, Memory, inout [TopPassages]) -> Void
    ) -> [Ranking] {
        let workers = max(1, min(threads, tiles.count))
        var best = [[TopPassages]](repeating: [], count: workers)
        best.withUnsafeMutableBufferPointer { best in
            // Every worker writes its own element.
            nonisolated(unsafe) let best = best
            Parallel.forEach(workers, threads: workers) { worker in
                var tops = (0..<queries).map { _ in TopPassages(capacity) }
                let own = memory()
                for number in stride(from: worker, to: tiles.count, by: workers) { score(tiles[number], own, &tops) }
                best[worker] = tops
            }
        }
        return (0..<queries).map { query in
            guard workers > 1 else { return best[0][query].ranking() }
            var merged = TopPassages(capacity)
            for tops in best { for entry in tops[query].ranking() { merged.offer(entry) } }
            return merged.ranking()
        }
    }
}
