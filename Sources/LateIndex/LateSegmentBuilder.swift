import TrawlCore
public import TrawlStore
public import TrawlTensors

/// Writes the token vectors of one segment, passage by passage in order.
public final class LateSegmentBuilder {
    private let codec: TokenCodec
    private let pool: ThreadPool
    private let output: TileWriter

    public init(_ codec: TokenCodec, into writer: SegmentWriter, pool: ThreadPool = .shared) {
        self.codec = codec
        self.pool = pool
        output = TileWriter(
            dimension: codec.dimension, bits: codec.bits, centroidCount: codec.centroidCount, into: writer)
    }

    /// Adds passages.
    ///
    /// - Parameters:
    ///   - vectors: their token vectors of length 1, one after the other, `[sum of counts, dimension]`.
    ///   - counts: how many tokens each passage has; may be 0.
    /// - Throws: `invalidInput` for a value that is not finite.
    public func append(_ vectors: [Float], counts: [Int]) throws {
        precondition(vectors.count == counts.reduce(0, +) * codec.dimension)
        guard vectors.allSatisfy(\.isFinite) else {
            throw TrawlError(
                .invalidInput, "a token vector after passage \(output.passageCount) has a value that is not finite",
                remedy: "check the model and the text of the passages")
        }
        let tokens = codec.compress(vectors, pool: pool)
        let size = codec.residualBytes
        var token = 0
        for count in counts {
            try output.beginPassage()
            for _ in 0..<count {
                try output.append(
                    centroid: tokens.centroids[token], factor: tokens.factors[token],
                    residual: tokens.residuals[token * size..<(token + 1) * size])
                token += 1
            }
        }
    }

    /// Writes what is left. The segment has token vectors only after this.
    public func finish() throws { try output.finish() }
}

/// Writes stored tokens in tiles, and the lists of passages by centroid.
final class TileWriter {
    private(set) var passageCount = 0
    private var tokenCount = 0
    private let shape: LateShape
    private let writer: SegmentWriter
    private let tiles: BlobWriter
    private let starts: BlobWriter
    private var tile: [UInt8]
    /// For each centroid its passages, each once.
    private var lists: [[UInt32]]

    init(dimension: Int, bits: Int, centroidCount: Int, into writer: SegmentWriter) {
        shape = LateShape(
            tokenCount: 0, dimension: UInt32(dimension), bits: UInt32(bits), centroidCount: UInt32(centroidCount))
        self.writer = writer
        let size = TokenCodec.tileBytes(dimension: dimension, bits: bits)
        tiles = writer.blob(LateSegment.tiles, recordSize: size)
        starts = writer.blob(LateSegment.starts, recordSize: 4)
        tile = [UInt8](repeating: 0, count: size)
        lists = [[UInt32]](repeating: [], count: centroidCount)
    }

    /// What is appended from now on belongs to the next passage.
    func beginPassage() throws {
        try starts.append(UInt32(tokenCount))
        passageCount += 1
    }

    func append(centroid: UInt16, factor: UInt16, residual: some Sequence<UInt8>) throws {
        guard tokenCount < Int(UInt32.max) else { throw TrawlError(.full, "a segment has too many tokens") }
        let lane = tokenCount % TokenCodec.tileTokens
        tile[2 * lane] = UInt8(truncatingIfNeeded: centroid)
        tile[2 * lane + 1] = UInt8(truncatingIfNeeded: centroid >> 8)
        tile[2 * (TokenCodec.tileTokens + lane)] = UInt8(truncatingIfNeeded: factor)
        tile[2 * (TokenCodec.tileTokens + lane) + 1] = UInt8(truncatingIfNeeded: factor >> 8)
        var place = TokenCodec.tileHead + lane
        for byte in residual {
            tile[place] = byte
            place += TokenCodec.tileTokens
        }
        let passage = UInt32(passageCount - 1)
        if lists[Int(centroid)].last != passage { lists[Int(centroid)].append(passage) }
        tokenCount += 1
        if lane == TokenCodec.tileTokens - 1 { try writeTile() }
    }

    private func writeTile() throws {
        try tiles.append(contentsOf: tile)
        for index in tile.indices { tile[index] = 0 }
    }

    func finish() throws {
        if tokenCount % TokenCodec.tileTokens != 0 { try writeTile() }
        try starts.append(UInt32(tokenCount))
        try tiles.finish()
        try starts.finish()
        let bytes = writer.blob(LateSegment.lists, recordSize: 1)
        let ends = writer.blob(LateSegment.ends, recordSize: 4)
        try ends.append(UInt32(0))
        for list in lists {
            var before: UInt32?
            var encoded: [UInt8] = []
            for passage in list {
                var difference = before.map { passage - $0 - 1 } ?? passage
                while difference >= 0x80 {
                    encoded.append(UInt8(difference & 0x7F) | 0x80)
                    difference >>= 7
                }
                encoded.append(UInt8(difference))
                before = passage
            }
            try bytes.append(contentsOf: encoded)
            guard bytes.byteCount <= Int(UInt32.max) else { throw TrawlError(.full, "a segment has too many tokens") }
            try ends.append(UInt32(bytes.byteCount))
        }
        try bytes.finish()
        try ends.finish()
        var shape = shape
        shape.tokenCount = UInt64(tokenCount)
        try writer.put(LateSegment.shape, LateSegment.onlyKey, shape)
    }
}
