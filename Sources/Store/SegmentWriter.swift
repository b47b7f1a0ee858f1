internal import TrawlCore

/// Writes the records and blobs of one new segment.
public final class SegmentWriter {
    private let session: WriteSession
    public let number: UInt32

    init(_ session: WriteSession, number: UInt32) {
        self.session = session
        self.number = number
    }

    /// Stores `value` under `key` (at most `longestRecordKey` bytes).
    public func put<Value>(_ table: Table<Value>, _ key: some Sequence<UInt8>, _ value: Value) throws {
        let bytes = withUnsafeBytes(of: value) { Array($0) }
        try session.putRecord(segment: number, table: table.number, key: Array(key), value: bytes)
    }

    /// A writer for the blob of `kind`, made of records of `recordSize` bytes, none of which will straddle two chunks.
    public func blob(_ kind: BlobKind, recordSize: Int) -> BlobWriter {
        BlobWriter(session, segment: number, kind: kind, recordSize: recordSize)
    }

    /// What was written so far, to be read while more is written: only blobs that are finished can be.
    public func written(passageCount: UInt32) throws -> SegmentReader {
        let info = SegmentInfo(number: number, documentCount: 0, passageCount: passageCount)
        return try session.snapshot(of: [info]).segments[0]
    }
}

/// Writes a blob from front to end. A blob exists once `finish` was called.
public final class BlobWriter {
    private let session: WriteSession
    private let segment: UInt32
    private let kind: BlobKind
    private let recordSize: Int
    private let chunkBytes: Int
    private var buffer: [UInt8] = []
    private var chunkCount: UInt32 = 0
    /// The bytes written so far: the offset of what comes next.
    public private(set) var byteCount = 0

    init(_ session: WriteSession, segment: UInt32, kind: BlobKind, recordSize: Int) {
        precondition(recordSize > 0 && recordSize <= Int(UInt32.max))
        self.session = session
        self.segment = segment
        self.kind = kind
        self.recordSize = recordSize
        chunkBytes = ChunkLayout.payloadBytes(recordSize: recordSize)
        startChunk()
    }

    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = chunkBytes + ChunkLayout.headerBytes - buffer.count
            let part = rest.prefix(room)
            buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: part))
            rest = rest.dropFirst(part.count)
            byteCount += part.count
            if buffer.count == chunkBytes + ChunkLayout.headerBytes { try writeChunk() }
        }
    }

    public func append<Element: BitwiseCopyable>(contentsOf elements: [Element]) throws {
        try elements.withUnsafeBytes { try append($0) }
    }

    public func append<Element: BitwiseCopyable>(_ element: Element) throws {
        try withUnsafeBytes(of: element) { try append($0) }
    }

    /// Writes the last chunk and the descriptor.
    public func finish() throws {
        precondition(byteCount % recordSize == 0, "a blob must end with a whole record")
        if buffer.count > ChunkLayout.headerBytes { try writeChunk() }
        let descriptor = BlobDescriptor(
            byteCount: UInt64(byteCount), chunkBytes: UInt64(chunkBytes), recordSize: UInt32(recordSize),
            chunkCount: chunkCount)
        let bytes = withUnsafeBytes(of: descriptor) { Array($0) }
        try session.putChunk(segment: segment, kind: kind.number, chunk: descriptorChunk, value: bytes)
    }

    private func startChunk() {
        buffer = []
        buffer.reserveCapacity(min(chunkBytes, ChunkLayout.targetPayload) + ChunkLayout.headerBytes)
        buffer.append(contentsOf: repeatElement(0, count: ChunkLayout.headerBytes))
    }

    private func writeChunk() throws {
        buffer.withUnsafeMutableBytes { bytes in
            let header = ChunkHeader(payload: UnsafeRawBufferPointer(rebasing: bytes[ChunkLayout.headerBytes...]))
            bytes.storeBytes(of: header, as: ChunkHeader.self)
        }
        // LMDB keeps a value in pages of its own, hence aligned, only when it does not fit into a leaf.
        let least = session.environment.pageSize - 16
        if buffer.count < least { buffer.append(contentsOf: repeatElement(0, count: least - buffer.count)) }
        guard chunkCount < descriptorChunk - 1 else {
            throw TrawlError(.full, "\(kind) has too many chunks", path: session.environment.path)
        }
        try session.putChunk(segment: segment, kind: kind.number, chunk: chunkCount, value: buffer)
        chunkCount += 1
        startChunk()
    }
}
