internal import Core
internal import Glibc

/// A file mapped read-only into memory: pages are read when they are first touched and shared between processes.
public final class MappedFile: Sendable {
    public let path: String
    private nonisolated(unsafe) let base: UnsafeRawPointer?
    /// The file's length in bytes.
    public let count: Int

    /// - Throws: `TrawlError.notFound` for a missing file, `.io` when the system refuses, `.corrupted` for an empty file.
    public init(path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = errno
            throw TrawlError(
                reason == ENOENT || reason == ENOTDIR ? .notFound : .io,
                "the file cannot be opened: \(String(cString: strerror(reason)))", path: path,
                remedy: "check the path and its permissions")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TrawlError(.io, "it is not a regular file", path: path, remedy: "name a file")
        }
        guard status.st_size > 0 else {
            throw TrawlError(.corrupted, "the file is empty", path: path, remedy: "download it again")
        }
        guard let map = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0), map != MAP_FAILED else {
            throw TrawlError(
                .io, "the file cannot be mapped: \(String(cString: strerror(errno)))", path: path,
                remedy: "free some address space (ulimit -v)")
        }
        self.path = path
        base = UnsafeRawPointer(map)
        count = Int(status.st_size)
    }

    deinit {
        if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
    }

    /// The whole file; valid as long as `self` lives, which the caller must see to: ARC may end a file's life right after
    /// its last use. Owners that keep the file use it; everybody else uses `withBytes`.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Calls `body` with the whole file.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }
}

/// Reads little-endian fields of a mapped file in order, none beyond its end.
struct ByteCursor {
    let file: MappedFile
    var offset: Int

    private func truncated(_ wanted: String) -> TrawlError {
        TrawlError(
            .corrupted, "the file ends at byte \(file.count), inside \(wanted) that begins at byte \(offset)",
            path: file.path, remedy: "download it again")
    }

    mutating func integer<T: FixedWidthInteger>(_ type: T.Type, _ what: String) throws -> T {
        guard file.count - offset >= MemoryLayout<T>.size else { throw truncated(what) }
        let value = file.bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
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

    mutating func bytes(_ count: Int, _ what: String) throws -> UnsafeRawBufferPointer {
        guard count >= 0, file.count - offset >= count else { throw truncated(what) }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + count])
    }

    mutating func string(_ what: String) throws -> String {
        let length = try count("the length of \(what)", itemSize: 1)
        let raw = try bytes(length, what)
        guard let text = String(validating: raw, as: UTF8.self) else {
            throw TrawlError(.corrupted, "\(what) is not UTF-8", path: file.path, remedy: "download it again")
        }
        return text
    }
}
