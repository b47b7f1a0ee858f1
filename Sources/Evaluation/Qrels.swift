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

    /// Reads TREC qrels (`query iteration document grade`) or BEIR qrels (tab-separated `query-id corpus-id score`
    /// under a header), told apart by the number of columns of the first line.
    /// - Throws: an error with file and line for a wrong number of columns, a grade that is no whole number or two
    ///   grades of one document.
    public init(path: String) throws(TrawlError) {
        let file = try ColumnFile(path: path)
        guard let (line, first) = try file.firstLine() else {
            throw TrawlError(.invalidInput, "the file holds no judgements", path: path)
        }
        switch first.count {
        case 3: try readLines(of: file, .tabs, columns: 3, document: 1, grade: 2, header: Int(first[2]) == nil)
        case 4: try readLines(of: file, .blanks, columns: 4, document: 2, grade: 3, header: false)
        default:
            throw file.error(
                "the line has \(first.count) columns, TREC qrels have 4 and BEIR qrels have 3", line: line)
        }
    }

    private mutating func readLines(
        of file: ColumnFile, _ separator: ColumnFile.Separator, columns: Int, document: Int, grade: Int, header: Bool
    ) throws(TrawlError) {
        var skip = header
        try file.forEachLine(separator) { number, fields throws(TrawlError) in
            if skip {
                skip = false
                return
            }
            guard fields.count == columns else {
                throw file.error("the line has \(fields.count) columns, these qrels have \(columns)", line: number)
            }
            let digits = try file.text(fields[grade], line: number)
            guard let value = Int(digits) else {
                throw file.error("the grade '\(digits)' is not a whole number", line: number)
            }
            let query = try file.text(fields[0], line: number)
            let name = DocumentID(try file.text(fields[document], line: number))
            do throws(TrawlError) {
                try judge(query: query, name, grade: value)
            } catch {
                throw error.at(path: file.path, line: number)
            }
        }
    }
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
