internal import Glibc
internal import TrawlCore

/// How a blob is laid out. A blob is a run of records, cut into chunks that are values of their own in LMDB.
///
/// LMDB keeps a large value in pages of its own, 16 bytes behind the start of a page; a chunk's header fills up the first
/// cache line, so every chunk's payload starts 64-byte aligned in the map and can be read in place:
///
/// ```
/// page: | LMDB, 16 bytes | header, 48 bytes | payload, a whole number of records ... | zeros to a page at least
/// header: magic u32 | CRC-32 of the payload u32 | payload bytes u64 | zeros
/// ```
enum ChunkLayout {
    static let headerBytes = 48
    static let magic: UInt32 = 0x5452_5743
    /// Chunks hold as many records as fit into a mebibyte: power-of-two records give power-of-two chunks.
    static let targetPayload = 1 << 20

    static func payloadBytes(recordSize: Int) -> Int {
        Swift.max(1, targetPayload / recordSize) * recordSize
    }
}

/// The descriptor of a blob, stored beside its chunks.
struct BlobDescriptor: BitwiseCopyable {
    var byteCount: UInt64
    var chunkBytes: UInt64
    var recordSize: UInt32
    var chunkCount: UInt32
}

/// An immutable run of bytes in the map, read in place.
///
/// The pointers stay valid as long as the blob (which keeps its snapshot) lives. A record never straddles two chunks.
public struct Blob: @unchecked Sendable {
    // @unchecked: the pointers lead into a read-only map that `storage` keeps open.
    /// The number of payload bytes.
    public let byteCount: Int
    /// The size of the records that the blob was written with, in bytes.
    public let recordSize: Int
    /// The payload bytes of every chunk but the last: a multiple of `recordSize`.
    public let chunkBytes: Int
    let storage: ChunkPointers

    /// The number of records.
    public var recordCount: Int { byteCount / recordSize }

    public var chunkCount: Int { storage.count }

    /// The 64-byte aligned start of each chunk, for hot loops; valid as long as this blob.
    public let chunks: UnsafeBufferPointer<UnsafeRawPointer>

    init(descriptor: BlobDescriptor, storage: ChunkPointers) {
        byteCount = Int(descriptor.byteCount)
        recordSize = Int(descriptor.recordSize)
        chunkBytes = Int(descriptor.chunkBytes)
        self.storage = storage
        chunks = storage.pointers
    }

    /// The address of the byte at `offset`; what follows is contiguous to the end of its chunk.
    ///
    /// - Precondition: `offset` lies inside the blob.
    @inlinable
    public func address(of offset: Int) -> UnsafeRawPointer {
        precondition(offset >= 0 && offset < byteCount, "offset outside the blob")
        let (chunk, rest) = offset.quotientAndRemainder(dividingBy: chunkBytes)
        return chunks[chunk] + rest
    }

    /// The record at `index`, wherever the chunks lie.
    @inlinable
    public func load<Record: BitwiseCopyable>(_ index: Int, as type: Record.Type = Record.self) -> Record {
        address(of: index * MemoryLayout<Record>.stride).loadUnaligned(as: Record.self)
    }

    /// Asks the system to bring all pages from the disk, for someone who is about to read from end to end: the map as a
    /// whole is advised to be read at random.
    public func readAhead() {
        let page = UInt(bitPattern: sysconf(Int32(_SC_PAGESIZE)))
        for (number, chunk) in chunks.enumerated() {
            let start = UInt(bitPattern: chunk) / page * page
            let end = UInt(bitPattern: chunk) + UInt(Swift.min(chunkBytes, byteCount - number * chunkBytes))
            madvise(UnsafeMutableRawPointer(bitPattern: start), Int(end - start), MADV_WILLNEED)
        }
    }

    /// A copy of the bytes in `range`, across chunks.
    ///
    /// - Throws: `TrawlError.corrupted` when `range` leaves the blob: offsets come from records of the file.
    public func bytes(in range: Range<Int>) throws -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= byteCount else {
            throw TrawlError(
                .corrupted, "bytes \(range.lowerBound)..<\(range.upperBound) lie outside a blob of \(byteCount)",
                remedy: "build the index again")
        }
        // The closure below would write to the storage that all empty arrays share.
        if range.isEmpty { return [] }
        return [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            var offset = range.lowerBound
            while offset < range.upperBound {
                let inChunk = Swift.min(range.upperBound - offset, chunkBytes - offset % chunkBytes)
                (UnsafeMutableRawPointer(base) + (offset - range.lowerBound))
                    .copyMemory(from: address(of: offset), byteCount: inChunk)
                offset += inChunk
            }
            count = range.count
        }
    }
}

/// The chunk addresses of one blob, together with the snapshot that keeps them valid.
final class ChunkPointers: @unchecked Sendable {
    // @unchecked: written once, before it is shared; the memory it points to is a read-only map.
    let snapshot: Snapshot
    let pointers: UnsafeBufferPointer<UnsafeRawPointer>
    var count: Int { pointers.count }

    init(snapshot: Snapshot, _ addresses: [UnsafeRawPointer]) {
        self.snapshot = snapshot
        let buffer = UnsafeMutableBufferPointer<UnsafeRawPointer>.allocate(capacity: addresses.count)
        _ = buffer.initialize(from: addresses)
        pointers = UnsafeBufferPointer(buffer)
    }

    deinit { pointers.deallocate() }
}
