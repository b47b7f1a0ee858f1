import Glibc
import TrawlCore

/// What is read whole (a line, a JSON object, a document's file) may be this long, so that a wrong file cannot eat the
/// machine's memory.
let maximumRecordBytes = 256 << 20

func recordTooLong(_ what: String, path: String, line: Int?) -> TrawlError {
    TrawlError(
        .invalidInput, "\(what) is longer than \(maximumRecordBytes >> 20) MiB", path: path, line: line,
        remedy: "split it into several documents, or check that the file is what its name says")
}

/// The lines of a source, without their ends (LF or CR LF) and without a byte order mark at the start of the file.
final class LineReader {
    let source: ByteSource
    /// The number of the line that was last given, counted from 1.
    private(set) var lineNumber = 0
    /// Whether the last call of `withNextLine` got as far as a line, so that the next call gives the one after it.
    private(set) var hasGivenLine = false

    /// The buffer that is kept; one that grew for a long line is given back after it.
    private static let keptBytes = 1 << 16

    private let maximum: Int
    private var buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: keptBytes)
    private var start = 0
    private var end = 0
    private var ended = false

    init(_ source: ByteSource, maximumLineBytes: Int = maximumRecordBytes) {
        self.source = source
        maximum = maximumLineBytes
    }

    deinit { buffer.deallocate() }

    /// Gives the next line to `body`, nil at the end. The bytes are lent for the call only.
    ///
    /// - Throws: what reading throws, and `invalidInput` for a line longer than the maximum.
    func withNextLine<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) throws -> R? {
        hasGivenLine = false
        guard var line = try nextRange() else { return nil }
        hasGivenLine = true
        if line.count > 0, buffer[line.upperBound - 1] == UInt8(ascii: "\r") { line = line.dropLast() }
        if lineNumber == 1, buffer[line].starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        return try body(UnsafeBufferPointer(rebasing: buffer[line]))
    }

    private func nextRange() throws -> Range<Int>? {
        if buffer.count > Self.keptBytes, end - start <= Self.keptBytes / 2 { replaceBuffer(Self.keptBytes) }
        var scanned = start
        while true {
            if let base = buffer.baseAddress, let found = memchr(base + scanned, 10, end - scanned) {
                let lineEnd = UnsafeMutablePointer(base).distance(to: found.assumingMemoryBound(to: UInt8.self))
                return take(upTo: lineEnd, next: lineEnd + 1)
            }
            if ended { return start == end ? nil : take(upTo: end, next: end) }
            if end - start > maximum {
                throw recordTooLong("the line", path: source.name, line: lineNumber + 1)
            }
            scanned = end
            if end == buffer.count {
                scanned -= start
                makeSpace()
            }
            let count = try source.read(
                into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[end...])))
            end += count
            ended = count == 0
        }
    }

    private func take(upTo lineEnd: Int, next: Int) -> Range<Int> {
        defer { start = next }
        lineNumber += 1
        return start..<lineEnd
    }

    /// Moves what is not read yet to the start of the buffer, which grows when most of it is taken.
    private func makeSpace() {
        if end - start > buffer.count / 2 {
            replaceBuffer(buffer.count * 2)
        } else {
            if let base = buffer.baseAddress { memmove(base, base + start, end - start) }
            (start, end) = (0, end - start)
        }
    }

    private func replaceBuffer(_ size: Int) {
        let target = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: size)
        if let to = target.baseAddress, let from = buffer.baseAddress { memcpy(to, from + start, end - start) }
        buffer.deallocate()
        buffer = target
        (start, end) = (0, end - start)
    }
}
