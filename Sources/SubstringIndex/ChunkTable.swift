internal import TrawlCore
internal import TrawlStore

/// The chunks of a blob, as hot loops want them: one table of addresses, records found by shifts.
///
/// The memory belongs to a `Blob` (or a test) that whoever made the table keeps alive.
struct ChunkTable: @unchecked Sendable {
    // @unchecked: an address of read-only memory.
    /// The address of each chunk of 1 MiB of payload.
    let addresses: UnsafePointer<UnsafeRawPointer?>
    let byteCount: Int

    /// The bits of an offset within a chunk; records are powers of two, so a chunk is exactly a mebibyte.
    static let chunkShift = 20

    init(_ blob: Blob) {
        self.init(blob.chunks, byteCount: blob.byteCount)
    }

    init(_ chunks: UnsafeBufferPointer<UnsafeRawPointer>, byteCount: Int) {
        self.byteCount = byteCount
        addresses =
            chunks.baseAddress.map {
                // An optional pointer has the layout of a pointer.
                UnsafeRawPointer($0).assumingMemoryBound(to: UnsafeRawPointer?.self)
            } ?? Self.none
    }

    // A table for no chunks; never read, since a blob without bytes has no record.
    nonisolated(unsafe) private static let none: UnsafePointer<UnsafeRawPointer?> = {
        let pointer = UnsafeMutablePointer<UnsafeRawPointer?>.allocate(capacity: 1)
        pointer.initialize(to: nil)
        return UnsafePointer(pointer)
    }()

    /// - Throws: `TrawlError.corrupted` when the blob does not hold `records` records of `size` bytes.
    func expect(records: Int, of size: Int, _ what: String) throws {
        let (bytes, overflow) = records.multipliedReportingOverflow(by: size)
        guard !overflow, bytes == byteCount else {
            throw damagedIndex("\(what) has \(byteCount) bytes, not \(records) records of \(size)")
        }
    }

    /// The address of record `index` of 1 << `shift` bytes, which the caller knows to exist.
    @inline(__always)
    func address(_ index: Int, shift: Int) -> UnsafeRawPointer {
        let offset = index &<< shift
        // Every chunk has an address: `expect` has compared the size, and the store gives each chunk one.
        return addresses[offset &>> Self.chunkShift].unsafelyUnwrapped + (offset & (1 &<< Self.chunkShift &- 1))
    }
}

/// The error for an index whose structures contradict each other.
func damagedIndex(_ what: String) -> TrawlError {
    TrawlError(.corrupted, "the substring index is damaged: \(what)", remedy: "rebuild the index")
}
