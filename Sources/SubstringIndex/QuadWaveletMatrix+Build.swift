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
            // The next free place of each digit, in memory that can be indexed by one.
            try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4) { next in
                for digit in 0..<4 { next[digit] = starts[digit] }
                var base = SIMD4<UInt32>(repeating: 0)
                let first = SIMD4<UInt32>(starts[0], starts[1], starts[2], starts[3])
                for block in 0..<blocksPerLevel(source.count) {
                    // How often each digit has been seen.
                    let seen = SIMD4<UInt32>(next[0], next[1], next[2], next[3]) &- first
                    if block % blocksPerSuperblock == 0 {
                        base = seen
                        for digit in 0..<4 { try blobs.superblocks.append(base[digit]) }
                    }
                    let inSuperblock = seen &- base
                    var header: UInt64 = 0
                    for digit in 0..<4 { header |= UInt64(inSuperblock[digit]) << UInt64(16 * digit) }
                    pending.append(header)
                    let start = block * digitsPerBlock
                    let end = min(source.count, start + digitsPerBlock)
                    let planes = Self.sort(source, start..<max(start, end), into: target, next: next, shift: shift)
                    for word in 0..<3 { pending.append(planes.high[word]) }
                    for word in 0..<3 { pending.append(planes.low[word]) }
                    pending.append(planes.high[3] | planes.low[3] << 32)
                    if pending.count == 8 * 2048 { try flush() }
                }
            }
            try flush()
        }

        /// Moves the symbols of one block to their places on the next level; returns the two bits of their digits.
        @inline(__always)
        private static func sort(
            _ source: UnsafeMutableBufferPointer<Int32>, _ range: Range<Int>,
            into target: UnsafeMutableBufferPointer<Int32>, next: UnsafeMutableBufferPointer<UInt32>, shift: Int32
        ) -> (high: SIMD4<UInt64>, low: SIMD4<UInt64>) {
            var (highs, lows) = (SIMD4<UInt64>(repeating: 0), SIMD4<UInt64>(repeating: 0))
            for word in 0..<4 {
                var (high, low): (UInt64, UInt64) = (0, 0)
                let from = range.lowerBound &+ 64 &* word
                var i = from
                let to = min(range.upperBound, from &+ 64)
                while i < to {
                    let symbol = source[i]
                    let digit = Int(truncatingIfNeeded: symbol &>> shift & 3)
                    high |= UInt64(truncatingIfNeeded: digit &>> 1) &<< UInt64(truncatingIfNeeded: i &- from)
                    low |= UInt64(truncatingIfNeeded: digit & 1) &<< UInt64(truncatingIfNeeded: i &- from)
                    target[Int(next[digit])] = symbol
                    next[digit] &+= 1
                    i &+= 1
                }
                highs[word] = high
                lows[word] = low
            }
            return (highs, lows)
        }

        private mutating func flush() throws {
            try blobs.blocks.append(contentsOf: pending)
            pending.removeAll(keepingCapacity: true)
        }
    }
}
