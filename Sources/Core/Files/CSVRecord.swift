/// What separates the cells of a file of comma-separated values.
public enum CSVSeparator {
    public static let comma = UInt8(ascii: ",")

    /// `;` for the line `sep=;`, which spreadsheets write.
    public static func named(by line: UnsafeBufferPointer<UInt8>) -> UInt8? {
        line.count == 5 && line.starts(with: "sep=".utf8) ? line[4] : nil
    }

    /// The comma, semicolon, tab or vertical bar that is most frequent outside of quotes.
    public static func mostFrequent(in line: UnsafeBufferPointer<UInt8>) -> UInt8 {
        var best = (separator: comma, count: 0)
        for candidate in [comma, UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|")] {
            var isQuoted = false
            var count = 0
            for byte in line {
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() } else if byte == candidate, !isQuoted { count += 1 }
            }
            if count > best.count { best = (candidate, count) }
        }
        return best.separator
    }
}

/// The cells of a record of comma-separated values (RFC 4180), read line by line. Cells in quotes may have separators, doubled
/// quotes and line breaks in them.
public struct CSVRecord {
    private var cells: [[UInt8]] = [[]]
    /// Whether the record continues in the next line.
    public private(set) var isInQuotes = false
    public private(set) var byteCount = 0

    public init() {}

    /// - Parameter line: Without its end.
    public mutating func append(_ line: UnsafeBufferPointer<UInt8>, separator: UInt8) {
        if isInQuotes { cells[cells.count - 1].append(10) }
        byteCount += line.count + 1
        var cell = cells.removeLast()
        var position = 0
        // Quotes mean something at the beginning of a cell only.
        var atStart = !isInQuotes
        while position < line.count {
            let byte = line[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                if isInQuotes {
                    if position < line.count, line[position] == byte {
                        cell.append(byte)
                        position += 1
                    } else {
                        isInQuotes = false
                    }
                    continue
                } else if atStart {
                    isInQuotes = true
                    atStart = false
                    continue
                }
            } else if byte == separator, !isInQuotes {
                cells.append(cell)
                cell = []
                atStart = true
                continue
            }
            atStart = false
            cell.append(byte)
        }
        cells.append(cell)
    }

    /// The cells; bytes that are not UTF-8 are replaced.
    public func finished() -> [String] { cells.map { String(decoding: $0, as: UTF8.self) } }
}
