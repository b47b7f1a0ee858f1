internal import Foundation

/// A file that is written as a whole, and checked before the work whose result it takes.
///
/// A regular file is replaced in one step when its contents are complete, and keeps its permissions. Everything else that a
/// path may name is written through: the target of a link, a pipe, a device, and standard output, which is `-`.
///
/// ```
/// let output = try OutputFile(path)   // a missing folder is found here, not after an hour
/// try output.write(result)
/// ```
public struct OutputFile: Sendable {
    /// As it was named.
    public let path: String

    /// What a path means for who writes to it.
    private enum Target {
        /// An open descriptor, such as standard output.
        case descriptor(Int32)
        /// A pipe or a device.
        case stream
        /// A regular file, which may exist, in a folder in which files can be made.
        case file(String, existing: stat?)
        /// A regular file in a folder in which no file can be made.
        case fixedFile(String)
    }

    /// - Throws: `TrawlError` when nothing can be written there: `notFound` for a missing folder, `invalidInput` for a folder
    ///   in place of a file, `io` for missing permissions.
    public init(_ path: String) throws(TrawlError) {
        self.path = path
        _ = try Self.target(of: path)
    }

    /// Whether it is a pipe, a device or standard output, and no regular file.
    public var isStream: Bool {
        switch try? Self.target(of: path) {
        case .descriptor, .stream: true
        case .file, .fixedFile, nil: false
        }
    }

    /// Writes `bytes`. That the reader of a pipe has gone away is not an error.
    ///
    /// - Throws: `TrawlError.full` or `.io`; a regular file is then as it was.
    public func write(_ bytes: some Sequence<UInt8>) throws(TrawlError) {
        let bytes = Array(bytes)
        try write { sink throws(TrawlError) in try sink.append(bytes) }
    }

    /// Writes `text` in UTF-8; see `write(_:)`.
    public func write(_ text: String) throws(TrawlError) { try write(text.utf8) }

    /// Writes what `body` appends; see `write(_:)`. What `body` throws leaves a regular file as it was, too. It ends where the
    /// reader of a pipe has gone away.
    package func write(_ body: (OutputSink) throws(TrawlError) -> Void) throws(TrawlError) {
        do throws(TrawlError) {
            try writeWhole(body)
        } catch {
            guard error.cause is ReaderGone else { throw error }
        }
    }

    private func writeWhole(_ body: (OutputSink) throws(TrawlError) -> Void) throws(TrawlError) {
        switch try Self.target(of: path) {
        case .descriptor(let descriptor): try body(OutputSink(descriptor, path: path))
        case .stream: try write(body, opening: path, flags: O_WRONLY)
        case .fixedFile(let file): try write(body, opening: file, flags: O_WRONLY | O_TRUNC)
        case .file(let file, let existing): try replace(file, existing, body)
        }
    }

    private func write(
        _ body: (OutputSink) throws(TrawlError) -> Void, opening file: String, flags: Int32
    ) throws(TrawlError) {
        let descriptor = open(file, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.refused(errno, path) }
        do throws(TrawlError) {
            try body(OutputSink(descriptor, path: path))
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 || errno == EINTR else { throw Self.refused(errno, path) }
    }

    /// Writes a temporary file beside `file` and gives it its name.
    private func replace(
        _ file: String, _ existing: stat?, _ body: (OutputSink) throws(TrawlError) -> Void
    ) throws(TrawlError) {
        var temporary: TemporaryFile
        do throws(Errno) { temporary = try TemporaryFile(in: Self.folder(of: file)) } catch {
            throw Self.refused(error.code, path)
        }
        if let existing {
            // Only root may give a file away; others own what they write, as with any editor.
            _ = fchown(temporary.descriptor, existing.st_uid, existing.st_gid)
            fchmod(temporary.descriptor, existing.st_mode & 0o7777)
        }
        try body(OutputSink(temporary.descriptor, path: path))
        guard fsync(temporary.descriptor) == 0 else { throw Self.refused(errno, path) }
        do throws(Errno) { try temporary.rename(to: file) } catch {
            // A file that is a mount point of its own, as containers have them, cannot be replaced.
            guard error.code == EBUSY else { throw Self.refused(error.code, path) }
            try copy(temporary.descriptor, to: file)
        }
    }

    private func copy(_ descriptor: Int32, to file: String) throws(TrawlError) {
        lseek(descriptor, 0, SEEK_SET)
        try write(
            { sink throws(TrawlError) in
                var chunk = [UInt8](repeating: 0, count: 1 << 20)
                while true {
                    let count = read(descriptor, &chunk, chunk.count)
                    if count == 0 { return }
                    if count > 0 {
                        try sink.append(Array(chunk[..<count]))
                    } else if errno != EINTR {
                        throw Self.refused(errno, path)
                    }
                }
            }, opening: file, flags: O_WRONLY | O_TRUNC)
    }
}

// MARK: - What a path means

extension OutputFile {
    private static func target(of path: String, links: Int = 0) throws(TrawlError) -> Target {
        guard !path.isEmpty else { throw TrawlError(.invalidInput, "the output has no name", remedy: "name a file") }
        if let descriptor = descriptor(named: path) {
            let flags = fcntl(descriptor, F_GETFL)
            guard flags >= 0, flags & O_ACCMODE != O_RDONLY else { throw refused(flags < 0 ? errno : EBADF, path) }
            return .descriptor(descriptor)
        }
        var status = stat()
        if stat(path, &status) == 0 { return try existing(path, status) }
        guard errno == ENOENT else { throw refused(errno, path) }
        // What does not exist: a link to nothing, a new file, or a file in a folder that is missing.
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK, links < 40 {
            return try target(of: linkTarget(path), links: links + 1)
        }
        let folder = folder(of: path)
        guard !path.hasSuffix("/") else {
            throw TrawlError(.invalidInput, "names a folder", path: path, remedy: "name a file")
        }
        guard stat(folder, &status) == 0 else {
            throw TrawlError(
                .notFound, "cannot be written: there is no folder \(folder)", path: path,
                remedy: "make the folder first")
        }
        guard access(folder, W_OK | X_OK) == 0 else { throw refused(errno, path) }
        return .file(path, existing: nil)
    }

    private static func existing(_ path: String, _ status: stat) throws(TrawlError) -> Target {
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw TrawlError(.invalidInput, "is a folder", path: path, remedy: "name a file")
        }
        guard access(path, W_OK) == 0 else { throw refused(errno, path) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .stream }
        guard let real = realpath(path, nil) else { throw refused(errno, path) }
        defer { free(real) }
        let file = String(cString: real)
        return access(folder(of: file), W_OK | X_OK) == 0 ? .file(file, existing: status) : .fixedFile(file)
    }

    /// The descriptor that a path stands for. A path below /proc may lead to a regular file, which must not be replaced: the
    /// process that opened it would still write to the old file.
    private static func descriptor(named path: String) -> Int32? {
        switch path {
        case "-", "/dev/stdout": return STDOUT_FILENO
        case "/dev/stderr": return STDERR_FILENO
        default: break
        }
        for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
            return Int32(path.dropFirst(folder.count))
        }
        return nil
    }

    private static func linkTarget(_ path: String) throws(TrawlError) -> String {
        let capacity = Int(PATH_MAX)
        var buffer = [CChar](repeating: 0, count: capacity)
        let count = readlink(path, &buffer, capacity)
        guard count > 0 else { throw refused(errno, path) }
        let target = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return target.hasPrefix("/") ? target : join(folder(of: path), target)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func join(_ folder: String, _ name: String) -> String {
        folder == "/" ? "/" + name : folder + "/" + name
    }

    fileprivate static func refused(_ reason: Int32, _ path: String) -> TrawlError {
        let isFull = [ENOSPC, EDQUOT, EFBIG].contains(reason)
        return TrawlError(
            isFull ? .full : .io, "cannot be written: \(String(cString: strerror(reason)))", path: path,
            remedy: isFull ? "free some space on the disk" : "check the path and its permissions")
    }
}

/// An output that takes bytes one after the other.
package struct OutputSink {
    private let descriptor: Int32
    private let path: String

    fileprivate init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    package func append(_ bytes: [UInt8]) throws(TrawlError) {
        let reason = writeAll(bytes, to: descriptor)
        // Who closed the pipe wants no more.
        if reason == EPIPE { throw TrawlError(.io, "nobody reads the pipe", path: path, cause: ReaderGone()) }
        if reason != 0 { throw OutputFile.refused(reason, path) }
    }
}

/// Why `OutputFile` writes no more, though nothing went wrong.
private struct ReaderGone: Error {}

/// Writes all of `bytes` to a descriptor; answers 0, or the system's reason for not doing so.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}

/// A folder that is made, or that files are written to.
public enum OutputFolder {
    /// Finds out before the work whether the folder `path` can be made, or written to if it exists.
    ///
    /// - Throws: `TrawlError.invalidInput` for a file in its place, `io` for missing permissions.
    public static func check(_ path: String) throws(TrawlError) {
        var place = path.isEmpty ? "." : path
        var status = stat()
        while stat(place, &status) != 0 {
            guard errno == ENOENT else { throw OutputFile.refused(errno, path) }
            while place.count > 1, place.hasSuffix("/") { place.removeLast() }
            guard let slash = place.lastIndex(of: "/") else {
                place = "."
                continue
            }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw TrawlError(
                .invalidInput, place == path ? "is not a folder" : "\(place) is not a folder", path: path,
                remedy: "name another folder")
        }
        guard access(place, W_OK | X_OK) == 0 else { throw OutputFile.refused(errno, path) }
    }

    /// Makes the folder `path`, and those that it is in, where they are missing.
    ///
    /// - Throws: as `check`, and `TrawlError.io` where the system refuses it otherwise.
    public static func make(_ path: String) throws(TrawlError) {
        try check(path)
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw TrawlError(.io, "the folder cannot be made", path: path, cause: error)
        }
    }
}
