import TrawlCore
import TrawlStore

/// What LateIndex keeps of a segment: the token vectors of every passage, in order, and for each centroid the passages that have
/// a token there.
///
/// ```
/// shape     tokens u64 | dimension u32 | bits u32 | centroids u32 | 0 u32
/// tiles     32 tokens each, see maxsim.h; the last one is filled with zeros
/// starts    for each passage the number of its first token u32, and the number of tokens
/// lists     for each centroid its passages, ascending: differences (the first from -1, less 1) as LEB128
/// ends      for each centroid the byte after its list u32, with a 0 in front
/// ```
enum LateSegment {
    static let shape = Table<LateShape>(number: 50, name: "token vectors")
    static let onlyKey: [UInt8] = [0]
    static let tiles = BlobKind(number: 51, "token vectors")
    static let starts = BlobKind(number: 52, "first tokens of passages")
    static let lists = BlobKind(number: 53, "passages of centroids")
    static let ends = BlobKind(number: 54, "ends of the lists of centroids")

    static func damaged(_ segment: SegmentReader, _ what: String) -> TrawlError {
        TrawlError(
            .corrupted, "segment \(segment.info.number): \(what)", path: segment.snapshot.path,
            remedy: "build the index again")
    }
}

struct LateShape: BitwiseCopyable, Equatable, Sendable {
    var tokenCount: UInt64
    var dimension: UInt32
    var bits: UInt32
    var centroidCount: UInt32
    var unused: UInt32 = 0
}

/// The token vectors of a segment, read in place.
struct TokenStore: Sendable {
    let reader: SegmentReader
    let shape: LateShape
    let tiles: Blob
    private let starts: Blob
    private let lists: Blob
    private let ends: Blob
    /// The dead passages.
    private let dead: Bitmap?

    /// - Throws: `corrupted` when a structure is missing or has another size than the shape says.
    init(_ reader: SegmentReader) throws {
        self.reader = reader
        guard let shape = try reader.record(LateSegment.shape, LateSegment.onlyKey) else {
            throw LateSegment.damaged(reader, "it has no token vectors")
        }
        guard (try? TokenCodec.check(dimension: Int(shape.dimension), bits: Int(shape.bits))) != nil,
            1...TokenCodec.greatestCentroidCount ~= Int(shape.centroidCount), shape.tokenCount <= UInt64(UInt32.max)
        else { throw LateSegment.damaged(reader, "the shape of the token vectors makes no sense") }
        self.shape = shape
        tiles = try reader.blob(
            LateSegment.tiles,
            recordSize: TokenCodec.tileBytes(dimension: Int(shape.dimension), bits: Int(shape.bits)))
        starts = try reader.blob(LateSegment.starts, recordSize: 4)
        lists = try reader.blob(LateSegment.lists, recordSize: 1)
        ends = try reader.blob(LateSegment.ends, recordSize: 4)
        let tileCount = (Int(shape.tokenCount) + TokenCodec.tileTokens - 1) / TokenCodec.tileTokens
        guard tiles.recordCount == tileCount, starts.recordCount == Int(reader.info.passageCount) + 1,
            ends.recordCount == Int(shape.centroidCount) + 1
        else { throw LateSegment.damaged(reader, "the token vectors have another size than their shape says") }
        dead = try DeletionSet(reader)?.passages
    }

    var tokenCount: Int { Int(shape.tokenCount) }
    var passageCount: Int { Int(reader.info.passageCount) }

    func isDead(_ passage: Int) -> Bool { dead?.contains(passage) ?? false }

    /// The tokens of a passage; none where the offsets are damaged, so that nothing else is read.
    @inline(__always)
    func tokens(of passage: Int) -> Range<Int> {
        let (start, end) = (
            Int(starts.load(passage, as: UInt32.self)), Int(starts.load(passage + 1, as: UInt32.self))
        )
        return start <= end && end <= tokenCount ? start..<end : 0..<0
    }

    /// The same, for checks.
    ///
    /// - Throws: `corrupted` for offsets that descend or leave the tokens.
    func checkedTokens(of passage: Int) throws -> Range<Int> {
        let (start, end) = (
            Int(starts.load(passage, as: UInt32.self)), Int(starts.load(passage + 1, as: UInt32.self))
        )
        guard start <= end, end <= tokenCount else {
            throw LateSegment.damaged(reader, "passage \(passage) has the tokens \(start)..<\(end) of \(tokenCount)")
        }
        return start..<end
    }

    /// Calls `body` with the runs of a range of tokens that lie in one chunk: the address of a tile and the tokens from it on.
    @inline(__always)
    func forEachRun(of tokens: Range<Int>, _ body: (_ tile: UnsafeRawPointer, _ first: Int, _ end: Int) -> Void) {
        let perChunk = tiles.chunkBytes / tiles.recordSize * TokenCodec.tileTokens
        var token = tokens.lowerBound
        while token < tokens.upperBound {
            let end = min(tokens.upperBound, (token / perChunk + 1) * perChunk)
            let tile = token / TokenCodec.tileTokens
            let base = tile * TokenCodec.tileTokens
            body(tiles.address(of: tile * tiles.recordSize), token - base, end - base)
            token = end
        }
    }

    /// What is stored of one token.
    func token(_ number: Int) -> (centroid: Int, factor: UInt16, residual: [UInt8]) {
        let (tile, lane) = number.quotientAndRemainder(dividingBy: TokenCodec.tileTokens)
        let address = tiles.address(of: tile * tiles.recordSize)
        let centroid = address.loadUnaligned(fromByteOffset: 2 * lane, as: UInt16.self)
        let factor = address.loadUnaligned(fromByteOffset: 2 * (TokenCodec.tileTokens + lane), as: UInt16.self)
        let lines = (tiles.recordSize - TokenCodec.tileHead) / TokenCodec.tileTokens
        let residual = (0..<lines).map { line in
            address.load(fromByteOffset: TokenCodec.tileHead + line * TokenCodec.tileTokens + lane, as: UInt8.self)
        }
        return (Int(centroid), factor, residual)
    }

    func centroid(of token: Int) -> Int {
        let (tile, lane) = token.quotientAndRemainder(dividingBy: TokenCodec.tileTokens)
        return Int(
            tiles.address(of: tile * tiles.recordSize).loadUnaligned(fromByteOffset: 2 * lane, as: UInt16.self))
    }

    /// The passages that have a token of a centroid, ascending.
    ///
    /// - Throws: `corrupted` for a list that leaves its bounds.
    func passages(of centroid: Int, _ body: (_ passage: Int) -> Void) throws {
        let (start, end) = (
            Int(ends.load(centroid, as: UInt32.self)), Int(ends.load(centroid + 1, as: UInt32.self))
        )
        guard start <= end, end <= lists.byteCount else {
            throw LateSegment.damaged(reader, "the list of centroid \(centroid) leaves its bounds")
        }
        var passage = -1
        var (difference, shift) = (0, 0)
        for byte in try lists.bytes(in: start..<end) {
            difference |= Int(byte & 0x7F) << shift
            if byte & 0x80 != 0, shift < 28 {
                shift += 7
                continue
            }
            passage += difference + 1
            guard passage < passageCount else {
                throw LateSegment.damaged(reader, "the list of centroid \(centroid) names passage \(passage)")
            }
            body(passage)
            (difference, shift) = (0, 0)
        }
    }

    /// The bytes of all structures.
    var byteCount: Int { tiles.byteCount + starts.byteCount + lists.byteCount + ends.byteCount }
}
