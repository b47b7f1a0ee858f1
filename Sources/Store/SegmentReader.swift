internal import CTrawlLMDB
internal import CTrawlZlib
internal import TrawlCore

/// One immutable segment of a snapshot: its records and blobs.
public struct SegmentReader: Sendable {
    public let snapshot: Snapshot
    public let info: SegmentInfo
    /// The number of the segment's first passage in the index.
    public let passageBase: UInt32
    /// The number of the segment's first document in the index.
    public let documentBase: UInt32

    /// The record of `key` in `table`.
    public func record<Value>(_ table: Table<Value>, _ key: some Sequence<UInt8>) throws -> Value? {
        try snapshot.get(
            snapshot.environment.recordTable,
            recordKey(segment: info.number, table: table.number, key: Array(key))
        ) { bytes in
            try decode(bytes, table)
        }
    }

    /// Calls `body` for every record of `table` in the order of their keys, until it answers false.
    public func forEachRecord<Value>(
        of table: Table<Value>, prefix: [UInt8] = [], _ body: (_ key: ArraySlice<UInt8>, _ value: Value) throws -> Bool
    ) throws {
        let start = recordKey(segment: info.number, table: table.number, key: prefix)
        try snapshot.scan(snapshot.environment.recordTable, prefix: start) { key, value in
            try body(Array(key)[6...], decode(value, table))
        }
    }

    /// The first record of `table` whose key is `key` or comes after it.
    public func firstRecord<Value>(of table: Table<Value>, from key: [UInt8]) throws -> (key: [UInt8], value: Value)? {
        var found: (key: [UInt8], value: Value)?
        let prefix = recordKey(segment: info.number, table: table.number, key: [])
        try snapshot.scan(snapshot.environment.recordTable, prefix: prefix, from: prefix + key) { key, value in
            found = (Array(key.dropFirst(prefix.count)), try decode(value, table))
            return false
        }
        return found
    }

    private func decode<Value>(_ bytes: UnsafeRawBufferPointer, _ table: Table<Value>) throws -> Value {
        guard bytes.count == MemoryLayout<Value>.size else {
            throw damaged("a record of \(table.name) has \(bytes.count) bytes, not \(MemoryLayout<Value>.size)")
        }
        return bytes.loadUnaligned(as: Value.self)
    }

    /// Whether the segment has a blob of `kind`.
    public func hasBlob(_ kind: BlobKind) throws -> Bool { try descriptor(kind) != nil }

    /// The blob of `kind`, whose records have `recordSize` bytes.
    ///
    /// - Throws: `TrawlError.corrupted` when it is missing, or when its chunks contradict its descriptor.
    /// - Complexity: O(chunks); no payload is touched.
    public func blob(_ kind: BlobKind, recordSize: Int) throws -> Blob {
        guard let descriptor = try descriptor(kind) else { throw damaged("\(kind) is missing") }
        guard descriptor.recordSize == recordSize, descriptor.chunkBytes > 0, descriptor.byteCount < 1 << 60,
            descriptor.chunkBytes == ChunkLayout.payloadBytes(recordSize: recordSize),
            (descriptor.byteCount + descriptor.chunkBytes - 1) / descriptor.chunkBytes == descriptor.chunkCount,
            descriptor.byteCount % UInt64(recordSize) == 0
        else { throw damaged("the descriptor of \(kind) contradicts itself") }
        var addresses: [UnsafeRawPointer] = []
        addresses.reserveCapacity(Int(min(descriptor.chunkCount, 1 << 20)))
        var left = Int(descriptor.byteCount)
        for number in 0..<descriptor.chunkCount {
            let payload = try chunk(kind, number)
            guard payload.count == min(left, Int(descriptor.chunkBytes)), let base = payload.baseAddress,
                Int(bitPattern: base) % 64 == 0
            else { throw damaged("chunk \(number) of \(kind) has the wrong size") }
            left -= payload.count
            addresses.append(base)
        }
        return Blob(descriptor: descriptor, storage: ChunkPointers(snapshot: snapshot, addresses))
    }

    /// Compares every chunk of `kind` with its checksum.
    ///
    /// - Throws: `TrawlError.corrupted` that names the first chunk that differs.
    public func verifyChecksums(_ kind: BlobKind) throws {
        guard let descriptor = try descriptor(kind) else { throw damaged("\(kind) is missing") }
        for number in 0..<descriptor.chunkCount {
            let payload = try chunk(kind, number)
            guard ChunkHeader(before: payload).checksum == crc32(payload) else {
                throw damaged("chunk \(number) of \(kind) does not match its checksum")
            }
        }
    }

    /// Compares every chunk of every blob with its checksum.
    ///
    /// - Parameter verified: Called after each blob with its bytes.
    /// - Throws: `TrawlError.corrupted` that names the first chunk that differs.
    public func verifyAllChecksums(_ verified: (_ bytes: Int) -> Void = { _ in }) throws {
        for (kind, bytes) in try blobSizes() {
            try verifyChecksums(BlobKind(number: kind, "blob \(kind)"))
            verified(bytes)
        }
    }

    /// The checksums of all chunks, as they are stored: they name what the segment holds without reading it.
    ///
    /// - Complexity: one page for each chunk of a mebibyte.
    public func storedChecksums() throws -> [UInt32] {
        var checksums: [UInt32] = []
        for (kind, _) in try blobSizes() {
            let kind = BlobKind(number: kind, "blob \(kind)")
            for number in 0..<(try descriptor(kind)?.chunkCount ?? 0) {
                checksums.append(ChunkHeader(before: try chunk(kind, number)).checksum)
            }
        }
        return checksums
    }

    /// The kinds (numbers) of blobs that the segment has and the bytes that they take.
    public func blobSizes() throws -> [(kind: UInt16, bytes: Int)] {
        var sizes: [(kind: UInt16, bytes: Int)] = []
        var next: UInt32 = 0
        while next <= UInt16.max {
            var found: UInt16?
            let prefix = bigEndian(info.number)
            try snapshot.scan(snapshot.environment.blobTable, prefix: prefix, from: prefix + bigEndian(UInt16(next))) {
                key, _ in
                found = UInt16(key[4]) << 8 | UInt16(key[5])
                return false
            }
            guard let kind = found else { break }
            guard kind >= next else { throw damaged("the keys of its blobs are out of order") }
            if let descriptor = try descriptor(BlobKind(number: kind, "blob \(kind)")) {
                sizes.append((kind, Int(clamping: descriptor.byteCount)))
            }
            next = UInt32(kind) + 1
        }
        return sizes
    }

    func descriptor(_ kind: BlobKind) throws -> BlobDescriptor? {
        let key = chunkKey(segment: info.number, kind: kind.number, chunk: descriptorChunk)
        return try snapshot.get(snapshot.environment.blobTable, key) { bytes in
            guard bytes.count == MemoryLayout<BlobDescriptor>.size else {
                throw damaged("the descriptor of \(kind) is cut")
            }
            return bytes.loadUnaligned(as: BlobDescriptor.self)
        }
    }

    /// The payload of one chunk, in place.
    private func chunk(_ kind: BlobKind, _ number: UInt32) throws -> UnsafeRawBufferPointer {
        let key = chunkKey(segment: info.number, kind: kind.number, chunk: number)
        guard let value = try snapshot.find(snapshot.environment.blobTable, key) else {
            throw damaged("chunk \(number) of \(kind) is missing")
        }
        guard value.count >= ChunkLayout.headerBytes else { throw damaged("chunk \(number) of \(kind) is cut") }
        let body = UnsafeRawBufferPointer(rebasing: value[ChunkLayout.headerBytes...])
        let header = ChunkHeader(before: body)
        guard header.magic == ChunkLayout.magic, header.payloadBytes <= UInt64(body.count) else {
            throw damaged("chunk \(number) of \(kind) has a damaged header")
        }
        return UnsafeRawBufferPointer(rebasing: body[..<Int(header.payloadBytes)])
    }

    func damaged(_ what: String) -> TrawlError {
        TrawlError(
            .corrupted, "segment \(info.number): \(what)", path: snapshot.path, remedy: "build the index again")
    }
}

/// The first fields of a chunk's value; see `ChunkLayout`.
struct ChunkHeader: BitwiseCopyable {
    var magic: UInt32
    var checksum: UInt32
    var payloadBytes: UInt64

    init(payload: UnsafeRawBufferPointer) {
        magic = ChunkLayout.magic
        checksum = crc32(payload)
        payloadBytes = UInt64(payload.count)
    }

    /// The header that stands in front of `payload` in a chunk's value.
    init(before payload: UnsafeRawBufferPointer) {
        guard let base = payload.baseAddress else {
            magic = 0
            checksum = 0
            payloadBytes = .max
            return
        }
        self = (base - ChunkLayout.headerBytes).loadUnaligned(as: ChunkHeader.self)
    }
}

/// CRC-32 as in zlib.
public func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(crc32_z(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
}
