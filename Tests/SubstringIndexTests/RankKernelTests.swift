import CKernels
import Testing

@testable import SubstringIndex

@Suite struct RankKernelTests {
    /// A matrix of random blocks: the twins must agree on any bytes, also on damaged ones.
    @Test func bothTwinsAgreeOnRandomBlocks() throws {
        var random = SplitMix(seed: 1)
        let noise = NoiseMatrix(&random)
        var matrix = noise.matrix
        let bound = matrix.length
        for _ in 0..<2000 {
            // One to four digits at random, which need not be those of a leaf.
            let digits = 1 + UInt32(random.next() % 4)
            let code = UInt32(truncatingIfNeeded: random.next()) << (32 - 6 * digits) | 0x8000_0000 >> (6 * digits)
            let (low, high) = (UInt32(random.next() % 5001), UInt32(random.next() % 5001))
            var (a, b) = ((low, high), (low, high))
            let found = trawl_wavelet_follow(&matrix, code, &a.0, &a.1)
            #expect(found == trawl_wavelet_follow_portable(&matrix, code, &b.0, &b.1))
            #expect(a == b && a.0 <= bound && a.1 <= bound)
            let position = min(low, bound - 1)
            #expect(
                fields(trawl_wavelet_access(&matrix, position))
                    == fields(trawl_wavelet_access_portable(&matrix, position)))
            withUnsafePointer(to: &matrix) { pointer in
                var batch = [
                    trawl_wavelet_query(matrix: pointer, code: code, low: low, high: high),
                    trawl_wavelet_query(matrix: pointer, code: code, low: 0, high: bound),
                    trawl_wavelet_query(matrix: pointer, code: TRAWL_WAVELET_CODE_END, low: low, high: high),
                ]
                var twin = batch
                trawl_wavelet_follow_batch(&batch, 3)
                trawl_wavelet_follow_batch_portable(&twin, 3)
                #expect(zip(batch, twin).allSatisfy { ($0.low, $0.high) == ($1.low, $1.high) })
                #expect(batch.allSatisfy { $0.low <= $0.high && $0.high <= bound })
                if found { #expect((batch[0].low, batch[0].high) == a) } else { #expect(batch[0].low == batch[0].high) }
            }
            guard low < high else { continue }
            for capacity in [3, high - low] {
                let empty = trawl_wavelet_node(node: 0, low: 0, high: 0)
                var scratch = [trawl_wavelet_node](repeating: empty, count: 2 * Int(capacity + 64))
                var c = [trawl_wavelet_node](repeating: empty, count: Int(capacity + 64))
                var d = c
                let count = trawl_wavelet_distinct(&matrix, low, high, capacity, &scratch, &c)
                #expect(count == trawl_wavelet_distinct_portable(&matrix, low, high, capacity, &scratch, &d))
                #expect(count <= capacity && c.map(fields) == d.map(fields))
                #expect(c.prefix(Int(count)).allSatisfy { $0.low < $0.high })
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

/// What a node holds, to compare.
private func fields(_ node: trawl_wavelet_node) -> [UInt32] { [node.node, node.low, node.high] }

/// A matrix of three levels whose shape is sound and whose blocks, superblocks and leaves are noise.
private final class NoiseMatrix {
    var matrix = trawl_wavelet_matrix()
    // 10, 9 and 2 blocks, a superblock for each level, and 1 + 63 * 6 leaves.
    private let words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 21 * 64)
    private let supers = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 3 * 64)
    private let leaves = UnsafeMutableBufferPointer<trawl_wavelet_leaf>.allocate(capacity: 379)
    private let chunks = UnsafeMutableBufferPointer<UnsafeRawPointer?>.allocate(capacity: 3)

    init(_ random: inout SplitMix) {
        for i in words.indices { words[i] = random.next() }
        for i in supers.indices { supers[i] = UInt32(random.next() % 3000) }
        for i in leaves.indices { leaves[i] = trawl_wavelet_leaf(token: UInt32(random.next() % 100), shift: 0) }
        chunks[0] = UnsafeRawPointer(words.baseAddress)
        chunks[1] = UnsafeRawPointer(supers.baseAddress)
        chunks[2] = UnsafeRawPointer(leaves.baseAddress)
        let base = UnsafePointer(chunks.baseAddress)
        matrix.block_chunks = base
        matrix.superblock_chunks = base?.advanced(by: 1)
        matrix.leaf_chunks = base?.advanced(by: 2)
        matrix.levels = 3
        matrix.length = 5000
        // Inner nodes 1, 3 and 2.
        matrix.level.0 = level(5000, block: 0, superblock: 0, nodes: 1, next: 3, leaf: 0)
        matrix.level.1 = level(4400, block: 10, superblock: 1, nodes: 3, next: 2, leaf: 61)
        matrix.level.2 = level(1000, block: 19, superblock: 2, nodes: 2, next: 0, leaf: 251)
    }

    deinit {
        words.deallocate()
        supers.deallocate()
        leaves.deallocate()
        chunks.deallocate()
    }

    private func level(
        _ length: UInt32, block: UInt32, superblock: UInt32, nodes: UInt32, next: UInt32, leaf: UInt32
    ) -> trawl_wavelet_level {
        var level = trawl_wavelet_level()
        withUnsafeMutableBytes(of: &level.starts) { starts in
            for digit: UInt32 in 0..<64 {
                starts.storeBytes(of: length / 65 * digit, toByteOffset: Int(4 * digit), as: UInt32.self)
            }
        }
        level.length = length
        level.first_block = block
        level.first_superblock = superblock
        level.nodes = nodes
        level.next_nodes = next
        level.first_leaf = leaf
        return level
    }
}
