internal import Core

extension QuadWaveletMatrix {
    /// Recounts the digits of every block and compares them with the counters.
    ///
    /// - Throws: `TrawlError.corrupted` that names the first counter that differs.
    /// - Complexity: O(n levels) sequential reads.
    func check(_ chunks: Chunks) throws {
        let blocks = Self.blocksPerLevel(count)
        let superblocks = Self.superblocksPerLevel(count)
        for level in 0..<levels {
            var seen = SIMD4<UInt32>(repeating: 0)
            var base = seen
            for block in 0..<blocks {
                if block % Self.blocksPerSuperblock == 0 {
                    base = seen
                    let superblock = level * superblocks + block / Self.blocksPerSuperblock
                    let stored = chunks.superblocks.address(superblock, shift: 4).load(as: SIMD4<UInt32>.self)
                    guard stored == base else {
                        throw damagedIndex(
                            "superblock \(superblock) of the wavelet matrix counts \(stored), not \(base)")
                    }
                }
                let address = chunks.blocks.address(level * blocks + block, shift: 6)
                let inSuperblock = seen &- base
                var header: UInt64 = 0
                for digit in 0..<4 { header |= UInt64(inSuperblock[digit]) << UInt64(16 * digit) }
                guard address.load(as: UInt64.self) == header else {
                    throw damagedIndex("block \(block) of level \(level) of the wavelet matrix has wrong counters")
                }
                seen &+= Self.countDigits(of: address, count - block * Self.digitsPerBlock)
            }
            let stored = chunks.levels.address(level, shift: 4).load(as: SIMD4<UInt32>.self)
            let starts = SIMD4<UInt32>(0, seen[0], seen[0] &+ seen[1], seen[0] &+ seen[1] &+ seen[2])
            guard stored == starts else {
                throw damagedIndex("level \(level) of the wavelet matrix starts at \(stored), not \(starts)")
            }
        }
    }

    /// How often each digit occurs among the first `count` of the block at `address`.
    private static func countDigits(of address: UnsafeRawPointer, _ count: Int) -> SIMD4<UInt32> {
        var sums = SIMD4<UInt32>(repeating: 0)
        let words = address.assumingMemoryBound(to: UInt64.self)
        for place in 0..<4 {
            let high = place < 3 ? words[1 + place] : words[7] & 0xffff_ffff
            let low = place < 3 ? words[4 + place] : words[7] >> 32
            let bits = min(place < 3 ? 64 : 32, count - 64 * place)
            guard bits > 0 else { break }
            let mask = UInt64.max >> UInt64(64 - bits)
            sums[0] += UInt32((~high & ~low & mask).nonzeroBitCount)
            sums[1] += UInt32((~high & low & mask).nonzeroBitCount)
            sums[2] += UInt32((high & ~low & mask).nonzeroBitCount)
            sums[3] += UInt32((high & low & mask).nonzeroBitCount)
        }
        return sums
    }
}
