internal import Glibc

/// A file or descriptor read once from front to back, decompressed on the way when its first bytes say gzip or zstd, and
/// turned into UTF-8 when a byte order mark says UTF-16.
///
/// Memory: two fixed buffers and the decompressor's window (at most 128 MiB for zstd), whatever the file's size.
package final class ByteSource {
    /// For messages.
    package let name: String
    /// Bytes taken from the file so far, before decompression.
    package private(set) var bytesRead = 0

    private let descriptor: Int32
    private let ownsDescriptor: Bool
    private let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
    private var pending = 0..<0
    private var storedEnded = false
    private var decoder: (any StreamDecoder)?
    private var lookahead: ArraySlice<UInt8> = []
    /// Nil until the first bytes have shown whether there is a byte order mark of UTF-16.
    private var encoding: Encoding?

    private enum Encoding {
        /// The bytes as they are, after those that were read to look for a mark.
        case bytes(read: ArraySlice<UInt8>)
        case utf16(UTF16Transcoder)
    }

    /// Characters that had to be replaced by U+FFFD because their UTF-16 was malformed.
    package var replacedCharacters: Int {
        if case .utf16(let transcoder) = encoding { transcoder.replacedCharacters } else { 0 }
    }

    /// - Throws: `notFound` or `io` when the file cannot be opened; `corrupted` when its name ends in `.gz` or `.zst`
    ///   and its content does not say so; `unsupported` for other compressions.
    package convenience init(path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = errno
            throw TrawlError(
                reason == ENOENT ? .notFound : .io, "cannot be opened: \(String(cString: strerror(reason)))",
                path: path,
                remedy: reason == ENOENT ? "check the path" : "check that it is a file and that you may read it")
        }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        try self.init(descriptor: descriptor, name: path, ownsDescriptor: true)
    }

    package init(descriptor: Int32, name: String, ownsDescriptor: Bool = false) throws {
        self.descriptor = descriptor
        self.name = name
        self.ownsDescriptor = ownsDescriptor
        while pending.count < 6, try fill() {}
        let magic = [UInt8](stored[pending].prefix(6))
        if magic.starts(with: [0x1F, 0x8B]) {
            decoder = try GzipDecoder()
        } else if magic.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
            || (magic.count >= 4 && magic[0] & 0xF0 == 0x50 && magic[1...3] == [0x2A, 0x4D, 0x18])
        {
            decoder = try ZstdDecoder()
        } else if magic.starts(with: [0x42, 0x5A, 0x68]) || magic == [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00] {
            throw TrawlError(
                .unsupported, "is compressed with \(magic[0] == 0x42 ? "bzip2" : "xz")", path: name,
                remedy: "compress it with gzip or zstd, or pipe it in with the path -")
        } else if let promised = FileName(name).compression, ownsDescriptor {
            throw TrawlError(
                .corrupted, "is named .\(promised) but does not begin like such a file", path: name,
                remedy: "download it again, or rename it if it is not compressed")
        }
    }

    /// The file that a user named: a path, or `-` for standard input.
    package static func input(_ path: String, standardInput: Int32 = STDIN_FILENO) throws -> ByteSource {
        path == "-"
            ? try ByteSource(descriptor: standardInput, name: "standard input") : try ByteSource(path: path)
    }

    deinit {
        stored.deallocate()
        if ownsDescriptor { close(descriptor) }
    }

    /// The first bytes that `read` has not given yet, `count` of them or as many as there are; they stay to be read.
    package func peek(_ count: Int) throws -> ArraySlice<UInt8> {
        if lookahead.count < count {
            var bytes = [UInt8](lookahead)
            var length = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: count - length))
            while length < count {
                let got = try bytes.withUnsafeMutableBytes { try decode(into: .init(rebasing: $0[length...])) }
                if got == 0 { break }
                length += got
            }
            lookahead = bytes[..<length]
        }
        return lookahead.prefix(count)
    }

    /// Fills the front of `output`, which is not empty, and answers how many bytes it wrote: 0 only at the end.
    ///
    /// - Throws: `io` when the system refuses, `corrupted` when compressed data are damaged or truncated.
    package func read(into output: UnsafeMutableRawBufferPointer) throws -> Int {
        if !lookahead.isEmpty {
            let count = min(output.count, lookahead.count)
            output.copyBytes(from: lookahead.prefix(count))
            lookahead.removeFirst(count)
            return count
        }
        return try decode(into: output)
    }

    /// All that has not been read yet.
    ///
    /// - Throws: as `read`; `invalidInput` for more than `limit` bytes.
    package func readAll(limit: Int = .max) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
        defer { chunk.deallocate() }
        while true {
            let count = try read(into: chunk)
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else {
                throw TrawlError(
                    .invalidInput, "is longer than \(limit >> 20) MiB", path: name,
                    remedy: "check that the file is what its name says")
            }
        }
    }

    /// The text of a file that a user named.
    ///
    /// - Parameter limit: The most bytes that it may have.
    /// - Throws: as `init(path:)` and `read`; `invalidInput` for what is not UTF-8.
    package static func text(of path: String, limit: Int = 256 << 20) throws -> String {
        let bytes = try input(path).readAll(limit: limit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TrawlError(.invalidInput, "is not UTF-8", path: path, remedy: "convert it, for example with iconv")
        }
        return text
    }

    private func decode(into output: UnsafeMutableRawBufferPointer) throws -> Int {
        switch try encoding ?? detectEncoding() {
        case .utf16(let transcoder): return try transcoder.read(into: output, from: decompress)
        case .bytes(let read) where read.isEmpty: return try decompress(into: output)
        case .bytes(let read):
            let count = min(output.count, read.count)
            output.copyBytes(from: read.prefix(count))
            encoding = .bytes(read: read.dropFirst(count))
            return count
        }
    }

    private func detectEncoding() throws -> Encoding {
        var head = [UInt8](repeating: 0, count: 4)
        var length = 0
        while length < head.count {
            let count = try head.withUnsafeMutableBytes { try decompress(into: .init(rebasing: $0[length...])) }
            if count == 0 { break }
            length += count
        }
        let found: Encoding
        if head[..<length] == [0xFF, 0xFE, 0, 0] || head[..<length] == [0, 0, 0xFE, 0xFF] {
            throw TrawlError(
                .unsupported, "is UTF-32", path: name, remedy: "convert the file, with iconv -f UTF-32 -t UTF-8")
        } else if length >= 2, head[..<2] == [0xFF, 0xFE] || head[..<2] == [0xFE, 0xFF] {
            found = .utf16(UTF16Transcoder(isBigEndian: head[0] == 0xFE, first: head[2..<length]))
        } else {
            found = .bytes(read: head[..<length])
        }
        encoding = found
        return found
    }

    private func decompress(into output: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            if pending.isEmpty, !storedEnded { _ = try fill() }
            guard let decoder else {
                let count = min(output.count, pending.count)
                output.copyMemory(from: .init(rebasing: stored[pending.prefix(count)]))
                pending = pending.dropFirst(count)
                return count
            }
            do {
                let step = try decoder.decode(.init(rebasing: stored[pending]), into: output)
                pending = pending.dropFirst(step.consumed)
                if step.produced > 0 { return step.produced }
                if pending.isEmpty, storedEnded {
                    try decoder.finish()
                    return 0
                }
                if step.consumed == 0, !pending.isEmpty { throw TrawlError(.corrupted, "compressed data are damaged") }
            } catch let error as TrawlError {
                throw error.at(path: name)
            }
        }
    }

    /// Appends to the pending stored bytes; false at the end of the file.
    private func fill() throws -> Bool {
        if pending.isEmpty { pending = 0..<0 }
        while true {
            let count = Glibc.read(
                descriptor, stored.baseAddress.map { $0 + pending.upperBound }, stored.count - pending.upperBound)
            if count > 0 {
                bytesRead += count
                pending = pending.lowerBound..<pending.upperBound + count
                return true
            }
            if count == 0 {
                storedEnded = true
                return false
            }
            if errno != EINTR {
                throw TrawlError(
                    .io, "cannot be read: \(String(cString: strerror(errno)))", path: name,
                    remedy: "check that it is a file and that its disk is healthy")
            }
        }
    }
}
