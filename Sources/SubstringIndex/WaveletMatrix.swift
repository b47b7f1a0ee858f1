internal import CTrawlKernels
internal import TrawlCore
internal import TrawlStore

/// A sequence of symbols with rank and access: a Huffman-shaped wavelet matrix (Claude, Navarro and Ordonez, 2015) of
/// degree 64, with the counters beside their digits. A level costs one access to memory, whose few cache lines are
/// asked for together, and a token of real text has two levels.
///
/// Four blobs, laid out in `rank.h`: blocks of 512 bytes and superblocks of 256, level after level; the levels; and
/// the leaves with their tokens. 8.03 bits for each digit of a symbol's code.
final class WaveletMatrix: @unchecked Sendable {
    // @unchecked: written once by init; points to read-only memory that the owner of the chunks keeps alive.
    static let blockBytes = 512
    static let superblockBytes = 256
    static let levelBytes = MemoryLayout<trawl_wavelet_level>.stride
    static let leafBytes = MemoryLayout<trawl_wavelet_leaf>.stride
    static let digitsPerBlock = Int(TRAWL_WAVELET_BLOCK_DIGITS)
    /// Groups of 64 digits in half a block.
    static let groupsPerHalf = digitsPerBlock / 128
    static let blocksPerSuperblock = Int(TRAWL_WAVELET_SUPERBLOCK_BLOCKS)
    static let maxLevels = Int(TRAWL_WAVELET_MAX_LEVELS)

    let kernel: UnsafePointer<trawl_wavelet_matrix>
    let count: Int
    let levels: [trawl_wavelet_level]
    let leafCount: Int
    let chunks: Chunks

    /// Where the blobs are.
    struct Chunks {
        var blocks: ChunkTable
        var superblocks: ChunkTable
        var levels: ChunkTable
        var leaves: ChunkTable
    }

    /// Where, in words behind the counts of a block, the highest bits of a group of digits stand; the lower ones follow at
    /// distances of `groupsPerHalf`.
    static func planesOffset(group: Int) -> Int {
        let (half, place) = group.quotientAndRemainder(dividingBy: groupsPerHalf)
        return half * groupsPerHalf * HuffmanCode.digitBits + place
    }

    static func blockCount(_ digits: Int) -> Int { digits / digitsPerBlock + 1 }

    static func superblockCount(_ digits: Int) -> Int {
        (blockCount(digits) + blocksPerSuperblock - 1) / blocksPerSuperblock
    }

    /// - Throws: `TrawlError.corrupted` when the levels contradict each other or the sizes of the blobs.
    init(_ chunks: Chunks, count: Int) throws {
        let levelCount = chunks.levels.byteCount / Self.levelBytes
        guard count < Int32.max, levelCount <= Self.maxLevels else {
            throw damagedIndex("a wavelet matrix of \(count) symbols and \(levelCount) levels")
        }
        try chunks.levels.expect(records: levelCount, of: Self.levelBytes, "the levels of the wavelet matrix")
        let levels = (0..<levelCount).map { chunks.levels.address($0, shift: 9).load(as: trawl_wavelet_level.self) }
        leafCount = try Self.validate(levels, count: count, chunks)
        let matrix = UnsafeMutablePointer<trawl_wavelet_matrix>.allocate(capacity: 1)
        matrix.initialize(to: trawl_wavelet_matrix())
        matrix.pointee.block_chunks = chunks.blocks.addresses
        matrix.pointee.superblock_chunks = chunks.superblocks.addresses
        matrix.pointee.leaf_chunks = chunks.leaves.addresses
        matrix.pointee.levels = UInt32(levelCount)
        matrix.pointee.length = UInt32(count)
        withUnsafeMutableBytes(of: &matrix.pointee.level) { target in
            levels.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        kernel = UnsafePointer(matrix)
        self.count = count
        self.levels = levels
        self.chunks = chunks
    }

    deinit { kernel.deallocate() }

    /// Proves what the kernels rely on: that every block, superblock and leaf that a level can lead to exists.
    ///
    /// - Returns: the number of leaves.
    private static func validate(_ levels: [trawl_wavelet_level], count: Int, _ chunks: Chunks) throws -> Int {
        var (blocks, superblocks, leaves, nodes, length) = (0, 0, 0, 1, count)
        for (depth, level) in levels.enumerated() {
            let digits = Int(level.length)
            let children = HuffmanCode.degree * Int(level.nodes)
            let starts = level.digitStarts
            guard digits > 0, depth == 0 ? digits == length : digits <= length, Int(level.first_block) == blocks,
                Int(level.first_superblock) == superblocks, Int(level.first_leaf) == leaves,
                Int(level.nodes) == nodes, Int(level.next_nodes) <= children, starts[0] == 0,
                zip(starts, starts.dropFirst()).allSatisfy(<=), Int(starts.last ?? 0) <= digits
            else { throw damagedIndex("level \(depth) of the wavelet matrix contradicts the others") }
            blocks += blockCount(digits)
            superblocks += superblockCount(digits)
            leaves += children - Int(level.next_nodes)
            nodes = Int(level.next_nodes)
            length = digits
            guard max(blocks, leaves) < Int32.max else { throw damagedIndex("the wavelet matrix is too large") }
        }
        if levels.isEmpty {
            leaves = 1
        } else if nodes != 0 {
            throw damagedIndex("levels of the wavelet matrix are missing")
        }
        try chunks.blocks.expect(records: blocks, of: blockBytes, "the wavelet matrix")
        try chunks.superblocks.expect(
            records: superblocks, of: superblockBytes, "the superblocks of the wavelet matrix")
        try chunks.leaves.expect(records: leaves, of: leafBytes, "the leaves of the wavelet matrix")
        return leaves
    }

    /// Where the run of the symbol with `code` within `low..<high` stands behind its last level; nil when it does not
    /// occur there.
    @inline(__always)
    func follow(_ code: UInt32, _ low: UInt32, _ high: UInt32) -> (low: UInt32, high: UInt32)? {
        var (low, high) = (low, high)
        return trawl_wavelet_follow(kernel, code, &low, &high) ? (low, high) : nil
    }

    /// Calls `body` with the token of every symbol that occurs in `low..<high` and the rows that following it leads to,
    /// in an order that depends on the matrix alone. The tokens and rows of a damaged matrix may be any.
    ///
    /// All nodes of a level are expanded before the next, so that their cache misses overlap.
    ///
    /// - Complexity: O(k levels) time and O(k) memory for k distinct symbols.
    @inline(__always)
    func forEachToken(_ low: UInt32, _ high: UInt32, _ body: (_ token: UInt32, _ low: UInt32, _ high: UInt32) -> Void) {
        guard low < high, high <= count else { return }
        if high &- low == 1 {
            let found = trawl_wavelet_access(kernel, low)
            return body(found.node, found.low, found.high)
        }
        let capacity = min(Int(high &- low), leafCount)
        let room = capacity + HuffmanCode.degree
        withUnsafeTemporaryAllocation(of: trawl_wavelet_node.self, capacity: 3 * room) { memory in
            let found = memory.baseAddress.unsafelyUnwrapped
            let tokens = trawl_wavelet_distinct(kernel, low, high, UInt32(capacity), found + room, found)
            for i in 0..<Int(tokens) { body(found[i].node, found[i].low, found[i].high) }
        }
    }

    /// Decodes `digits` of text that is stored in the codes of this matrix; stores the tokens at `target`.
    ///
    /// - Returns: how many, at most as many as digits; nil when the digits do not end with a whole code.
    func decode(_ digits: Range<Int>, of text: PackedIntegers, into target: UnsafeMutablePointer<TokenID>) -> Int? {
        var count = 0
        if levels.isEmpty {
            // The code of the only symbol is empty, and written as one digit.
            for _ in digits {
                target[count] = leaf(0).token
                count &+= 1
            }
            return count
        }
        var (depth, node, token): (UInt32, UInt32, TokenID) = (0, 0, 0)
        text.forEach(in: digits) { digit in
            if trawl_wavelet_descend(kernel, &depth, &node, digit, &token) {
                target[count] = token
                count &+= 1
            }
        }
        return depth == 0 ? count : nil
    }

    /// Leaf `number`, which must be below `leafCount`.
    func leaf(_ number: Int) -> trawl_wavelet_leaf {
        chunks.leaves.address(number, shift: 3).load(as: trawl_wavelet_leaf.self)
    }
}

extension trawl_wavelet_level {
    /// `starts` as an array.
    var digitStarts: [UInt32] {
        withUnsafeBytes(of: starts) { Array($0.bindMemory(to: UInt32.self)) }
    }
}
