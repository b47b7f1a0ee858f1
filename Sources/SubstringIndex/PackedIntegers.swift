internal import TrawlStore

/// Integers of one width, 1 to 32 bits, in blocks of a kibibyte; none straddles two blocks.
///
/// ```
/// block: | value 0 | value 1 | ... | value 8192/width - 1 | unused bits |     little-endian, 1024 bytes
/// ```
struct PackedIntegers: Sendable {
    static let blockBytes = 1024
    private static let blockShift = 10
    private static let lastWord = blockBytes - 8

    let count: Int
    let width: Int
    private let perBlock: Int
    private let chunks: ChunkTable

    /// The bits that the values 0..<`bound` need.
    static func width(bound: Int) -> Int { max(1, Int.bitWidth - max(0, bound - 1).leadingZeroBitCount) }

    static func blockCount(_ count: Int, width: Int) -> Int {
        let perBlock = 8 * blockBytes / width
        return (count + perBlock - 1) / perBlock
    }

    /// - Throws: `TrawlError.corrupted` when `chunks` has not the size that `count` values need.
    init(_ chunks: ChunkTable, count: Int, width: Int) throws {
        guard (1...32).contains(width) else { throw damagedIndex("a packed array has values of \(width) bits") }
        try chunks.expect(records: Self.blockCount(count, width: width), of: Self.blockBytes, "a packed array")
        self.chunks = chunks
        self.count = count
        self.width = width
        perBlock = 8 * Self.blockBytes / width
    }

    /// The value at `index`, which must lie in 0..<`count`.
    @inline(__always)
    subscript(index: Int) -> UInt32 {
        let (block, slot) = UInt32(truncatingIfNeeded: index)
            .quotientAndRemainder(dividingBy: UInt32(truncatingIfNeeded: perBlock))
        return value(in: chunks.address(Int(block), shift: Self.blockShift), slot: Int(slot))
    }

    /// Calls `body` with the values in `range`, which must lie in 0..<`count`.
    @inline(__always)
    func forEach(in range: Range<Int>, _ body: (UInt32) throws -> Void) rethrows {
        var (block, slot) = range.lowerBound.quotientAndRemainder(dividingBy: perBlock)
        var left = range.count
        while left > 0 {
            let address = chunks.address(block, shift: Self.blockShift)
            let end = min(perBlock, slot + left)
            left -= end - slot
            while slot < end {
                try body(value(in: address, slot: slot))
                slot &+= 1
            }
            slot = 0
            block += 1
        }
    }

    @inline(__always)
    private func value(in block: UnsafeRawPointer, slot: Int) -> UInt32 {
        let bit = slot &* width
        // The last eight bytes of the block hold every value that starts in them.
        let byte = min(bit >> 3, Self.lastWord)
        let word = block.loadUnaligned(fromByteOffset: byte, as: UInt64.self)
        return UInt32(truncatingIfNeeded: word >> UInt64(bit &- 8 &* byte)) & (UInt32.max >> UInt32(32 &- width))
    }

    /// Packs values one after the other into a blob.
    struct Writer {
        private static let blockWords = blockBytes / 8
        private static let pendingWords = 64 * blockWords

        private let blob: BlobWriter
        private let width: Int
        private let perBlock: Int
        private var blocks: [UInt64] = []
        private var slot = 0

        init(_ blob: BlobWriter, width: Int) {
            self.blob = blob
            self.width = width
            perBlock = 8 * PackedIntegers.blockBytes / width
            blocks.reserveCapacity(Self.pendingWords)
        }

        @inline(__always)
        mutating func append(_ value: UInt32) throws {
            if slot == 0 {
                if blocks.count == Self.pendingWords { try flush() }
                for _ in 0..<Self.blockWords { blocks.append(0) }
            }
            let bit = slot &* width
            let word = blocks.count &- Self.blockWords &+ bit >> 6
            let shift = UInt64(bit & 63)
            blocks[word] |= UInt64(value) << shift
            if Int(shift) &+ width > 64 { blocks[word &+ 1] |= UInt64(value) >> (64 &- shift) }
            slot &+= 1
            if slot == perBlock { slot = 0 }
        }

        mutating func finish() throws {
            try flush()
            try blob.finish()
        }

        private mutating func flush() throws {
            try blob.append(contentsOf: blocks)
            blocks.removeAll(keepingCapacity: true)
        }
    }
}
