public import TrawlCore

/// What a system answered: for every query, documents with scores (higher is better).
///
/// The order of the documents is given by the scores alone; see `Measure` for ties.
public struct Run: Sendable, Equatable {
    public struct Entry: Hashable, Sendable {
        public let document: DocumentID
        public let score: Double

        public init(_ document: DocumentID, _ score: Double) {
            self.document = document
            self.score = score
        }
    }

    /// The queries in the order of their first mention.
    public private(set) var queries: [String] = []
    private var entries: [String: [Entry]] = [:]

    public init() {}

    /// The answers to `query` in the order in which they were given, nil if the run does not name it.
    public subscript(query: String) -> [Entry]? { entries[query] }

    /// Adds the answers to a query.
    /// - Throws: `invalidInput` if the query was added before, a document occurs twice or a score is not a number.
    public mutating func add(query: String, _ answers: [Entry]) throws(TrawlError) {
        guard entries[query] == nil else { throw TrawlError(.invalidInput, "the run names query \(query) twice") }
        var seen: Set<DocumentID> = []
        for answer in answers {
            guard !answer.score.isNaN else {
                throw TrawlError(
                    .invalidInput, "the score of document \(answer.document) for query \(query) is not a number")
            }
            guard seen.insert(answer.document).inserted else {
                throw TrawlError(.invalidInput, "document \(answer.document) occurs twice for query \(query)")
            }
        }
        queries.append(query)
        entries[query] = answers
    }

    /// Reads a TREC run: lines of `query Q0 document rank score tag`, which spaces or tabs separate. The rank is ignored.
    ///
    /// Ids stay as they are written. `Report` takes `a%20b` for the document `a b`, as `trecText` writes it.
    ///
    /// - Parameter path: A file, plain or compressed, a pipe, or `-` for standard input.
    /// - Throws: an error with file and line for a wrong number of columns, a score that is not a number or a document
    ///   that occurs twice for a query.
    public init(path: String) throws(TrawlError) {
        let file = try ColumnFile(path: path)
        var seen: [String: Set<DocumentID>] = [:]
        try file.forEachRow(columns: 6) { number, fields throws(TrawlError) in
            let query = try file.text(fields[0], line: number)
            let document = DocumentID(try file.text(fields[2], line: number))
            let digits = try file.text(fields[4], line: number)
            guard let score = Double(digits), !score.isNaN else {
                throw file.error("the score '\(digits)' is not a number", line: number)
            }
            if entries[query] == nil { queries.append(query) }
            guard seen[query, default: []].insert(document).inserted else {
                throw file.error(
                    "document \(document) occurs twice for query \(query)", line: number,
                    remedy: "keep one of the lines")
            }
            entries[query, default: []].append(Entry(document, score))
        } wrongCount: {
            "the line has \($0) columns, a TREC run has 6 (query Q0 document rank score tag)"
        }
    }

    /// The run without the documents that have the id of their query, as collections want it whose queries are documents.
    public func excludingQueryDocuments() -> Run {
        var run = self
        for query in queries {
            run.entries[query]?.removeAll { $0.document.rawValue == query }
        }
        return run
    }

    /// The answers to `query` by score, descending, then by the bytes of the document's name, ascending.
    public func ranked(_ query: String) -> [Entry] {
        (entries[query] ?? []).sorted { a, b in
            a.score != b.score ? a.score > b.score : a.document.rawValue.bytesPrecede(b.document.rawValue)
        }
    }

    /// The run as a TREC file. Ranks count from 1 in the order of `ranked`. A score that is a `Float` reads back as the same
    /// `Float`, any other as the same `Double`. White space in ids is percent-encoded: `a b` becomes `a%20b`.
    ///
    /// - Throws: `invalidInput` for a tag that is empty or holds white space.
    public func trecText(tag: String = "trawl") throws(TrawlError) -> String {
        guard !tag.isEmpty, !RunColumn.needsEncoding(tag) else {
            throw TrawlError(.invalidInput, "the run's tag '\(tag)' is empty or holds white space")
        }
        var text = ""
        for query in queries {
            let column = RunColumn.text(query)
            for (position, entry) in ranked(query).enumerated() {
                let document = RunColumn.text(entry.document.rawValue)
                text += "\(column) Q0 \(document) \(position + 1) \(Self.digits(entry.score)) \(tag)\n"
            }
        }
        return text
    }

    /// Writes `trecText` to `path`; see `OutputFile` for what that may be.
    public func write(path: String, tag: String = "trawl") throws(TrawlError) {
        try OutputFile(path).write(trecText(tag: tag))
    }

    /// The shortest digits that read back as `score`; those of `Float` when it is one.
    private static func digits(_ score: Double) -> String {
        Double(Float(score)) == score ? "\(Float(score))" : "\(score)"
    }
}

extension String {
    /// Whether `self` stands before `other` in the order of their UTF-8 bytes, which is that of C's strcmp.
    func bytesPrecede(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

extension Run {
    /// The run that `rankings` are.
    ///
    /// - Throws: `invalidInput` if a query has two rankings.
    public init(_ rankings: [DocumentRanking]) throws(TrawlError) {
        self.init()
        for ranking in rankings {
            try add(query: ranking.query, ranking.documents.map { Entry($0.document, Double($0.score)) })
        }
    }
}
