import TrawlCore

/// Tab-separated lines without quoting. The first line says how many columns every line has, and what they are when it
/// names them.
final class TSVSource: RawDocumentSource {
    private enum Column {
        case id, title, text
        case metadata(String)
    }

    private let lines: LineReader
    private let path: String
    private let mapping: FieldMapping
    private var columns: [Column] = []

    init(_ source: ByteSource, fields: FieldMapping) {
        lines = LineReader(source)
        path = source.name
        mapping = fields
    }

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
        if columns.isEmpty {
            if let header = header(cells) {
                columns = header
                return nil
            }
            columns = try unnamedColumns(cells.count)
        }
        guard cells.count == columns.count else {
            throw TrawlError(
                .invalidInput, "the line has \(cells.count) tab-separated columns and the first line \(columns.count)",
                remedy: "give every line as many, and replace tabs inside a text by spaces")
        }
        var document = RawDocument(id: "", title: "", text: "", line: lines.lineNumber)
        for (column, cell) in zip(columns, cells) {
            switch column {
            case .id: document.id = cell
            case .title: document.title = cell
            case .text: document.text = cell
            case .metadata(let key):
                if !cell.isEmpty { document.metadata.append(MetadataField(key: key, value: cleaned(cell))) }
            }
        }
        return document
    }

    /// The columns that a header line names: it must name an id and a text.
    private func header(_ cells: [String]) -> [Column]? {
        let names = cells.map { $0.trimmed().lowercased() }
        func first(_ candidates: [String]) -> Int? {
            for candidate in candidates {
                if let index = names.firstIndex(of: candidate.lowercased()) { return index }
            }
            return nil
        }
        guard let id = first(mapping.id + ["pid", "docno", "#id"]),
            let text = first(mapping.text + ["passage", "content"])
        else { return nil }
        let title = first(mapping.title)
        return cells.indices.map { index in
            index == id
                ? .id : index == text ? .text : index == title ? .title : .metadata(cleaned(cells[index].trimmed()))
        }
    }

    private func unnamedColumns(_ count: Int) throws -> [Column] {
        switch count {
        case 2: return [.id, .text]
        case 3: return [.id, .title, .text]
        case 4: return [.id, .metadata("url"), .title, .text]
        default:
            throw TrawlError(
                .invalidInput, "the line has \(count) tab-separated columns, which are 2 to 4 without a header",
                remedy: "write id<TAB>text or id<TAB>title<TAB>text, or begin with a header line such as id<TAB>text")
        }
    }
}

/// Every line is a document; its number is its id.
final class LinesSource: RawDocumentSource {
    private let lines: LineReader
    private let path: String

    init(_ source: ByteSource) {
        lines = LineReader(source)
        path = source.name
    }

    func next() throws -> RawDocument? {
        try lines.withNextLine { bytes in
            try requireUTF8(bytes, path: path, firstLine: lines.lineNumber)
            return RawDocument(
                id: String(lines.lineNumber), title: "", text: String(decoding: bytes, as: UTF8.self),
                line: lines.lineNumber)
        }
    }
}
