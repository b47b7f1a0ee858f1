import CKernels
import Testing

@testable import SubstringIndex

@Suite struct RankKernelTests {
    /// A matrix of random blocks: the twins must agree on any bytes, also on damaged ones.
    @Test func bothTwinsAgreeOnRandomBlocks() throws {
        var random = SplitMix(seed: 1)
        let (length, levels) = (5000, 3)
        let blocks = QuadWaveletMatrix.blocksPerLevel(length)
        let words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: blocks * levels * 8)
        let supers = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: levels * 4)
        defer {
            words.deallocate()
            supers.deallocate()
        }
        for i in words.indices { words[i] = random.next() }
        for i in supers.indices { supers[i] = UInt32(random.next() % 3000) }
        var blockChunks: [UnsafeRawPointer?] = [UnsafeRawPointer(words.baseAddress)]
        var superChunks: [UnsafeRawPointer?] = [UnsafeRawPointer(supers.baseAddress)]
        blockChunks.withUnsafeMutableBufferPointer { blockChunks in
            superChunks.withUnsafeMutableBufferPointer { superChunks in
                var matrix = trawl_quad_matrix()
                matrix.block_chunks = UnsafePointer(blockChunks.baseAddress)
                matrix.superblock_chunks = UnsafePointer(superChunks.baseAddress)
                matrix.levels = UInt32(levels)
                matrix.length = UInt32(length)
                matrix.blocks_per_level = UInt32(blocks)
                matrix.superblocks_per_level = 1
                for _ in 0..<2000 {
                    let symbol = UInt32(random.next() % 64)
                    let low = UInt32(random.next() % 5001)
                    let high = UInt32(random.next() % 5001)
                    var (a, b) = ((low, high), (low, high))
                    let found = trawl_quad_follow(&matrix, symbol, &a.0, &a.1)
                    #expect(found == trawl_quad_follow_portable(&matrix, symbol, &b.0, &b.1))
                    #expect(a == b && a.0 <= 5000 && a.1 <= 5000)
                    let position = min(low, 4999)
                    let level = symbol % 3
                    #expect(
                        trawl_quad_access(&matrix, level, 7, position)
                            == trawl_quad_access_portable(&matrix, level, 7, position))
                    guard low < high else { continue }
                    var nodes = [
                        trawl_quad_node(prefix: 1, low: low, high: high),
                        trawl_quad_node(prefix: 2, low: low, high: low + 1),
                    ]
                    let empty = trawl_quad_node(prefix: 9, low: 9, high: 9)
                    var (c, d) = ([trawl_quad_node](repeating: empty, count: 8), [empty])
                    d = c
                    let capacity: UInt32 = symbol % 2 == 0 ? 8 : 3
                    let children = trawl_quad_expand(&matrix, level, &nodes, 2, &c, capacity)
                    #expect(children == trawl_quad_expand_portable(&matrix, level, &nodes, 2, &d, capacity))
                    #expect(children <= capacity)
                    #expect(zip(c, d).allSatisfy { ($0.prefix, $0.low, $0.high) == ($1.prefix, $1.low, $1.high) })
                    #expect(c.prefix(Int(children)).allSatisfy { $0.low < $0.high && $0.high <= 5000 })
                    var symbols = [symbol, symbol ^ 5]
                    var (lows, highs) = ([low, 0], [high, 5000])
                    var (lows2, highs2) = (lows, highs)
                    trawl_quad_follow_batch(&matrix, 2, &symbols, &lows, &highs)
                    trawl_quad_follow_batch_portable(&matrix, 2, &symbols, &lows2, &highs2)
                    #expect(lows == lows2 && highs == highs2)
                    if found { #expect(lows[0] == a.0 && highs[0] == a.1) }
                }
            }
        }
    }

    @Test func bitmapRankCountsTheBitsBefore() {
        var random = SplitMix(seed: 2)
        let block = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 16)
        defer { block.deallocate() }
        for i in 0..<16 { block[i] = UInt32(truncatingIfNeeded: random.next()) }
        block[0] = 1000
        var expected: UInt32 = 1000
        for bit in 0...480 as ClosedRange<UInt32> {
            #expect(trawl_bitmap_rank(block.baseAddress, bit) == expected)
            #expect(trawl_bitmap_rank_portable(block.baseAddress, bit) == expected)
            if bit < 480 {
                let isSet = block[1 + Int(bit / 32)] >> (bit % 32) & 1 == 1
                #expect(trawl_bitmap_test(block.baseAddress, bit) == isSet)
                if isSet { expected += 1 }
            }
        }
    }
}
