internal import TrawlCore
import TrawlStore

/// What LexicalIndex keeps of a segment:
///
/// - `terms`: a record for every term, keyed by its bytes, that leads to its postings;
/// - `postings`: for every term in the order of their bytes, the passages that hold it in ascending order, each with the number of
///   occurrences. Of at most 128 passages each is the distance to the one before (from -1) less one, doubled, plus 1 if the term
///   occurs once; else followed by the number of occurrences less two. These numbers are variable-byte: 7 bits a byte, low bits
///   first, the high bit set on all bytes but the last. More passages are cut into blocks of 128. A block has a byte each for the bits
///   of its distances less one and of its occurrences less one, and then all distances and all occurrences (`PackedNumbers`);
/// - `blocks`: for every term of more than 128 passages, in the order of the postings, what a search knows of each block;
/// - `blockRanges`: a record for every such term, keyed by its bytes, that leads to its blocks;
/// - `lengths`: the number of terms of every passage, u32;
/// - `totals`: one record.
///
/// Segments of stores before format 3 have no blocks: all their postings are variable-byte. They are searched all the same, but
/// no postings are skipped.
enum LexicalSegment {
    static let terms = Table<TermRecord>(number: 10, name: "terms")
    static let totals = Table<TotalsRecord>(number: 11, name: "lexical totals")
    static let blockRanges = Table<BlockRange>(number: 12, name: "posting blocks")
    static let totalsKey: [UInt8] = [0]
    static let postings = BlobKind(number: 10, "postings")
    static let lengths = BlobKind(number: 11, "passage lengths")
    static let blocks = BlobKind(number: 12, "posting blocks")

    /// The blocks of all terms; nil in a segment of an earlier version.
    static func blocks(of segment: SegmentReader) throws -> Blob? {
        guard try segment.hasBlob(blocks) else { return nil }
        return try segment.blob(blocks, recordSize: MemoryLayout<PostingBlock>.stride)
    }
}

/// Where the postings of a term are and what they add up to.
struct TermRecord: BitwiseCopyable, Equatable, Sendable {
    var offset: UInt64
    var collectionFrequency: UInt64
    var passageFrequency: UInt32
    var byteCount: UInt32
}

/// Where the blocks of a term are.
struct BlockRange: BitwiseCopyable, Equatable, Sendable {
    var first: UInt64
    var count: UInt64
}

/// The sums over a segment.
struct TotalsRecord: BitwiseCopyable, Equatable, Sendable {
    var tokenCount: UInt64
    var passageCount: UInt32
    var termCount: UInt32
}

/// Variable-byte numbers.
enum VariableByte {
    static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// The number at `position` of bytes that `append` made; `position` moves behind it.
    static func read(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt32 {
        var (value, shift): (UInt32, UInt32) = (0, 0)
        while true {
            let byte = bytes[position]
            position += 1
            value |= UInt32(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }
}
