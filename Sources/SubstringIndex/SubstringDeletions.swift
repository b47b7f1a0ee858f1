internal import CTrawlKernels
internal import TrawlCore
public import TrawlStore

/// What SubstringIndex keeps of a deletion set: a ranked bitmap over the rows of the suffix order, set where a row's
/// passage is dead.
///
/// An occurrence of an n-gram belongs to the passage of its last token, and so does its row. Hence the rows of a range
/// less the dead ones among them are exactly the occurrences in an index that never had the dead passages. A count costs
/// one pair of ranks in cache lines that hold their own counters; see `rank.h` for the blocks.
public struct SubstringDeletions: @unchecked Sendable {
    // @unchecked: addresses of read-only memory that `blob` keeps alive.
    static let deadRows = BlobKind(number: 42, "substring dead rows")
    static let blockBytes = 64
    static let bitsPerBlock = Int(TRAWL_BITMAP_BITS)

    /// The dead passages by number in the segment.
    let passages: Bitmap
    let rows: DeadRows
    let reader: SegmentReader
    private let blob: Blob

    var byteCount: Int { rows.blocks.byteCount }

    /// As many that the position behind the last row has a block too.
    static func blockCount(rows: Int) -> Int { rows / bitsPerBlock + 1 }

    /// The substring part of the deletion set of `segment`, whose text has `rowCount` tokens; nil when nothing was deleted.
    ///
    /// - Throws: `TrawlError.corrupted` when it is missing or has another size.
    init?(_ segment: SegmentReader, rowCount: Int) throws {
        guard let set = try DeletionSet(segment) else { return nil }
        reader = set.reader
        passages = set.passages
        blob = try set.reader.blob(Self.deadRows, recordSize: Self.blockBytes)
        rows = DeadRows(blocks: ChunkTable(blob), rowCount: rowCount)
        try rows.blocks.expect(records: Self.blockCount(rows: rowCount), of: Self.blockBytes, "the bitmap of dead rows")
    }

    /// Writes the substring part of a deletion set of `segment` whose dead passages are `dead`.
    ///
    /// - Throws: `TrawlError.corrupted` when the segment is.
    /// - Complexity: O(tokens), one sequential pass over four bytes or less a token.
    public static func write(for segment: SegmentReader, dead: BitSet, into writer: SegmentWriter) throws {
        let index = try SubstringSegment(segment)
        let blob = writer.blob(deadRows, recordSize: blockBytes)
        try forEachBlock(of: index, isDead: { dead.contains($0) }, { try blob.append($0) })
        try blob.finish()
    }

    /// Calls `body` with the blocks that `segment` has when its dead passages are those of `isDead`.
    @inline(__always)
    static func forEachBlock(
        of segment: SubstringSegment, isDead: (Int) -> Bool, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: blockBytes / 4) { block in
            block.initialize(repeating: 0)
            var (bit, total) = (0, UInt32(0))
            try segment.rowPassages.forEach(in: 0..<segment.tokenCount) { passage in
                // A damaged row may name any passage.
                if Int(passage) < segment.passageCount, isDead(Int(passage)) {
                    block[1 &+ (bit &>> 5)] |= 1 &<< UInt32(truncatingIfNeeded: bit & 31)
                    total &+= 1
                }
                bit &+= 1
                if bit == bitsPerBlock {
                    try body(UnsafeRawBufferPointer(block))
                    block.update(repeating: 0)
                    block[0] = total
                    bit = 0
                }
            }
            try body(UnsafeRawBufferPointer(block))
        }
    }

    /// True when the passage, by number in the segment, is deleted.
    @inline(__always)
    func isDead(_ passage: UInt32) -> Bool { passages.contains(Int(passage)) }
}
