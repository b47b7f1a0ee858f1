extension RunComparison {
    /// The score of every query, system and measure as CSV (RFC 4180), a line for each under a header.
    ///
    /// Names that a spreadsheet would take for a formula get an apostrophe before them; `-5` and other numbers do not.
    public func csv() -> String {
        var text = "query,system,measure,score\r\n"
        let names = systems.map { CSV.field($0.name) }
        let columns = measures.map { CSV.field($0.description) }
        for (row, query) in queries.enumerated() {
            let query = CSV.field(query)
            for (system, report) in reports.enumerated() {
                for column in measures.indices {
                    text += "\(query),\(names[system]),\(columns[column]),\(report.perQuery[row][column])\r\n"
                }
            }
        }
        return text
    }
}

enum CSV {
    static func field(_ text: String) -> String {
        var field = text
        if let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first), Double(text) == nil {
            field = "'" + field
        }
        guard field.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}
