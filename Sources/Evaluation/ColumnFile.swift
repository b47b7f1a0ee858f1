import Foundation
import TrawlCore

/// A text file of columns: the bytes, cut into lines and fields without copying.
struct ColumnFile {
    enum Separator { case blanks, tabs }

    let path: String
    private let bytes: [UInt8]

    /// - Throws: `notFound` or `io` naming the path.
    init(path: String) throws(TrawlError) {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else {
            throw TrawlError(.notFound, "there is no such file", path: path)
        }
        do {
            bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw TrawlError(.io, "the file cannot be read", path: path, cause: error)
        }
    }

    /// Calls `body` with the number (from 1) and the fields of every line that is not blank.
    ///
    /// `.blanks` separates at runs of spaces and tabs, `.tabs` at every single tab. A byte order mark and carriage
    /// returns are dropped.
    func forEachLine(_ separator: Separator, _ body: (Int, [Range<Int>]) throws(TrawlError) -> Void) throws(TrawlError)
    {
        var position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var number = 0
        var fields: [Range<Int>] = []
        while position < bytes.count {
            var end = position
            while end < bytes.count, bytes[end] != 0x0A { end += 1 }
            number += 1
            var last = end
            while last > position, isBlank(bytes[last - 1]) { last -= 1 }
            if last > position {
                fields.removeAll(keepingCapacity: true)
                split(position..<last, separator, into: &fields)
                try body(number, fields)
            }
            position = end + 1
        }
    }

    /// The number and the fields of the first line that is not blank, separated by blanks; nil when all are.
    func firstLine() throws(TrawlError) -> (number: Int, fields: [String])? {
        var first: (number: Int, fields: [String])?
        try forEachLine(.blanks) { number, fields throws(TrawlError) in
            guard first == nil else { return }
            first = (number, [])
            for field in fields { first?.fields.append(try text(field, line: number)) }
        }
        return first
    }

    func text(_ field: Range<Int>, line: Int) throws(TrawlError) -> String {
        guard let text = String(validating: bytes[field], as: UTF8.self) else {
            throw TrawlError(.invalidInput, "the line is not valid UTF-8", path: path, line: line)
        }
        return text
    }

    func error(_ message: String, line: Int, remedy: String? = nil) -> TrawlError {
        TrawlError(.invalidInput, message, path: path, line: line, remedy: remedy)
    }

    private func split(_ line: Range<Int>, _ separator: Separator, into fields: inout [Range<Int>]) {
        var start = line.lowerBound
        for position in line {
            let byte = bytes[position]
            guard separator == .tabs ? byte == 0x09 : isBlank(byte) else { continue }
            if separator == .tabs || start < position { fields.append(start..<position) }
            start = position + 1
        }
        if separator == .tabs || start < line.upperBound { fields.append(start..<line.upperBound) }
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
