import TrawlCore

/// Tab-separated lines without quoting. The first line says how many columns every line has, and what they are when it
/// names them; documents have the number of their line where it names no id.
final class TSVSource: RawDocumentSource {
    private let lines: LineReader
    private let path: String
    private let mapping: FieldMapping
    private let numberPrefix: String
    private var columns: TableColumns?

    /// - Parameter numberPrefix: goes before the number of the line where there is no column of ids.
    init(_ source: ByteSource, fields: FieldMapping, numberPrefix: String = "") {
        self.numberPrefix = numberPrefix
        lines = LineReader(source)
        path = source.name
        mapping = fields
    }

    // Without columns no line can be understood.
    var resumesAfterError: Bool { lines.hasGivenLine && columns != nil }

    func next() throws -> RawDocument? {
        while true {
            let line = try lines.withNextLine { bytes -> RawDocument? in
                if bytes.isEmpty { return nil }
                try requireUTF8(bytes, path: path, firstLine: lines.lineNumber)
                do {
                    return try document(bytes)
                } catch let error as TrawlError {
                    throw error.at(path: path, line: lines.lineNumber)
                }
            }
            switch line {
            case nil: return nil
            case .some(nil): continue
            case .some(let document): return document
            }
        }
    }

    private func document(_ bytes: UnsafeBufferPointer<UInt8>) throws -> RawDocument? {
        let cells = bytes.split(separator: 9, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        if let columns {
            return try document(cells, columns)
        } else if let header = TableColumns(header: cells, mapping),
            header.hasID || (header.beginsWithText && cells.allSatisfy(isName))
        {
            columns = header
            return nil
        } else {
            let columns = try unnamedColumns(cells.count)
            self.columns = columns
            return try document(cells, columns)
        }
    }

    private func document(_ cells: [String], _ columns: TableColumns) throws -> RawDocument {
        guard cells.count == columns.count else {
            throw TrawlError(
                .invalidInput, "the line has \(cells.count) tab-separated columns and the first line \(columns.count)",
                remedy: "give every line as many, and replace tabs inside a text by spaces")
        }
        return columns.document(cells, line: lines.lineNumber, numberPrefix: numberPrefix)
    }

    /// Whether a cell can be the name of a column: `label`, not `17` and not a sentence. A first line of such cells that begins
    /// with the name of a text is a header too, `text<TAB>label`; elsewhere that word may be a text.
    private func isName(_ cell: String) -> Bool {
        guard let first = cell.unicodeScalars.first, cell.utf8.count <= 40 else { return false }
        return first.properties.isAlphabetic
            && cell.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || "0123456789_-".unicodeScalars.contains($0)
            }
    }

    private func unnamedColumns(_ count: Int) throws -> TableColumns {
        switch count {
        case 2: return TableColumns([.id, .text])
        case 3: return TableColumns([.id, .title, .text])
        case 4: return TableColumns([.id, .metadata("url"), .title, .text])
        default:
            throw TrawlError(
                .invalidInput, "the line has \(count) tab-separated columns, which are 2 to 4 without a header",
                remedy: "write id<TAB>text or id<TAB>title<TAB>text, or begin with a header line such as id<TAB>text")
        }
    }
}
