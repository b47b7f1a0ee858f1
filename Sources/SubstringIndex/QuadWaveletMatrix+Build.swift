internal import Core
internal import Store

extension QuadWaveletMatrix {
    /// The blobs that a matrix is written to.
    struct Blobs {
        var blocks: BlobWriter
        var superblocks: BlobWriter
        var levels: BlobWriter
    }

    /// Writes the matrix of `symbols`, which are below `counts.count` and occur as often as `counts` says.
    ///
    /// Both buffers are overwritten. `advance` is called with the symbols done, level by level.
    ///
    /// - Returns: where the run of each symbol starts in the order after the last level.
    /// - Complexity: O(n levels) time, two buffers of 4 bytes a symbol.
    static func write(
        _ symbols: UnsafeMutableBufferPointer<Int32>, scratch: UnsafeMutableBufferPointer<Int32>, counts: [UInt32],
        to blobs: Blobs, advance: (Int) -> Void
    ) throws -> [UInt32] {
        let levels = levels(symbolCount: counts.count)
        var (source, target) = (symbols, scratch)
        var order = Array(0..<UInt32(counts.count))
        var writer = LevelWriter(blobs)
        for level in 0..<levels {
            let shift = 2 * (levels - 1 - level)
            var starts: [UInt32] = [0, 0, 0, 0]
            var sums: [UInt32] = [0, 0, 0, 0]
            for (symbol, count) in counts.enumerated() { sums[symbol >> shift & 3] += count }
            for digit in 1..<4 { starts[digit] = starts[digit - 1] + sums[digit - 1] }
            try blobs.levels.append(contentsOf: starts)
            try writer.write(source, sortedInto: target, starts: starts, shift: Int32(shift))
            swap(&source, &target)
            order = (0..<4).flatMap { digit in order.filter { Int($0) >> shift & 3 == digit } }
            advance(symbols.count)
        }
        try blobs.blocks.finish()
        try blobs.superblocks.finish()
        try blobs.levels.finish()
        var runs = [UInt32](repeating: 0, count: counts.count)
        var sum: UInt32 = 0
        for symbol in order {
            runs[Int(symbol)] = sum
            sum += counts[Int(symbol)]
        }
        return runs
    }

    /// Writes the blocks and superblocks of one level after the other.
    private struct LevelWriter {
        private let blobs: Blobs
        private var pending: [UInt64] = []

        init(_ blobs: Blobs) {
            self.blobs = blobs
            pending.reserveCapacity(8 * 2048)
        }

        /// Writes the digits of `source` at `shift` and sorts it stably by them; digit d starts at `starts[d]`.
        mutating func write(
            _ source: UnsafeMutableBufferPointer<Int32>, sortedInto target: UnsafeMutableBufferPointer<Int32>,
            starts: [UInt32], shift: Int32
        ) throws {
            // Next free places by digit, the digits seen, and those seen before the superblock.
            var next = SIMD4<UInt32>(starts[0], starts[1], starts[2], starts[3])
            let first = next
            var base = SIMD4<UInt32>(repeating: 0)
            for block in 0..<blocksPerLevel(source.count) {
                if block % blocksPerSuperblock == 0 {
                    base = next &- first
                    for digit in 0..<4 { try blobs.superblocks.append(base[digit]) }
                }
                let inSuperblock = next &- first &- base
                var header: UInt64 = 0
                for digit in 0..<4 { header |= UInt64(inSuperblock[digit]) << UInt64(16 * digit) }
                pending.append(header)
                let start = block * digitsPerBlock
                let end = min(source.count, start + digitsPerBlock)
                var highs = SIMD4<UInt64>(repeating: 0)
                var lows = highs
                for word in 0..<4 {
                    var (high, low): (UInt64, UInt64) = (0, 0)
                    let from = start &+ 64 &* word
                    let to = min(end, from &+ 64)
                    var i = from
                    while i < to {
                        let symbol = source[i]
                        let digit = UInt64(truncatingIfNeeded: symbol &>> shift & 3)
                        high |= (digit &>> 1) &<< UInt64(truncatingIfNeeded: i &- from)
                        low |= (digit & 1) &<< UInt64(truncatingIfNeeded: i &- from)
                        let place = Int(truncatingIfNeeded: digit)
                        target[Int(next[place])] = symbol
                        next[place] &+= 1
                        i &+= 1
                    }
                    highs[word] = high
                    lows[word] = low
                }
                for word in 0..<3 { pending.append(highs[word]) }
                for word in 0..<3 { pending.append(lows[word]) }
                pending.append(highs[3] | lows[3] << 32)
                if pending.count == 8 * 2048 { try flush() }
            }
            try flush()
        }

        private mutating func flush() throws {
            try blobs.blocks.append(contentsOf: pending)
            pending.removeAll(keepingCapacity: true)
        }
    }
}
