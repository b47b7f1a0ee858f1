public import TrawlCore

/// What the systems found for the queries on which they differ most under the first measure.
public struct HitComparison: Sendable {
    /// A document that a system found, or that is judged relevant.
    struct Hit: Sendable {
        let document: DocumentID
        /// Nil if it is not judged.
        let grade: Int?
    }

    struct Row: Sendable {
        let query: String
        /// By system.
        let scores: [Double]
        let hits: [[Hit]]
        /// The relevant documents, those that a system ranks highest first, with their ranks by system.
        let relevant: [(hit: Hit, ranks: [Int?])]
        /// How many there are, of which `relevant` lists the first.
        let relevantCount: Int
    }

    let rows: [Row]
    /// The documents and queries shown, as runs spell their names.
    private let shown: Set<String>
    private let shownQueries: Set<String>

    static let mostRelevant = 5

    /// - Parameters:
    ///   - queries: How many queries to show at most. Those on which all systems score the same are not.
    ///   - depth: How many documents of each system.
    public init(of comparison: RunComparison, queries limit: Int = 10, depth: Int = 10) {
        let ranges = comparison.queries.indices.map { row in
            let scores = comparison.reports.map { $0.perQuery[row][0] }
            return (scores.max() ?? 0) - (scores.min() ?? 0)
        }
        let chosen = ranges.indices.filter { ranges[$0] > 1e-12 }
            .sorted { (ranges[$1], $0) < (ranges[$0], $1) }.prefix(limit)
        rows = chosen.map { row in
            let query = comparison.queries[row]
            let grades = Dictionary(
                (comparison.qrels[query] ?? [:]).map { (RunColumn.text($0.key.rawValue), $0.value) },
                uniquingKeysWith: { first, _ in first })
            let rankings = comparison.systems.map { $0.run.trecRanking(query) }
            let relevant = Self.relevant(comparison.qrels[query] ?? [:], rankings)
            return Row(
                query: query, scores: comparison.reports.map { $0.perQuery[row][0] },
                hits: rankings.map {
                    $0.prefix(depth).map {
                        Hit(document: $0.document, grade: grades[RunColumn.text($0.document.rawValue)])
                    }
                },
                relevant: Array(relevant.prefix(Self.mostRelevant)), relevantCount: relevant.count)
        }
        shownQueries = Set(rows.map { RunColumn.text($0.query) })
        var shown: Set<String> = []
        for row in rows {
            for hit in row.hits.joined() { shown.insert(RunColumn.text(hit.document.rawValue)) }
            for (hit, _) in row.relevant { shown.insert(RunColumn.text(hit.document.rawValue)) }
        }
        self.shown = shown
    }

    /// The documents that are shown, as the runs and judgements name them.
    public var documents: [DocumentID] { shown.sorted().map { DocumentID($0) } }

    /// Whether a document of this name is shown.
    public func shows(_ document: DocumentID) -> Bool { shown.contains(RunColumn.text(document.rawValue)) }

    /// Whether a query of this name is shown.
    public func shows(query: String) -> Bool { shownQueries.contains(RunColumn.text(query)) }

    private static func relevant(
        _ grades: [DocumentID: Int], _ rankings: [[Run.Entry]]
    ) -> [(hit: Hit, ranks: [Int?])] {
        let positions = rankings.map { ranking in
            Dictionary(
                ranking.enumerated().map { (RunColumn.text($1.document.rawValue), $0 + 1) }, uniquingKeysWith: min)
        }
        let relevant = grades.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { document, grade in
            let name = RunColumn.text(document.rawValue)
            return (hit: Hit(document: document, grade: grade), ranks: positions.map { $0[name] })
        }
        func best(_ ranks: [Int?]) -> Int { ranks.compactMap { $0 }.min() ?? Int.max }
        return relevant.enumerated().sorted { a, b in
            (best(a.element.ranks), a.offset) < (best(b.element.ranks), b.offset)
        }.map(\.element)
    }
}

extension Run {
    /// The answers to a query in trec_eval's order, which nDCG and AP see: 32-bit scores, ties by the greater name.
    func trecRanking(_ query: String) -> [Entry] {
        (self[query] ?? self[RunColumn.text(query)] ?? []).sorted { a, b in
            let (x, y) = (Float(a.score), Float(b.score))
            return x != y ? x > y : b.document.rawValue.utf8.lexicographicallyPrecedes(a.document.rawValue.utf8)
        }
    }
}

/// The texts of queries and documents, by which one can read a comparison of hits.
public struct ComparisonTexts: Sendable {
    private var queries: [String: String] = [:]
    private var documents: [String: (title: String, text: String)] = [:]

    public init() {}

    public mutating func add(query: String, text: String) { queries[RunColumn.text(query)] = text }

    public mutating func add(_ document: DocumentID, title: String, text: String) {
        documents[RunColumn.text(document.rawValue)] = (title, text)
    }

    public var isEmpty: Bool { documents.isEmpty }

    subscript(query query: String) -> String? { queries[RunColumn.text(query)] }

    subscript(document: DocumentID) -> (title: String, text: String)? {
        documents[RunColumn.text(document.rawValue)]
    }
}
