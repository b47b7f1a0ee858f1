internal import CKernels
internal import Core
internal import Store

/// A sequence of symbols with rank and access: a wavelet matrix (Claude, Navarro and Ordonez, 2015) of degree four, two
/// bits of a symbol a level, with the counters in the cache line of their digits. A level costs one cache miss.
///
/// Three blobs: blocks of 64 bytes and superblocks of 16, level after level (laid out in `rank.h`), and for each level
/// four u32 that say how many symbols have a smaller digit. 2.29 bits a symbol and level.
final class QuadWaveletMatrix: @unchecked Sendable {
    // @unchecked: written once by init; points to read-only memory that the owner of the chunks keeps alive.
    static let blockBytes = 64
    static let superblockBytes = 16
    static let levelBytes = 16
    static let digitsPerBlock = Int(TRAWL_QUAD_DIGITS)
    static let blocksPerSuperblock = 1 << Int(TRAWL_QUAD_SUPERBLOCK_SHIFT)
    static let maxLevels = Int(TRAWL_QUAD_MAX_LEVELS)

    let kernel: UnsafePointer<trawl_quad_matrix>
    let count: Int
    let levels: Int
    private let symbolCount: Int

    /// Where the three blobs are.
    struct Chunks {
        var blocks: ChunkTable
        var superblocks: ChunkTable
        var levels: ChunkTable
    }

    static func levels(symbolCount: Int) -> Int {
        symbolCount <= 1 ? 0 : (PackedIntegers.width(bound: symbolCount) + 1) / 2
    }

    static func blocksPerLevel(_ count: Int) -> Int { count / digitsPerBlock + 1 }

    static func superblocksPerLevel(_ count: Int) -> Int {
        (blocksPerLevel(count) + blocksPerSuperblock - 1) / blocksPerSuperblock
    }

    /// - Throws: `TrawlError.corrupted` when the blobs do not have the sizes that the shape needs.
    init(_ chunks: Chunks, count: Int, symbolCount: Int) throws {
        let levels = Self.levels(symbolCount: symbolCount)
        guard count < Int32.max, levels <= Self.maxLevels else {
            throw damagedIndex("a wavelet matrix of \(count) symbols, \(symbolCount) of them distinct")
        }
        let blocks = Self.blocksPerLevel(count)
        let superblocks = Self.superblocksPerLevel(count)
        try chunks.blocks.expect(records: blocks * levels, of: Self.blockBytes, "the wavelet matrix")
        try chunks.superblocks.expect(
            records: superblocks * levels, of: Self.superblockBytes, "the superblocks of the wavelet matrix")
        try chunks.levels.expect(records: levels, of: Self.levelBytes, "the levels of the wavelet matrix")
        let matrix = UnsafeMutablePointer<trawl_quad_matrix>.allocate(capacity: 1)
        matrix.initialize(to: trawl_quad_matrix())
        matrix.pointee.block_chunks = chunks.blocks.addresses
        matrix.pointee.superblock_chunks = chunks.superblocks.addresses
        matrix.pointee.levels = UInt32(levels)
        matrix.pointee.length = UInt32(count)
        matrix.pointee.blocks_per_level = UInt32(blocks)
        matrix.pointee.superblocks_per_level = UInt32(superblocks)
        withUnsafeMutableBytes(of: &matrix.pointee.starts) { starts in
            for level in 0..<levels {
                (starts.baseAddress.unsafelyUnwrapped + level * Self.levelBytes).copyMemory(
                    from: chunks.levels.address(level, shift: 4), byteCount: Self.levelBytes)
            }
        }
        kernel = UnsafePointer(matrix)
        self.count = count
        self.levels = levels
        self.symbolCount = symbolCount
    }

    deinit { kernel.deallocate() }

    /// Where the run of `symbol` within `low..<high` starts after the last level; nil when it does not occur there.
    func follow(_ symbol: UInt32, _ low: UInt32, _ high: UInt32) -> UInt32? {
        var (low, high) = (low, high)
        return trawl_quad_follow(kernel, symbol, &low, &high) ? low : nil
    }

    /// Calls `body` with every symbol that occurs in `low..<high` and how often, in ascending order.
    ///
    /// All nodes of a level are expanded before the next: they lie in ascending order, and their cache misses overlap.
    ///
    /// - Complexity: O(k levels) time and O(k) memory for k distinct symbols.
    @inline(__always)
    func forEachSymbol(_ low: UInt32, _ high: UInt32, _ body: (_ symbol: UInt32, _ count: UInt32) -> Void) {
        guard low < high, high <= count else { return }
        let capacity = min(Int(high &- low), symbolCount)
        withUnsafeTemporaryAllocation(of: trawl_quad_node.self, capacity: 2 * capacity) { memory in
            var nodes = memory.baseAddress.unsafelyUnwrapped
            var children = nodes + capacity
            nodes.initialize(to: trawl_quad_node(prefix: 0, low: low, high: high))
            var found: UInt32 = 1
            for level in 0..<UInt32(levels) {
                found = trawl_quad_expand(kernel, level, nodes, found, children, UInt32(capacity))
                swap(&nodes, &children)
            }
            for i in 0..<Int(found) { body(nodes[i].prefix, nodes[i].high &- nodes[i].low) }
        }
    }
}
