import Foundation
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

    /// Reads a TREC run: lines of `query Q0 document rank score tag`. The rank is ignored.
    /// - Throws: an error with file and line for a wrong number of columns, a score that is no number or a document
    ///   that occurs twice for a query.
    public init(path: String) throws(TrawlError) {
        let file = try ColumnFile(path: path)
        var seen: [String: Set<DocumentID>] = [:]
        try file.forEachLine(.blanks) { number, fields throws(TrawlError) in
            guard fields.count == 6 else {
                throw file.error(
                    "the line has \(fields.count) columns, a TREC run has 6", line: number,
                    remedy: "write: query Q0 document rank score tag")
            }
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
        }
    }

    /// The answers to `query` by score, descending, then by the bytes of the document's name, ascending.
    public func ranked(_ query: String) -> [Entry] {
        (entries[query] ?? []).sorted { a, b in
            a.score != b.score ? a.score > b.score : a.document.rawValue.bytesPrecede(b.document.rawValue)
        }
    }

    /// The run as a TREC file. Ranks count from 1 in the order of `ranked`. A score that is a `Float` reads back as the same
    /// `Float`, any other as the same `Double`.
    public func trecText(tag: String = "trawl") throws(TrawlError) -> String {
        var text = ""
        let name = try Self.column(tag)
        for query in queries {
            let column = try Self.column(query)
            for (position, entry) in ranked(query).enumerated() {
                let document = try Self.column(entry.document.rawValue)
                text += "\(column) Q0 \(document) \(position + 1) \(Self.digits(entry.score)) \(name)\n"
            }
        }
        return text
    }

    /// Writes `trecText` to `path`.
    public func write(path: String, tag: String = "trawl") throws(TrawlError) {
        let text = try trecText(tag: tag)
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw TrawlError(.io, "the run cannot be written", path: path, cause: error)
        }
    }

    /// The shortest digits that read back as `score`; those of `Float` when it is one.
    private static func digits(_ score: Double) -> String {
        Double(Float(score)) == score ? "\(Float(score))" : "\(score)"
    }

    private static func column(_ name: String) throws(TrawlError) -> String {
        guard !name.isEmpty, !name.unicodeScalars.contains(where: \.properties.isWhitespace) else {
            throw TrawlError(
                .invalidInput, "the name '\(name)' is empty or holds white space, which a TREC run cannot express",
                remedy: "rename it or write JSON")
        }
        return name
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
