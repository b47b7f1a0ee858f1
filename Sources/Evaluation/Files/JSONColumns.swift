import TrawlCore

/// A JSON object of numbers by document by query: `{"q1": {"d1": 1}}`.
enum JSONColumns {
    typealias Rows = [(query: String, documents: [(String, Double)])]

    /// - Parameters:
    ///   - what: What the file should be, for messages.
    ///   - value: What the numbers are, for messages.
    /// - Throws: `corrupted` for malformed JSON, `invalidInput` for JSON of another shape.
    static func read(_ file: ColumnFile, what: String, value: String) throws(TrawlError) -> Rows {
        let json: JSON
        do {
            json = try file.bytes.withUnsafeBytes { try JSON(parsing: $0, path: file.path) }
        } catch let error as TrawlError {
            throw error
        } catch {
            throw TrawlError(.corrupted, "the file is not JSON", path: file.path, cause: error)
        }
        func wrong(_ message: String) -> TrawlError {
            TrawlError(
                .invalidInput, message, path: file.path,
                remedy: "write \(what) as {\"query\": {\"document\": 1}}, or as lines of columns")
        }
        guard let queries = json.members else { throw wrong("the JSON is not an object by query") }
        var rows: Rows = []
        rows.reserveCapacity(queries.count)
        for query in queries {
            guard let members = query.value.members else {
                throw wrong("query \(query.name) has no object of documents")
            }
            var documents: [(String, Double)] = []
            documents.reserveCapacity(members.count)
            for member in members {
                guard let number = member.value.double else {
                    throw wrong("\(value) of document \(member.name) for query \(query.name) is not a number")
                }
                documents.append((member.name, number))
            }
            rows.append((query.name, documents))
        }
        return rows
    }
}
