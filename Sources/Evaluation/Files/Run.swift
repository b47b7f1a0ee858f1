public import TrawlCore

/// What a system answered: for every query, documents with scores (higher is better).
///
/// The order of the documents is given by the scores alone; see `Measure` for ties.
public struct Run: Sendable {
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
    /// What was decided in reading the file, such as that its first line is a header.
    public internal(set) var notes: [String] = []
    /// What may be a mistake in the file, such as ranks that contradict the scores.
    public internal(set) var warnings: [String] = []

    private var numbers = NameTable()
    /// The answers of all queries, those of a query side by side.
    private var rows: [Row] = []
    private var ranges: [Range<Int>] = []
    /// The bytes that the rows' names are in: those of a file, or one name after the other.
    private var names: [UInt8] = []
    /// Whether a document's name holds white space.
    private var holdsBlanks = false

    /// An answer whose document is named by a part of `names`.
    struct Row: Sendable {
        let start: Int
        let score: Double
        let length: UInt32
        let hash: UInt32

        func name(in names: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: names[start..<start + Int(length)])
        }
    }

    public init() {}

    /// The answers to `query` in the order in which they were given, nil if the run does not name it.
    ///
    /// - Complexity: O(answers to the query).
    public subscript(query: String) -> [Entry]? {
        numbers.number(of: query).map { rows[ranges[$0]].map(entry) }
    }

    /// Adds the answers to a query.
    /// - Throws: `invalidInput` if the query was added before, a document occurs twice or a score is not a number.
    public mutating func add(query: String, _ answers: [Entry]) throws(TrawlError) {
        guard numbers.number(of: query) == nil else {
            throw TrawlError(.invalidInput, "the run names query \(query) twice")
        }
        var seen = Set<DocumentID>(minimumCapacity: answers.count)
        for answer in answers {
            guard !answer.score.isNaN else {
                throw TrawlError(
                    .invalidInput, "the score of document \(answer.document) for query \(query) is not a number")
            }
            guard seen.insert(answer.document).inserted else {
                throw TrawlError(.invalidInput, "document \(answer.document) occurs twice for query \(query)")
            }
        }
        let first = rows.count
        for answer in answers { append(answer) }
        queries.append(query)
        _ = numbers.insert(query)
        ranges.append(first..<rows.count)
    }

    /// The run without the documents that have the id of their query, as collections want it whose queries are documents.
    public func excludingQueryDocuments() -> Run {
        var run = self
        run.rows = []
        run.rows.reserveCapacity(rows.count)
        for (number, query) in queries.enumerated() {
            let first = run.rows.count
            run.rows += rows[ranges[number]].filter { !name(of: $0).utf8.elementsEqual(query.utf8) }
            run.ranges[number] = first..<run.rows.count
        }
        return run
    }

    /// The answers to `query` by score, descending, then by the bytes of the document's name, ascending.
    public func ranked(_ query: String) -> [Entry] {
        (self[query] ?? []).sorted { a, b in a.score != b.score ? a.score > b.score : a.document < b.document }
    }

    private mutating func append(_ answer: Entry) {
        var name = answer.document.rawValue
        let start = names.count
        let hash = name.withUTF8 { bytes in
            names.append(contentsOf: bytes)
            return NameTable.hash(bytes)
        }
        rows.append(Row(start: start, score: answer.score, length: UInt32(names.count - start), hash: hash))
        holdsBlanks = holdsBlanks || RunColumn.needsEncoding(name)
    }

    private func entry(_ row: Row) -> Entry { Entry(DocumentID(name(of: row)), row.score) }

    private func name(of row: Row) -> String {
        String(decoding: names[row.start..<row.start + Int(row.length)], as: UTF8.self)
    }
}

extension Run: Equatable {
    /// Whether both have the same queries with the same answers in the same order.
    public static func == (a: Run, b: Run) -> Bool {
        a.queries.elementsEqual(b.queries) { $0.utf8.elementsEqual($1.utf8) }
            && a.queries.allSatisfy { a[$0] == b[$0] }
    }
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

    /// The answers of a file: `rows` name parts of `names`, and those of query `i` are in `ranges[i]`.
    init(queries: NameTable, rows: [Row], ranges: [Range<Int>], names: [UInt8], holdsBlanks: Bool) {
        self.queries = (0..<queries.count).map(queries.name)
        numbers = queries
        self.rows = rows
        self.ranges = ranges
        self.names = names
        self.holdsBlanks = holdsBlanks
    }

    /// Answers as measures read them.
    struct Answers {
        let rows: UnsafeBufferPointer<Row>
        let names: UnsafeBufferPointer<UInt8>
        let holdBlanks: Bool
    }

    /// Calls `body` with the answers of all queries and the place of each query's among them, nil for what the run does
    /// not name. A query with white space is found in either spelling.
    func withAnswers<Result>(
        to queries: [String], _ body: (Answers, [Range<Int>?]) throws -> Result
    ) rethrows -> Result {
        let places = queries.map { query in
            (numbers.number(of: query) ?? numbers.number(of: RunColumn.text(query))).map { ranges[$0] }
        }
        return try rows.withUnsafeBufferPointer { rows in
            try names.withUnsafeBufferPointer { names in
                try body(Answers(rows: rows, names: names, holdBlanks: holdsBlanks), places)
            }
        }
    }
}
