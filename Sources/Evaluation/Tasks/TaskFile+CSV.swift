import TrawlCore

/// Task files of comma-separated values.
extension TaskFile {
    /// The first line of a CSV file.
    struct CSVHeader {
        let separator: UInt8
        /// Of the columns.
        let names: [String]
        /// The number of the line.
        let line: Int
    }

    /// nil where the file does not begin with the names of the columns, or they are separated by tabs.
    static func csvHeader(_ bytes: [UInt8], _ columns: [TaskColumn]) -> CSVHeader? {
        let head = Array(bytes.prefix(1 << 16))
        var given: UInt8?
        for (number, line) in lines(head) {
            let found = head[line].withUnsafeBufferPointer { line -> CSVHeader? in
                if given == nil, let named = CSVSeparator.named(by: line) {
                    given = named
                    return nil
                }
                let separator = given ?? CSVSeparator.mostFrequent(in: line)
                var record = CSVRecord()
                record.append(line, separator: separator)
                return CSVHeader(separator: separator, names: record.finished(), line: number)
            }
            guard let found else { continue }
            let isComplete = columns.allSatisfy { !$0.isRequired || $0.position(in: found.names) != nil }
            return isComplete && found.separator != UInt8(ascii: "\t") ? found : nil
        }
        return nil
    }

    static func commaSeparated(
        _ bytes: [UInt8], _ path: String, _ columns: [TaskColumn], _ header: CSVHeader
    ) throws(TrawlError) -> [Row] {
        let positions = columns.map { $0.position(in: header.names) }
        var rows: [Row] = []
        var record = CSVRecord()
        var first: (number: Int, start: Int)?
        for (number, line) in lines(bytes, withBlank: true).dropFirst(header.line) {
            if first == nil, !bytes[line].contains(where: { $0 > 0x20 }) { continue }
            let start = first ?? (number, line.lowerBound)
            first = start
            bytes[line].withUnsafeBufferPointer { record.append($0, separator: header.separator) }
            if record.isInQuotes { continue }
            guard String(validating: bytes[start.start..<line.upperBound], as: UTF8.self) != nil else {
                throw TrawlError(.invalidInput, "the line is not valid UTF-8", path: path, line: start.number)
            }
            let cells = record.finished()
            guard cells.count == header.names.count else {
                throw TrawlError(
                    .invalidInput, "the record has \(cells.count) cells and the header \(header.names.count)",
                    path: path, line: start.number,
                    remedy: "give every record as many, and write cells that have a separator in them in quotes")
            }
            rows.append(
                Row(
                    line: start.number, number: rows.count,
                    values: positions.map { $0.map { .string(cells[$0]) } }))
            (record, first) = (CSVRecord(), nil)
        }
        if let first {
            throw TrawlError(
                .corrupted, "a quoted cell of this record is not closed before the file ends", path: path,
                line: first.number, remedy: "close the quotes, and double those inside a cell")
        }
        return rows
    }
}
