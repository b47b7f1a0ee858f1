internal import CTrawlKernels
internal import TrawlCore
internal import TrawlStore

/// Which tokens of the vocabulary occur in a segment, and which symbol each is: symbols number the tokens that occur in
/// ascending order.
///
/// A ranked bitmap over token ids, so that a segment costs little more than a bit for each token of the vocabulary:
///
/// ```
/// block: | tokens that occur before the block, u32 | 480 bits |       64 bytes
/// ```
struct VocabularyMap: Sendable {
    static let blockBytes = 64
    private static let bits = Int(TRAWL_BITMAP_BITS)

    /// One more than the largest token that occurs.
    let bound: Int
    private let symbolCount: Int
    private let chunks: ChunkTable

    /// - Throws: `TrawlError.corrupted` when `chunks` has not the size that `bound` tokens need.
    init(_ chunks: ChunkTable, bound: Int, symbolCount: Int) throws {
        try chunks.expect(records: Self.blockCount(bound), of: Self.blockBytes, "the vocabulary")
        self.chunks = chunks
        self.bound = bound
        self.symbolCount = symbolCount
    }

    /// The symbol of `token`, in 0..<`symbolCount`; nil when it does not occur.
    @inline(__always)
    func symbol(of token: TokenID) -> UInt32? {
        guard token < bound else { return nil }
        let (block, bit) = token.quotientAndRemainder(dividingBy: UInt32(truncatingIfNeeded: Self.bits))
        let address = chunks.address(Int(block), shift: 6)
        guard trawl_bitmap_test(address, bit) else { return nil }
        let symbol = trawl_bitmap_rank(address, bit)
        return symbol < symbolCount ? symbol : nil
    }

    /// The tokens that occur, counted anew.
    var tokenCount: Int {
        (0..<Self.blockCount(bound)).reduce(0) { sum, block in
            let words = chunks.address(block, shift: 6).assumingMemoryBound(to: UInt32.self)
            return (1..<Self.blockBytes / 4).reduce(sum) { $0 + words[$1].nonzeroBitCount }
        }
    }

    static func blockCount(_ bound: Int) -> Int { (bound + bits - 1) / bits }

    /// Writes the map of the tokens whose count is not 0.
    static func write(_ counts: [UInt32], to blob: BlobWriter) throws {
        var symbols: UInt32 = 0
        for start in stride(from: 0, to: counts.count, by: bits) {
            var block = [UInt32](repeating: 0, count: blockBytes / 4)
            block[0] = symbols
            for token in start..<min(counts.count, start + bits) where counts[token] > 0 {
                block[1 + (token - start) / 32] |= 1 << UInt32((token - start) % 32)
                symbols += 1
            }
            try blob.append(contentsOf: block)
        }
        try blob.finish()
    }
}
