import TrawlCore

/// A column of a task's file, by the names that collections give it. Messages use the first name.
struct TaskColumn {
    let names: [String]
    var isRequired = true

    init(_ names: String..., isRequired: Bool = true) {
        self.names = names
        self.isRequired = isRequired
    }

    var name: String { names[0] }

    /// Its place in a line of column names: that of the first name that is there as it is written, else in any case.
    func position(in header: [String]) -> Int? {
        let header = header.map { trimmed($0) }
        if let exact = names.lazy.compactMap({ header.firstIndex(of: $0) }).first { return exact }
        let lowercased = header.map { $0.lowercased() }
        return names.lazy.compactMap { lowercased.firstIndex(of: $0.lowercased()) }.first
    }
}

/// The rows of a task's file: JSON lines, a JSON array of objects, or TSV or CSV under a line of column names.
struct TaskFile {
    struct Row {
        /// Counted from 1; nil in a JSON array.
        let line: Int?
        /// Counted from 0 over the rows of the file.
        let number: Int
        /// By position in the columns that were asked for; nil for an optional one that the row lacks.
        let values: [JSON?]
    }

    /// For messages.
    let path: String
    let rows: [Row]
    private let columns: [TaskColumn]

    /// - Parameters:
    ///   - path: A file, plain or compressed, a pipe, or `-` for standard input.
    ///   - isPositional: Whether a TSV file without a line of names holds `columns` in their order.
    /// - Throws: `TrawlError` with file and line for what is not JSON or UTF-8 or lacks a column.
    init(path: String, _ columns: [TaskColumn], isPositional: Bool = false) throws(TrawlError) {
        let input = try Self.read(path)
        try self.init(bytes: input.bytes, path: input.name, columns, isPositional: isPositional)
    }

    /// - Parameter path: For messages.
    init(bytes: [UInt8], path: String, _ columns: [TaskColumn], isPositional: Bool = false) throws(TrawlError) {
        self.path = path
        self.columns = columns
        rows =
            switch Self.firstSign(bytes) {
            case UInt8(ascii: "{"): try Self.jsonLines(bytes, path, columns)
            case UInt8(ascii: "["): try Self.jsonArray(bytes, path, columns)
            default:
                if let header = Self.csvHeader(bytes, columns) {
                    try Self.commaSeparated(bytes, path, columns, header)
                } else {
                    try Self.tabbed(bytes, path, columns, isPositional)
                }
            }
        guard !rows.isEmpty else {
            throw TrawlError(
                .invalidInput, "the file has no rows", path: self.path, remedy: Self.layout(columns, isPositional))
        }
    }

    static func read(_ path: String) throws(TrawlError) -> (name: String, bytes: [UInt8]) {
        do {
            let source = try ByteSource.input(path)
            let bytes = try source.readAll(limit: 4 << 30)
            guard !bytes.starts(with: "PAR1".utf8) else {
                throw TrawlError(
                    .unsupported, "is a Parquet file", path: source.name,
                    remedy: "export it as JSON lines, for example with to_json(lines=True, orient='records') of pandas")
            }
            return (source.name, bytes)
        } catch let error as TrawlError {
            throw error
        } catch {
            throw TrawlError(.io, "the file cannot be read", path: path, cause: error)
        }
    }

    /// The first byte that is neither white space nor part of a byte order mark.
    static func firstSign(_ bytes: [UInt8]) -> UInt8? {
        bytes.first { $0 > 0x20 && ![0xEF, 0xBB, 0xBF].contains($0) }
    }

    // MARK: - Values

    func error(_ message: String, _ row: Row, remedy: String? = nil) -> TrawlError {
        TrawlError(
            .invalidInput, (row.line == nil ? "record \(row.number + 1): " : "") + message, path: path, line: row.line,
            remedy: remedy)
    }

    func isList(_ row: Row, _ column: Int) -> Bool { row.values[column]?.array != nil }

    func text(_ row: Row, _ column: Int) throws(TrawlError) -> String {
        guard let text = row.values[column]?.string else { throw wrongType(row, column, "a text") }
        return text
    }

    /// One text, or a list of them.
    func texts(_ row: Row, _ column: Int) throws(TrawlError) -> [String] {
        guard let list = row.values[column]?.array else { return [try text(row, column)] }
        var texts: [String] = []
        for value in list {
            guard let text = value.string else { throw wrongType(row, column, "a list of texts") }
            texts.append(text)
        }
        return texts
    }

    /// One label, or a list of them; numbers become their digits.
    func labels(_ row: Row, _ column: Int) throws(TrawlError) -> [String] {
        var labels: [String] = []
        for value in row.values[column]?.array ?? [row.values[column] ?? .null] {
            guard let label = Self.label(value) else { throw wrongType(row, column, "a label (a text or a number)") }
            labels.append(label)
        }
        return labels
    }

    /// One number, or a list of them, as JSON numbers or as digits.
    func numbers(_ row: Row, _ column: Int) throws(TrawlError) -> [Double] {
        var numbers: [Double] = []
        for value in row.values[column]?.array ?? [row.values[column] ?? .null] {
            let number = value.double ?? value.string.flatMap(Double.init) ?? value.bool.map { $0 ? 1 : 0 }
            guard let number, number.isFinite else {
                throw error(
                    "'\(value.string ?? Self.label(value) ?? "the \(columns[column].name)")' is not a number", row,
                    remedy: Self.layout(columns, false))
            }
            numbers.append(number)
        }
        return numbers
    }

    static func label(_ value: JSON) -> String? {
        switch value {
        case .string(let text): text
        case .bool(let truth): truth ? "1" : "0"
        case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
        default: nil
        }
    }

    private func wrongType(_ row: Row, _ column: Int, _ wanted: String) -> TrawlError {
        error("the field '\(columns[column].name)' is not \(wanted)", row)
    }

    // MARK: - Formats

    private static func jsonLines(
        _ bytes: [UInt8], _ path: String, _ columns: [TaskColumn]
    ) throws(TrawlError) -> [Row] {
        var rows: [Row] = []
        for (number, line) in lines(bytes) {
            let value: JSON
            do {
                value = try bytes[line].withUnsafeBytes { try JSON(parsing: $0, path: path) }
            } catch {
                throw TrawlError(
                    .invalidInput, (error as? TrawlError)?.message ?? "malformed JSON", path: path, line: number,
                    remedy: "write one JSON object per line")
            }
            rows.append(try row(value, path, number, rows.count, columns))
        }
        return rows
    }

    private static func jsonArray(
        _ bytes: [UInt8], _ path: String, _ columns: [TaskColumn]
    ) throws(TrawlError) -> [Row] {
        let value: JSON
        do {
            value = try bytes.withUnsafeBytes { try JSON(parsing: $0, path: path) }
        } catch let error as TrawlError {
            throw error
        } catch {
            throw TrawlError(.invalidInput, "malformed JSON", path: path, cause: error)
        }
        var rows: [Row] = []
        for element in value.array ?? [] { rows.append(try row(element, path, nil, rows.count, columns)) }
        return rows
    }

    private static func row(
        _ value: JSON, _ path: String, _ line: Int?, _ number: Int, _ columns: [TaskColumn]
    ) throws(TrawlError) -> Row {
        guard let members = value.members else {
            throw TrawlError(
                .invalidInput, "the record is not a JSON object", path: path, line: line,
                remedy: layout(columns, false))
        }
        var values: [JSON?] = []
        for column in columns {
            let found = column.names.lazy.compactMap { value[$0] }.first
            if found == nil, column.isRequired {
                let isNull = members.contains { column.names.contains($0.name) }
                let present = members.map { "'\($0.name)'" }.joined(separator: ", ")
                throw TrawlError(
                    .invalidInput,
                    (line == nil ? "record \(number + 1): " : "")
                        + (isNull
                            ? "the field '\(column.name)' is null"
                            : "there is no field '\(column.name)', only \(present)"),
                    path: path, line: line, remedy: layout(columns, false))
            }
            values.append(found)
        }
        return Row(line: line, number: number, values: values)
    }

    private static func tabbed(
        _ bytes: [UInt8], _ path: String, _ columns: [TaskColumn], _ isPositional: Bool
    ) throws(TrawlError) -> [Row] {
        var rows: [Row] = []
        var positions: [Int?]?
        for (number, line) in lines(bytes) {
            guard let text = String(validating: bytes[line], as: UTF8.self) else {
                throw TrawlError(.invalidInput, "the line is not valid UTF-8", path: path, line: number)
            }
            let fields = text.split(separator: "\t", omittingEmptySubsequences: false)
            guard let known = positions else {
                let names = fields.map { String($0) }
                let named = columns.map { $0.position(in: names) }
                let isHeader = zip(columns, named).allSatisfy { !$0.isRequired || $1 != nil }
                guard isHeader || isPositional else {
                    throw TrawlError(
                        .invalidInput, "the first line does not name the columns", path: path, line: number,
                        remedy: layout(columns, isPositional))
                }
                positions = isHeader ? named : columns.indices.map { $0 }
                if !isHeader { rows.append(try row(fields, positions ?? [], path, number, 0)) }
                continue
            }
            rows.append(try row(fields, known, path, number, rows.count))
        }
        return rows
    }

    private static func row(
        _ fields: [Substring], _ positions: [Int?], _ path: String, _ line: Int, _ number: Int
    ) throws(TrawlError) -> Row {
        let needed = (positions.compactMap { $0 }.max() ?? 0) + 1
        guard fields.count >= needed else {
            throw TrawlError(
                .invalidInput, "the line has \(fields.count) columns separated by tabs, \(needed) are needed",
                path: path, line: line, remedy: "separate the columns by tabs")
        }
        return Row(
            line: line, number: number, values: positions.map { $0.map { .string(String(fields[$0])) } })
    }

    private static func layout(_ columns: [TaskColumn], _ isPositional: Bool) -> String {
        let names = columns.filter(\.isRequired).map(\.name).joined(separator: ", ")
        return "give JSON lines with the fields \(names), or TSV or CSV "
            + (isPositional ? "with these columns" : "that begins with these names")
    }

    /// The lines, with their numbers from 1, without their ends and a byte order mark.
    ///
    /// - Parameter withBlank: Whether those that are blank are among them.
    static func lines(_ bytes: [UInt8], withBlank: Bool = false) -> [(number: Int, range: Range<Int>)] {
        var lines: [(Int, Range<Int>)] = []
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var number = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            number += 1
            var last = end
            if last > start, bytes[last - 1] == 0x0D { last -= 1 }
            if withBlank || bytes[start..<last].contains(where: { $0 > 0x20 }) { lines.append((number, start..<last)) }
            start = end + 1
        }
        return lines
    }
}
