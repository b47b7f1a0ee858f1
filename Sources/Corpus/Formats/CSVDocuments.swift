import TrawlCore

/// Comma-separated values (RFC 4180) with a header line. The separator is a comma, a semicolon, a tab or a vertical bar,
/// whichever is most frequent in the header; a first line such as `sep=;` names it. Cells in quotes may have separators,
/// doubled quotes and line breaks in them.
final class CSVSource: RawDocumentSource {
    private let lines: LineReader
    private let path: String
    private let mapping: FieldMapping
    private let numberPrefix: String
    private var separator = CSVSeparator.comma
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
                remedy: "give the text's column one of these names, or name it in an index's recipe: there are "
                    + header.cells.prefix(10).map { $0.trimmed() }.joined(separator: ", "))
        }
        columns = found
        return found
    }

    /// The next record that is not a blank line, and the line where it begins.
    private func readRecord(isHeader: Bool = false) throws -> (cells: [String], line: Int)? {
        var record = CSVRecord()
        var first: Int?
        var isSeparatorNamed = false
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
                    if let named = CSVSeparator.named(by: bytes) {
                        separator = named
                        isSeparatorNamed = true
                        return
                    }
                    if !isSeparatorNamed { separator = CSVSeparator.mostFrequent(in: bytes) }
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
}
