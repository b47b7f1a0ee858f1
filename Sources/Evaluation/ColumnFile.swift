import TrawlCore

/// A text file of columns: the bytes, cut into lines and fields without copying.
struct ColumnFile {
    enum Separator { case blanks, tabs }

    /// For messages.
    let path: String
    private let bytes: [UInt8]

    /// - Parameter path: A file, plain or compressed, a pipe, or `-` for standard input.
    /// - Throws: `notFound`, `io` or `corrupted` naming the path.
    init(path: String) throws(TrawlError) {
        do {
            let source = try ByteSource.input(path)
            self.path = source.name
            bytes = try source.readAll()
        } catch let error as TrawlError {
            throw error
        } catch {
            throw TrawlError(.io, "the file cannot be read", path: path, cause: error)
        }
    }

    /// Calls `body` with the number and the `columns` fields of every line that is not blank. Where the first line is
    /// separated by tabs, fields may hold spaces.
    ///
    /// - Throws: `invalidInput` for a line with another number of columns.
    func forEachRow(
        columns: Int, _ body: (Int, [Range<Int>]) throws(TrawlError) -> Void, wrongCount: (Int) -> String
    ) throws(TrawlError) {
        let isTabbed = fieldCount(.tabs) == columns
        try forEachLine(isTabbed ? .tabs : .blanks) { number, fields throws(TrawlError) in
            var fields = fields
            if isTabbed, fields.count == 1, let line = fields.first {
                fields = []
                split(line, .blanks, into: &fields)
            }
            guard fields.count == columns else {
                throw error(
                    wrongCount(fields.count), line: number,
                    remedy: isTabbed ? "separate them by tabs, as in the first line" : "separate them by spaces or tabs"
                )
            }
            try body(number, fields)
        }
    }

    /// The number of fields of the first line that is not blank; 0 when all are.
    func fieldCount(_ separator: Separator) -> Int { firstRow(separator)?.fields.count ?? 0 }

    /// Calls `body` with the number (from 1) and the fields of every line that is not blank.
    ///
    /// `.blanks` separates at runs of spaces and tabs, `.tabs` at every single tab. A byte order mark and carriage
    /// returns are dropped.
    func forEachLine(_ separator: Separator, _ body: (Int, [Range<Int>]) throws(TrawlError) -> Void) throws(TrawlError)
    {
        var (position, number) = (0, 0)
        var fields: [Range<Int>] = []
        while let line = nextLine(&position, &number) {
            fields.removeAll(keepingCapacity: true)
            split(line, separator, into: &fields)
            try body(number, fields)
        }
    }

    /// The next line that is not blank, without blanks at its end; nil at the end of the file.
    ///
    /// - Parameters:
    ///   - position: where to go on, 0 at first.
    ///   - number: that of the last line, 0 at first.
    private func nextLine(_ position: inout Int, _ number: inout Int) -> Range<Int>? {
        if position == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        while position < bytes.count {
            let start = position
            var end = position
            while end < bytes.count, bytes[end] != 0x0A { end += 1 }
            number += 1
            position = end + 1
            while end > start, isBlank(bytes[end - 1]) { end -= 1 }
            if end > start { return start..<end }
        }
        return nil
    }

    /// The number and the fields of the first line that is not blank; nil when all are.
    func firstRow(_ separator: Separator) -> (number: Int, fields: [Range<Int>])? {
        var (position, number) = (0, 0)
        guard let line = nextLine(&position, &number) else { return nil }
        var fields: [Range<Int>] = []
        split(line, separator, into: &fields)
        return (number, fields)
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
