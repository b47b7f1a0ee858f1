import CTrawlKernels
import Testing
import TrawlCore

@testable import TrawlSubstringIndex

@Suite struct RankKernelTests {
    /// The versions that this CPU can run.
    private static let versions = [TRAWL_ISA_PORTABLE, TRAWL_ISA_AVX2, TRAWL_ISA_AVX512].filter {
        $0.rawValue <= trawl_best_isa().rawValue
    }

    /// A matrix of random blocks: the versions must agree on any bytes, also on damaged ones.
    @Test func allVersionsAgreeOnRandomBlocks() throws {
        var random = SplitMix64(seed: 1)
        let noise = NoiseMatrix(&random)
        let bound = noise.matrix.length
        for _ in 0..<2000 {
            // One to four digits at random, which need not be those of a leaf.
            let digits = 1 + UInt32(random.next() % 4)
            let code = UInt32(truncatingIfNeeded: random.next()) << (32 - 6 * digits) | 0x8000_0000 >> (6 * digits)
            let (low, high) = (UInt32(random.next() % 5001), UInt32(random.next() % 5001))
            let answers = Self.versions.map { Answers(noise.matrix, code, low, high, version: $0) }
            #expect(answers.dropFirst().allSatisfy { $0 == answers[0] })
            #expect(answers[0].followed.allSatisfy { $0 <= bound })
            for batch in answers[0].batch { #expect(batch[0] <= batch[1] && batch[1] <= bound) }
            #expect(answers[0].batch[0] == answers[0].followed || !answers[0].found)
            #expect(answers[0].found == (answers[0].batch[0][0] < answers[0].batch[0][1]))
            for (capacity, tokens) in answers[0].distinct {
                #expect(tokens.count <= capacity && tokens.allSatisfy { $0[1] < $0[2] })
            }
        }
    }

    /// What all kernels answer for one question.
    private struct Answers: Equatable {
        var found: Bool
        var followed: [UInt32]
        var symbol: [UInt32]
        var batch: [[UInt32]]
        var distinct: [Int: [[UInt32]]] = [:]

        init(_ matrix: trawl_wavelet_matrix, _ code: UInt32, _ low: UInt32, _ high: UInt32, version: trawl_isa) {
            var matrix = matrix
            var (a, b) = (low, high)
            found = trawl_wavelet_follow_on(version, &matrix, code, &a, &b)
            followed = [a, b]
            symbol = fields(trawl_wavelet_access_on(version, &matrix, min(low, matrix.length - 1)))
            batch = withUnsafePointer(to: &matrix) { pointer in
                var batch = [
                    trawl_wavelet_query(matrix: pointer, code: code, low: low, high: high),
                    trawl_wavelet_query(matrix: pointer, code: code, low: 0, high: pointer.pointee.length),
                    trawl_wavelet_query(matrix: pointer, code: TRAWL_WAVELET_CODE_END, low: low, high: high),
                ]
                trawl_wavelet_follow_batch_on(version, &batch, 3)
                return batch.map { [$0.low, $0.high] }
            }
            guard low < high else { return }
            let empty = trawl_wavelet_node(node: 0, low: 0, high: 0)
            for capacity in [3, high - low] {
                var scratch = [trawl_wavelet_node](repeating: empty, count: 2 * Int(capacity + 64))
                var tokens = [trawl_wavelet_node](repeating: empty, count: Int(capacity + 64))
                let count = trawl_wavelet_distinct_on(version, &matrix, low, high, capacity, &scratch, &tokens)
                distinct[Int(capacity)] = tokens.prefix(Int(count)).map(fields)
            }
        }
    }

    @Test func bitmapRankCountsTheBitsBefore() {
        var random = SplitMix64(seed: 2)
        let block = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 16)
        defer { block.deallocate() }
        for i in 0..<16 { block[i] = UInt32(truncatingIfNeeded: random.next()) }
        block[0] = 1000
        var expected: UInt32 = 1000
        for bit in 0...480 as ClosedRange<UInt32> {
            for version in Self.versions { #expect(trawl_bitmap_rank_on(version, block.baseAddress, bit) == expected) }
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

    init(_ random: inout SplitMix64) {
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
