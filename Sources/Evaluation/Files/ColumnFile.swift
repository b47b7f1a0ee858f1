import Glibc
import TrawlCore

/// A text file of columns: the bytes, cut into lines and fields without copying.
struct ColumnFile {
    enum Separator { case blanks, tabs }

    /// For messages.
    let path: String
    let bytes: [UInt8]
    /// Where the text begins: after the byte order mark, if there is one.
    let start: Int

    /// - Parameter path: A file, plain or compressed, a pipe, or `-` for standard input.
    /// - Throws: `notFound`, `io` or `corrupted` naming the path.
    init(path: String) throws(TrawlError) {
        do {
            let source = try ByteSource.input(path)
            self.path = source.name
            bytes = try Self.readAll(source, expecting: Self.length(of: path))
        } catch let error as TrawlError {
            throw error
        } catch {
            throw TrawlError(.io, "the file cannot be read", path: path, cause: error)
        }
        start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// The bytes of a file on disk; 0 for what has no length, such as a pipe.
    private static func length(of path: String) -> Int {
        var status = stat()
        guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return 0 }
        return Int(status.st_size)
    }

    /// Reads into one array that need not grow when `length` is right: a run may be as large as half the memory.
    private static func readAll(_ source: ByteSource, expecting length: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var capacity = length + 1
        while true {
            let before = bytes.count
            var isFull = false
            bytes = try [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                UnsafeMutableRawBufferPointer(buffer).preferLargePages()
                bytes.withUnsafeBufferPointer { _ = buffer.update(fromContentsOf: $0) }
                count = before
                bytes = []
                while count < buffer.count {
                    let got = try source.read(
                        into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[count...])))
                    if got == 0 { return }
                    count += got
                }
                isFull = true
            }
            if !isFull { return bytes }
            capacity = max(1 << 16, bytes.count * 2)
        }
    }

    /// The first byte that is neither blank nor a line end.
    var firstByte: UInt8? { bytes[start...].first { !Self.isBlank($0) && $0 != 0x0A } }

    /// Calls `body` with the number (from 1) and the fields of every line that is not blank.
    ///
    /// `.blanks` separates at runs of spaces and tabs, `.tabs` at every single tab. A byte order mark and carriage
    /// returns are dropped.
    func forEachLine(_ separator: Separator, _ body: (Int, [Range<Int>]) throws(TrawlError) -> Void) throws(TrawlError)
    {
        var fields: [Range<Int>] = []
        try forEachLine { number, line throws(TrawlError) in
            fields.removeAll(keepingCapacity: true)
            split(line, separator, into: &fields)
            try body(number, fields)
        }
    }

    /// Calls `body` with the number and the bytes of every line that is not blank, without blanks at its end.
    func forEachLine<Failure>(_ body: (Int, Range<Int>) throws(Failure) -> Void) throws(Failure) {
        var (position, number) = (start, 0)
        while position < bytes.count {
            let (line, next) = line(from: position)
            number += 1
            position = next
            if !line.isEmpty { try body(number, line) }
        }
    }

    /// The line that begins at `position`, without blanks at its end, and where the next one begins.
    private func line(from position: Int) -> (line: Range<Int>, next: Int) {
        bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return (position..<position, position + 1) }
            let newline = memchr(base + position, 0x0A, bytes.count - position)
            var end = newline.map { base.distance(to: $0.assumingMemoryBound(to: UInt8.self)) } ?? bytes.count
            let next = end + 1
            while end > position, Self.isBlank(bytes[end - 1]) { end -= 1 }
            return (position..<end, next)
        }
    }

    /// The first line that is not blank and its number; nil when all are.
    var firstLine: (number: Int, line: Range<Int>)? {
        var number = 1
        var position = start
        while position < bytes.count, Self.isBlank(bytes[position]) || bytes[position] == 0x0A {
            if bytes[position] == 0x0A { number += 1 }
            position += 1
        }
        guard position < bytes.count else { return nil }
        var first = position
        while first > start, bytes[first - 1] != 0x0A { first -= 1 }
        var end = bytes[position...].firstIndex(of: 0x0A) ?? bytes.count
        while Self.isBlank(bytes[end - 1]) { end -= 1 }
        return (number, first..<end)
    }

    /// The number of the line that `position` is in. O(position).
    func line(at position: Int) -> Int { 1 + bytes[..<position].count { $0 == 0x0A } }

    func text(_ field: Range<Int>, line: Int) throws(TrawlError) -> String {
        guard let text = String(validating: bytes[field], as: UTF8.self) else {
            throw TrawlError(.invalidInput, "the line is not valid UTF-8", path: path, line: line)
        }
        return text
    }

    func error(_ message: String, line: Int, remedy: String? = nil) -> TrawlError {
        TrawlError(.invalidInput, message, path: path, line: line, remedy: remedy)
    }

    func split(_ line: Range<Int>, _ separator: Separator, into fields: inout [Range<Int>]) {
        var start = line.lowerBound
        for position in line {
            let byte = bytes[position]
            guard separator == .tabs ? byte == 0x09 : Self.isBlank(byte) else { continue }
            if separator == .tabs || start < position { fields.append(start..<position) }
            start = position + 1
        }
        if separator == .tabs || start < line.upperBound { fields.append(start..<line.upperBound) }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
