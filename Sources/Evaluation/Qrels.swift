public import TrawlCore

/// Relevance judgements: for every query, the grade of the judged documents. 0 is not relevant; negative grades, which
/// some collections use for pages that could not be judged, count as not judged by all measures but `Judged`.
public struct Qrels: Sendable, Equatable {
    /// The queries in the order of their first mention.
    public private(set) var queries: [String] = []
    private var grades: [String: [DocumentID: Int]] = [:]

    public init() {}

    /// The judged documents of `query`, nil if it has none.
    public subscript(query: String) -> [DocumentID: Int]? { grades[query] }

    /// - Throws: `invalidInput` if the document has another grade for this query already.
    public mutating func judge(query: String, _ document: DocumentID, grade: Int) throws(TrawlError) {
        if grades[query] == nil { queries.append(query) }
        if let before = grades[query, default: [:]].updateValue(grade, forKey: document), before != grade {
            throw TrawlError(
                .invalidInput, "document \(document) is judged \(before) and \(grade) for query \(query)",
                remedy: "keep one of the judgements")
        }
    }

    /// Reads TREC qrels (`query iteration document grade`) or BEIR qrels (`query-id corpus-id score`, also under a header),
    /// told apart by the number of columns of the first line, which tabs or spaces separate.
    ///
    /// - Parameter path: A file, plain or compressed, a pipe, or `-` for standard input.
    /// - Throws: an error with file and line for a wrong number of columns, a grade that is not a whole number or two
    ///   grades of one document.
    public init(path: String) throws(TrawlError) {
        let file = try ColumnFile(path: path)
        guard let first = file.firstRow(.tabs) else {
            throw TrawlError(.invalidInput, "the file holds no judgements", path: file.path)
        }
        let counts = [first.fields.count, file.fieldCount(.blanks)]
        guard let columns = counts.first(where: { $0 == 3 || $0 == 4 }) else {
            throw file.error(
                "the line has \(counts[1]) columns, TREC qrels have 4 and BEIR qrels have 3", line: first.number,
                remedy: "write: query 0 document grade, or: query document grade; separated by spaces or tabs")
        }
        var isFirst = true
        try file.forEachRow(columns: columns) { number, fields throws(TrawlError) in
            let digits = try file.text(fields[columns - 1], line: number)
            defer { isFirst = false }
            guard let grade = Int(digits) else {
                if isFirst, columns == 3 || Self.gradeNames.contains(digits.lowercased()) { return }
                throw file.error("the grade '\(digits)' is not a whole number", line: number)
            }
            let query = try file.text(fields[0], line: number)
            let document = DocumentID(try file.text(fields[columns - 2], line: number))
            do throws(TrawlError) {
                try judge(query: query, document, grade: grade)
            } catch {
                throw error.at(path: file.path, line: number)
            }
        } wrongCount: {
            "the line has \($0) columns, these qrels have \(columns)"
        }
    }

    /// What the header of a file with four columns calls the last one.
    private static let gradeNames = ["score", "grade", "rel", "relevance", "label", "judgment", "judgement"]
}

extension Qrels {
    /// The judgements of `queries` only, in their order.
    public func restricted(to queries: [String]) throws(TrawlError) -> Qrels {
        var qrels = Qrels()
        for query in queries {
            for (document, grade) in (self[query] ?? [:]).sorted(by: { $0.key < $1.key }) {
                try qrels.judge(query: query, document, grade: grade)
            }
        }
        return qrels
    }
}
