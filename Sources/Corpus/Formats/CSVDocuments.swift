import TrawlCore

/// Comma-separated values (RFC 4180) with a header line. The separator is a comma, a semicolon, a tab or a vertical bar,
/// whichever is most frequent in the header; a first line such as `sep=;` names it. Cells in quotes may have separators,
/// doubled quotes and line breaks in them.
final class CSVSource: RawDocumentSource {
    private let lines: LineReader
    private let path: String
    private let mapping: FieldMapping
    private let numberPrefix: String
    private var separator = UInt8(ascii: ",")
    private var columns: TableColumns?

    /// - Parameter numberPrefix: goes before the number of the line where there is no column of ids.
    init(_ source: ByteSource, fields: FieldMapping, numberPrefix: String = "") {
        lines = LineReader(source)
        path = source.name
        mapping = fields
        self.numberPrefix = numberPrefix
    }

    // Without columns no record can be understood.
    var resumesAfterError: Bool { lines.hasGivenLine && columns != nil }

    func next() throws -> RawDocument? {
        guard let columns = try self.columns ?? readHeader() else { return nil }
        guard let record = try readRecord() else { return nil }
        guard record.cells.count == columns.count else {
            throw TrawlError(
                .invalidInput, "the record has \(record.cells.count) cells and the header \(columns.count)",
                path: path, line: record.line,
                remedy: "give every record as many, and write cells that have a separator in them in quotes")
        }
        return columns.document(record.cells, line: record.line, numberPrefix: numberPrefix)
    }

    /// Nil when the file is empty.
    private func readHeader() throws -> TableColumns? {
        guard let header = try readRecord(isHeader: true) else { return nil }
        guard let found = TableColumns(header: header.cells, mapping) else {
            throw TrawlError(
                .invalidInput,
                "no column is named \(mapping.text.joined(separator: ", ")), as the one that holds the text",
                path: path, line: header.line,
                remedy: "say in the recipe which column holds the text: there are "
                    + header.cells.prefix(10).map { $0.trimmed() }.joined(separator: ", "))
        }
        columns = found
        return found
    }

    /// The next record that is not a blank line, and the line where it begins.
    private func readRecord(isHeader: Bool = false) throws -> (cells: [String], line: Int)? {
        var record = CSVRecord()
        var first: Int?
        // Thrown at the end of the record, so that the next call begins with the next record.
        var fault: TrawlError?
        while true {
            let given: Void? = try lines.withNextLine { bytes in
                do {
                    try requireUTF8(bytes, path: path, firstLine: lines.lineNumber)
                } catch let error as TrawlError {
                    fault = fault ?? error
                }
                if isHeader, first == nil {
                    if let named = separatorLine(bytes) {
                        separator = named
                        return
                    }
                    if lines.lineNumber == 1 { separator = mostFrequentSeparator(bytes) }
                }
                if first == nil, bytes.isEmpty { return }
                first = first ?? lines.lineNumber
                record.append(bytes, separator: separator)
            }
            guard given != nil else { break }
            if record.byteCount > maximumRecordBytes { throw recordTooLong("the record", path: path, line: first) }
            if let first, !record.isInQuotes {
                if let fault { throw fault }
                return (record.finished(), first)
            }
        }
        guard let first else { return nil }
        throw TrawlError(
            .corrupted, "a quoted cell of this record is not closed before the file ends", path: path, line: first,
            remedy: "close the quotes, and double those inside a cell")
    }

    /// `;` for the line `sep=;`, which spreadsheets write.
    private func separatorLine(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt8? {
        bytes.count == 5 && bytes.starts(with: "sep=".utf8) ? bytes[4] : nil
    }

    private func mostFrequentSeparator(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt8 {
        var best = (separator: UInt8(ascii: ","), count: 0)
        for candidate in [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|")] {
            var isQuoted = false
            var count = 0
            for byte in bytes {
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() } else if byte == candidate, !isQuoted { count += 1 }
            }
            if count > best.count { best = (candidate, count) }
        }
        return best.separator
    }
}

/// The cells of a record, read line by line.
private struct CSVRecord {
    private var cells: [[UInt8]] = [[]]
    private(set) var isInQuotes = false
    private(set) var byteCount = 0

    mutating func append(_ line: UnsafeBufferPointer<UInt8>, separator: UInt8) {
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

    func finished() -> [String] { cells.map { String(decoding: $0, as: UTF8.self) } }
}
