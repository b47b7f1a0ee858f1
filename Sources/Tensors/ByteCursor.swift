package import TrawlCore

/// Reads little-endian fields of a mapped file in order, none beyond its end.
package struct ByteCursor {
    package let file: MappedFile
    package private(set) var offset: Int

    package init(file: MappedFile, offset: Int = 0) {
        self.file = file
        self.offset = offset
    }

    private func truncated(_ wanted: String) -> TrawlError {
        TrawlError(
            .corrupted, "the file ends at byte \(file.count), inside \(wanted) that begins at byte \(offset)",
            path: file.path, remedy: "download it again")
    }

    package mutating func integer<T: FixedWidthInteger>(_ type: T.Type, _ what: String) throws -> T {
        guard file.count - offset >= MemoryLayout<T>.size else { throw truncated(what) }
        let value = file.withBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
        offset += MemoryLayout<T>.size
        return T(littleEndian: value)
    }

    /// A count or size that must fit what is left of the file when every item takes at least `itemSize` bytes.
    mutating func count(_ what: String, itemSize: Int) throws -> Int {
        let value = try integer(UInt64.self, what)
        guard value <= UInt64((file.count - offset) / max(itemSize, 1)) else {
            throw TrawlError(
                .corrupted, "\(what) claims \(value) items, more than the file holds", path: file.path,
                remedy: "download it again")
        }
        return Int(value)
    }

    /// Passes over `count` bytes.
    package mutating func skip(_ count: Int, _ what: String) throws {
        guard count >= 0, file.count - offset >= count else { throw truncated(what) }
        offset += count
    }

    /// Calls `body` with the next `count` bytes and passes over them.
    package mutating func withBytes<Result>(
        _ count: Int, _ what: String, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let start = offset
        try skip(count, what)
        return try file.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[start..<start + count])) }
    }

    mutating func string(_ what: String) throws -> String {
        let length = try count("the length of \(what)", itemSize: 1)
        guard let text = try withBytes(length, what, { String(validating: $0, as: UTF8.self) }) else {
            throw TrawlError(.corrupted, "\(what) is not UTF-8", path: file.path, remedy: "download it again")
        }
        return text
    }
}
