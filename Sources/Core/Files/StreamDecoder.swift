internal import CTrawlZlib
internal import CTrawlZstd

/// A decompressor that is fed piece by piece. Errors carry no path; the caller knows it.
protocol StreamDecoder: AnyObject {
    /// Takes some of `input` and writes some of `output`. With empty input it writes what it still holds.
    func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws -> (consumed: Int, produced: Int)

    /// The input is over. Throws `corrupted` when it ended in the middle.
    func finish() throws
}

private func truncated(_ kind: String) -> TrawlError {
    TrawlError(
        .corrupted, "is truncated: the \(kind) data end in the middle", remedy: "download or compress the file again")
}

/// RFC 1952: one or several gzip members, then perhaps zero padding.
final class GzipDecoder: StreamDecoder {
    // On the heap because zlib checks that its stream has not moved.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var insideMember = true
    private var memberCount = 0

    init() throws {
        stream.initialize(to: z_stream())
        // 15 bits of window, 16 for a gzip header and no other.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw TrawlError(.full, "zlib cannot start", remedy: "free some memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws -> (consumed: Int, produced: Int) {
        if !insideMember {
            let padding = input.prefix { $0 == 0 }.count
            if padding > 0 { return (padding, 0) }
            if input.isEmpty { return (0, 0) }
            inflateReset(stream)
            insideMember = true
        }
        // Lengths here are those of our own buffers, far below 4 GiB.
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(clamping: input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: output.count)
        let given = Int(stream.pointee.avail_in)
        let room = Int(stream.pointee.avail_out)
        let status = inflate(stream, Z_NO_FLUSH)
        switch status {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END:
            insideMember = false
            memberCount += 1
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
            throw TrawlError(
                .corrupted, "gzip data are damaged in member \(memberCount + 1): \(reason)",
                remedy: "download or compress the file again")
        }
        return (given - Int(stream.pointee.avail_in), room - Int(stream.pointee.avail_out))
    }

    func finish() throws {
        if insideMember { throw truncated("gzip") }
    }
}

/// RFC 8878: one or several zstd frames, skippable ones among them.
final class ZstdDecoder: StreamDecoder {
    private let stream: OpaquePointer
    private var insideFrame = true

    init() throws {
        guard let stream = ZSTD_createDStream() else {
            throw TrawlError(.full, "zstd cannot start", remedy: "free some memory")
        }
        self.stream = stream
    }

    deinit { ZSTD_freeDStream(stream) }

    func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws -> (consumed: Int, produced: Int) {
        // Called with nothing after a whole frame, zstd would begin to wait for the next one.
        if !insideFrame, input.isEmpty { return (0, 0) }
        var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = ZSTD_decompressStream(stream, &to, &from)
        if ZSTD_isError(status) != 0 {
            throw TrawlError(
                .corrupted, "zstd data cannot be decompressed: \(String(cString: ZSTD_getErrorName(status)))",
                remedy: "download or compress the file again, without --long=28 or more")
        }
        insideFrame = status != 0
        return (from.pos, to.pos)
    }

    func finish() throws {
        if insideFrame { throw truncated("zstd") }
    }
}
