internal import CTrawlKernels
internal import TrawlCore
internal import TrawlStore

extension WaveletMatrix {
    /// The blobs that a matrix is written to.
    struct Blobs {
        var blocks: BlobWriter
        var superblocks: BlobWriter
        var levels: BlobWriter
    }

    /// Writes the matrix of `symbols`, without its leaves; they are coded by `code` and occur as often as `counts` says.
    ///
    /// Both buffers are overwritten. `advance` is called with the symbols done, level by level.
    ///
    /// - Returns: where the run of each symbol starts behind its last level.
    /// - Complexity: O(n length) time for the mean length of a code, two buffers of 4 bytes a symbol.
    static func write(
        _ symbols: UnsafeMutableBufferPointer<Int32>, scratch: UnsafeMutableBufferPointer<Int32>, counts: [UInt32],
        code: HuffmanCode, to blobs: Blobs, advance: (Int) -> Void
    ) throws -> [UInt32] {
        code.codes.withUnsafeBufferPointer { codes in
            for i in symbols.indices { symbols[i] = Int32(bitPattern: codes[Int(symbols[i])]) }
        }
        let plan = LevelPlan(counts: counts, code: code)
        var (source, target) = (symbols, scratch)
        var writer = LevelWriter(blobs)
        for depth in 0..<code.levels {
            let level = plan.levels[depth]
            try blobs.levels.append(level)
            let length = Int(level.length)
            try writer.write(
                UnsafeMutableBufferPointer(rebasing: source[..<length]), sortedInto: target, starts: level.digitStarts,
                shift: Int32(32 - HuffmanCode.digitBits * (depth + 1)))
            swap(&source, &target)
            advance(length)
        }
        try blobs.blocks.finish()
        try blobs.superblocks.finish()
        try blobs.levels.finish()
        return plan.runs
    }

    /// The shape of every level and the place of every symbol, from counts alone.
    private struct LevelPlan {
        private(set) var levels: [trawl_wavelet_level] = []
        /// Where the run of each symbol starts behind its last level.
        private(set) var runs: [UInt32]

        init(counts: [UInt32], code: HuffmanCode) {
            runs = [UInt32](repeating: 0, count: counts.count)
            let nodeCounts = Self.nodeCounts(counts, code)
            var (block, superblock, leaf) = (0, 0, 0)
            for depth in 0..<code.levels {
                let inner = code.innerNodes[depth]
                let nextInner = depth + 1 < code.levels ? code.innerNodes[depth + 1] : 0
                let children = nodeCounts[depth + 1]
                var level = trawl_wavelet_level()
                withUnsafeMutableBytes(of: &level.starts) { starts in
                    for digit in 0..<HuffmanCode.degree {
                        starts.storeBytes(of: level.length, toByteOffset: 4 * digit, as: UInt32.self)
                        level.length += children[(digit * inner)..<((digit + 1) * inner)].reduce(0, +)
                    }
                }
                level.first_block = UInt32(block)
                level.first_superblock = UInt32(superblock)
                level.nodes = UInt32(inner)
                level.next_nodes = UInt32(nextInner)
                level.first_leaf = UInt32(leaf)
                levels.append(level)
                block += WaveletMatrix.blockCount(Int(level.length))
                superblock += WaveletMatrix.superblockCount(Int(level.length))
                var start = children[..<nextInner].reduce(0, +)
                for node in nextInner..<children.count {
                    let symbol = code.leaves[leaf + node - nextInner]
                    if symbol != HuffmanCode.noSymbol { runs[Int(symbol)] = start }
                    start += children[node]
                }
                leaf += children.count - nextInner
            }
        }

        /// How many symbols of the text lie below every node, by depth.
        private static func nodeCounts(_ counts: [UInt32], _ code: HuffmanCode) -> [[UInt32]] {
            var result = code.innerNodes.map { [UInt32](repeating: 0, count: HuffmanCode.degree * $0) }
            result.insert([UInt32(counts.reduce(0, +))], at: 0)
            var leaf = code.leaves.count
            for depth in (0..<code.levels).reversed() {
                let inner = code.innerNodes[depth]
                let nextInner = depth + 1 < code.levels ? code.innerNodes[depth + 1] : 0
                let leafCount = HuffmanCode.degree * inner - nextInner
                leaf -= leafCount
                for place in 0..<leafCount {
                    let symbol = code.leaves[leaf + place]
                    if symbol != HuffmanCode.noSymbol { result[depth + 1][nextInner + place] = counts[Int(symbol)] }
                }
                guard depth > 0 else { break }
                for child in 0..<HuffmanCode.degree * inner { result[depth][child % inner] += result[depth + 1][child] }
            }
            return result
        }
    }

    /// Writes the blocks and superblocks of one level after the other.
    private struct LevelWriter {
        private let blobs: Blobs
        private var pending: [UInt64] = []
        private static let wordsPerBlock = blockBytes / 8
        private static let headerWords = HuffmanCode.degree / 4
        private static let pendingWords = 512 * wordsPerBlock

        init(_ blobs: Blobs) {
            self.blobs = blobs
            pending.reserveCapacity(Self.pendingWords)
        }

        /// Writes the digits of `source` at `shift` and sorts it stably by them; digit d starts at `starts[d]`.
        mutating func write(
            _ source: UnsafeMutableBufferPointer<Int32>, sortedInto target: UnsafeMutableBufferPointer<Int32>,
            starts: [UInt32], shift: Int32
        ) throws {
            let degree = HuffmanCode.degree
            // The next free place of each digit, and how often it had been seen where the superblock starts.
            try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * degree) { memory in
                let next = UnsafeMutableBufferPointer(rebasing: memory[..<degree])
                let base = UnsafeMutableBufferPointer(rebasing: memory[degree...])
                for digit in 0..<degree { next[digit] = starts[digit] }
                for block in 0..<blockCount(source.count) {
                    if block % blocksPerSuperblock == 0 {
                        for digit in 0..<degree {
                            base[digit] = next[digit] - starts[digit]
                            try blobs.superblocks.append(base[digit])
                        }
                    }
                    let header = pending.count
                    for _ in 0..<Self.headerWords { pending.append(0) }
                    let start = block * digitsPerBlock
                    for _ in Self.headerWords..<Self.wordsPerBlock { pending.append(0) }
                    for group in 0..<2 * groupsPerHalf {
                        if group == groupsPerHalf {
                            // What completes the half counts as digit 0, which its planes look like.
                            let missing = UInt32(max(0, start + digitsPerBlock / 2 - source.count))
                            for digit in 0..<degree {
                                let count = next[digit] - starts[digit] - base[digit] + (digit == 0 ? missing : 0)
                                pending[header + digit / 4] |= UInt64(count) << UInt64(16 * (digit % 4))
                            }
                        }
                        let from = start + 64 * group
                        let range = min(from, source.count)..<min(from + 64, source.count)
                        let planes = Self.sort(source, range, into: target, next: next, shift: shift)
                        let word = header + Self.headerWords + planesOffset(group: group)
                        for bit in 0..<HuffmanCode.digitBits { pending[word + bit * groupsPerHalf] = planes[bit] }
                    }
                    if pending.count == Self.pendingWords { try flush() }
                }
            }
            try flush()
        }

        /// Moves up to 64 symbols to their places on the next level; returns the bits of their digits, the highest
        /// first.
        @inline(__always)
        private static func sort(
            _ source: UnsafeMutableBufferPointer<Int32>, _ range: Range<Int>,
            into target: UnsafeMutableBufferPointer<Int32>, next: UnsafeMutableBufferPointer<UInt32>, shift: Int32
        ) -> SIMD8<UInt64> {
            var planes = SIMD8<UInt64>(repeating: 0)
            // Lane b takes bit 5 - b of a digit.
            let bits = SIMD8<UInt64>(5, 4, 3, 2, 1, 0, 63, 63)
            var place: UInt64 = 0
            for i in range {
                let code = source[i]
                let digit = UInt64(truncatingIfNeeded: code &>> shift & 63)
                planes |= (SIMD8(repeating: digit) &>> bits & 1) &<< SIMD8(repeating: place)
                place &+= 1
                let slot = Int(truncatingIfNeeded: digit)
                target[Int(next[slot])] = code
                next[slot] &+= 1
            }
            return planes
        }

        private mutating func flush() throws {
            try blobs.blocks.append(contentsOf: pending)
            pending.removeAll(keepingCapacity: true)
        }
    }
}
