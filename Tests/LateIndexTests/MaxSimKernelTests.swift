import CTrawlKernels
import Testing
import TrawlCore
import TrawlTestSupport

private let versions: [trawl_isa] = [TRAWL_ISA_PORTABLE, TRAWL_ISA_AVX2, TRAWL_ISA_AVX512].filter {
    $0.rawValue <= trawl_best_isa().rawValue
}

@Suite struct MaxSimKernelTests {
    /// Every version gives the bits of the sums as they are written down here: of few lines and of more than 16 bits hold at
    /// once, of ranges that begin and end within tiles, and where a centroid does not exist.
    @Test(arguments: [(lines: 4, blocks: 1), (32, 3), (300, 2)]) func allVersionsGiveThePlainSums(
        lines: Int, blocks: Int
    ) {
        let (tokens, centroidCount) = (96, 11)
        let padded = 4 * blocks
        var random = SplitMix64(seed: UInt64(lines))
        let tables = (0..<padded * lines * 32).map { _ in UInt8(random.below(128)) }
        let centroids = randomFloats(centroidCount * padded, seed: 2)
        let (units, offsets) = (randomFloats(padded, seed: 3, 0...0.01), randomFloats(padded, seed: 4))
        let size = 128 + 32 * lines
        var tiles = (0..<tokens / 32 * size).map { _ in UInt8(random.below(256)) }
        for token in 0..<tokens {
            let place = token / 32 * size + token % 32 * 2
            (tiles[place], tiles[place + 1]) = (UInt8(token == 40 ? 99 : random.below(centroidCount)), 0)
        }
        for (first, end) in [(0, 96), (5, 6), (31, 64), (40, 41), (33, 90)] {
            var expected = [Float](repeating: -1, count: padded)
            for token in first..<end {
                let tile = token / 32 * size
                let lane = token % 32
                let centroid = Int(tiles[tile + 2 * lane]) < centroidCount ? Int(tiles[tile + 2 * lane]) : 0
                let factor = UInt16(tiles[tile + 64 + 2 * lane]) | UInt16(tiles[tile + 65 + 2 * lane]) << 8
                for q in 0..<padded {
                    var sum = 0
                    for line in 0..<lines {
                        let byte = Int(tiles[tile + 128 + 32 * line + lane])
                        let table = ((q / 4 * lines + line) * 4 + q % 4) * 32
                        sum += Int(tables[table + (byte & 15)]) + Int(tables[table + 16 + (byte >> 4)])
                    }
                    let residual = Float(sum) * units[q] - offsets[q]
                    let dot = Float(factor) / 32768 * (centroids[centroid * padded + q] + residual)
                    expected[q] = max(expected[q], dot)
                }
            }
            for isa in versions {
                var best = [Float](repeating: -1, count: padded)
                centroids.withUnsafeBufferPointer { centroids in
                    tables.withUnsafeBufferPointer { tables in
                        units.withUnsafeBufferPointer { units in
                            offsets.withUnsafeBufferPointer { offsets in
                                var query = trawl_maxsim_query(
                                    tables: tables.baseAddress, line_count: lines, block_count: blocks,
                                    centroids: centroids.baseAddress, centroid_count: centroidCount,
                                    units: units.baseAddress, offsets: offsets.baseAddress)
                                trawl_maxsim_on(isa, &query, tiles, first, end, &best)
                            }
                        }
                    }
                }
                #expect(best == expected, "version \(isa.rawValue), tokens \(first)..<\(end)")
            }
        }
    }
}
