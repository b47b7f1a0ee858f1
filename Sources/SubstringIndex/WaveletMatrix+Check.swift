internal import CTrawlKernels
internal import TrawlCore

extension WaveletMatrix {
    /// Recounts the digits of every block and compares them with the counters, and the leaves with
    /// `expected`, the leaf of each symbol, and `codes`.
    ///
    /// - Throws: `TrawlError.corrupted` that names the first one that differs.
    /// - Complexity: O(n length) sequential reads for the mean length of a code.
    func check(codes: [UInt32], leaves expected: [trawl_wavelet_leaf]) throws {
        try checkLeaves(codes, expected)
        for (depth, level) in levels.enumerated() {
            let digits = Int(level.length)
            var seen = SIMD64<UInt32>(repeating: 0)
            var base = seen
            for block in 0..<Self.blockCount(digits) {
                if block % Self.blocksPerSuperblock == 0 {
                    base = seen
                    let superblock = Int(level.first_superblock) + block / Self.blocksPerSuperblock
                    let stored = chunks.superblocks.address(superblock, shift: 8)
                        .loadUnaligned(as: SIMD64<UInt32>.self)
                    guard stored == base else {
                        throw damagedIndex("superblock \(superblock) of the wavelet matrix has wrong counters")
                    }
                }
                let address = chunks.blocks.address(Int(level.first_block) + block, shift: 9)
                let stored = address.loadUnaligned(as: SIMD64<UInt16>.self)
                let left = digits - block * Self.digitsPerBlock
                let halves = Self.countDigits(of: address + 128, left)
                guard SIMD64<UInt32>(truncatingIfNeeded: stored) == seen &- base &+ halves.first else {
                    throw damagedIndex("block \(block) of level \(depth) of the wavelet matrix has wrong counters")
                }
                // What completes the first half counts as digit 0.
                seen &+= halves.first &+ halves.second
                seen[0] &-= UInt32(max(0, Self.digitsPerBlock / 2 - left))
            }
            var start: UInt32 = 0
            for (digit, stored) in level.digitStarts.enumerated() {
                guard stored == start else {
                    throw damagedIndex("digit \(digit) of level \(depth) of the wavelet matrix starts elsewhere")
                }
                start &+= seen[digit]
            }
        }
    }

    /// Every symbol's code leads to the leaf that names it, and no other leaf names one.
    private func checkLeaves(_ codes: [UInt32], _ expected: [trawl_wavelet_leaf]) throws {
        for (symbol, (code, leaf)) in zip(codes, expected).enumerated() {
            guard let place = place(of: code), self.leaf(place).token == leaf.token,
                self.leaf(place).shift == leaf.shift
            else { throw damagedIndex("the code of symbol \(symbol) leads elsewhere") }
        }
        let named = (0..<leafCount).count { leaf($0).token != HuffmanCode.noSymbol }
        guard named == codes.count else {
            throw damagedIndex("the wavelet matrix has leaves for \(named) symbols of \(codes.count)")
        }
    }

    /// The number of the leaf that `code` leads to.
    private func place(of code: UInt32) -> Int? {
        var (code, node) = (code, UInt32(0))
        if levels.isEmpty { return code == TRAWL_WAVELET_CODE_END ? 0 : nil }
        for level in levels {
            guard code != TRAWL_WAVELET_CODE_END else { return nil }
            node += (code >> UInt32(32 - HuffmanCode.digitBits)) * level.nodes
            code <<= UInt32(HuffmanCode.digitBits)
            if node >= level.next_nodes {
                return code == TRAWL_WAVELET_CODE_END ? Int(level.first_leaf + node - level.next_nodes) : nil
            }
        }
        return nil
    }

    /// How often each digit occurs in the first half of the groups at `address`, and among the digits of the second half
    /// that are below `count`.
    private static func countDigits(
        of address: UnsafeRawPointer, _ count: Int
    ) -> (first: SIMD64<UInt32>, second: SIMD64<UInt32>) {
        var halves = (first: SIMD64<UInt32>(repeating: 0), second: SIMD64<UInt32>(repeating: 0))
        let middle = digitsPerBlock / 2
        for place in 0..<max(middle, min(count, digitsPerBlock)) {
            let planes = address.assumingMemoryBound(to: UInt64.self) + planesOffset(group: place / 64)
            let bit = UInt64(place % 64)
            var digit = 0
            for plane in 0..<HuffmanCode.digitBits {
                digit = digit << 1 | Int(planes[plane * groupsPerHalf] >> bit & 1)
            }
            if place < middle { halves.first[digit] += 1 } else { halves.second[digit] += 1 }
        }
        return halves
    }
}
