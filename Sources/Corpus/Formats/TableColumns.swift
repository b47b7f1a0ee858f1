import TrawlCore

/// What the columns of a table hold.
struct TableColumns {
    enum Column {
        case id, title, text
        case metadata(String)
    }

    private let columns: [Column]

    var count: Int { columns.count }
    let hasID: Bool
    var beginsWithText: Bool { if case .text = columns.first { true } else { false } }

    init(_ columns: [Column]) {
        self.columns = columns
        hasID = columns.contains { if case .id = $0 { true } else { false } }
    }

    /// The columns that a header line names; nil when it names no text.
    init?(header cells: [String], _ mapping: FieldMapping) {
        let names = cells.map { $0.trimmed().lowercased() }
        func first(_ candidates: [String]) -> Int? {
            for candidate in candidates {
                if let index = names.firstIndex(of: candidate.lowercased()) { return index }
            }
            return nil
        }
        guard let text = first(mapping.text + ["passage", "content"]) else { return nil }
        let id = first(mapping.id + ["pid", "docno", "#id"])
        let title = first(mapping.title)
        self.init(
            cells.indices.map { index in
                index == id
                    ? .id : index == text ? .text : index == title ? .title : .metadata(cleaned(cells[index].trimmed()))
            })
    }

    /// The document of a line with `count` cells. Empty cells give no metadata.
    ///
    /// - Parameter numberPrefix: goes before the number of the line where the table has no ids.
    func document(_ cells: [String], line: Int, numberPrefix: String) -> RawDocument {
        var document = RawDocument(id: "", title: "", text: "", line: line)
        for (column, cell) in zip(columns, cells) {
            switch column {
            case .id: document.id = cell
            case .title: document.title = cell
            case .text: document.text = cell
            case .metadata(let key):
                if !cell.isEmpty { document.metadata.append(MetadataField(key: key, value: cleaned(cell))) }
            }
        }
        if !hasID {
            document.id = numberPrefix + String(line)
            document.isNumbered = true
        }
        return document
    }
}
