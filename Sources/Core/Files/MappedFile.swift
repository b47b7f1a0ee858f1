internal import Glibc

/// A file mapped read-only into memory: pages are read when they are first touched and shared between processes.
public final class MappedFile: Sendable {
    public let path: String
    private nonisolated(unsafe) let base: UnsafeRawPointer?
    /// The file's length in bytes.
    public let count: Int

    /// - Throws: `TrawlError.notFound` for a missing file, `.io` when the system refuses, `.corrupted` for an empty file or a
    ///   pointer of Git LFS in its place.
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
        guard !isPointerOfGitLFS else {
            throw TrawlError(
                .corrupted, "it is a pointer of Git LFS, not the file itself", path: path,
                remedy: "run 'git lfs pull' in its folder, or download the file itself")
        }
    }

    /// Whether the file is what a clone without Git LFS has in place of a large file: a few lines that name it.
    private var isPointerOfGitLFS: Bool {
        count < 1024 && withBytes { $0.starts(with: "version https://git-lfs.github.com/spec/".utf8) }
    }

    deinit {
        if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
    }

    /// Calls `body` with the whole file. ARC may end a file's life right after its last use: whoever takes the address out
    /// of the closure must store the file beside it.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(start: base, count: count)) }
    }
}
