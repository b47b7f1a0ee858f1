public import TrawlCore

/// Queries with the documents that answer them.
public struct JudgedQueries: Sendable {
    /// A query's text and the documents that answer it, as fits and samples take them.
    public typealias Entry = (text: String, relevant: Set<DocumentID>)

    public let queries: [Query]
    /// All judgements, also of queries that are not here.
    public let qrels: Qrels
    private let relevant: [Set<DocumentID>]

    /// No queries.
    public static let none = JudgedQueries(queries: [], qrels: Qrels(), relevant: [])

    private init(queries: [Query], qrels: Qrels, relevant: [Set<DocumentID>]) {
        self.queries = queries
        self.qrels = qrels
        self.relevant = relevant
    }

    /// The queries that have a relevant document which `isKnown`.
    public init(_ queries: [Query], _ qrels: Qrels, where isKnown: (DocumentID) -> Bool = { _ in true }) {
        let found = queries.compactMap { query -> (Query, Set<DocumentID>)? in
            let relevant = (qrels[query.id] ?? [:]).filter { $0.value > 0 && isKnown($0.key) }
            return relevant.isEmpty ? nil : (query, Set(relevant.keys))
        }
        self.init(queries: found.map(\.0), qrels: qrels, relevant: found.map(\.1))
    }

    /// Texts that each belong to one document, as titles do.
    public init(texts: [(text: String, document: DocumentID)]) {
        self.init(
            queries: texts.enumerated().map { Query(id: "\($0.offset)", text: $0.element.text) }, qrels: Qrels(),
            relevant: texts.map { [$0.document] })
    }

    public var count: Int { queries.count }

    public var entries: [Entry] { zip(queries, relevant).map { (text: $0.text, relevant: $1) } }

    /// The texts of the queries that each document answers, in the order of the queries.
    public var byDocument: [DocumentID: [String]] {
        entries.reduce(into: [:]) { texts, entry in
            for document in entry.relevant { texts[document, default: []].append(entry.text) }
        }
    }

    /// At most `limit` of them at equal distances, for neighbours may be alike.
    ///
    /// - Parameter round: Others in the next round, as far as there are.
    public func spread(_ limit: Int, round: Int = 0) -> JudgedQueries {
        let count = min(limit, self.count)
        return chosen((0..<count).map { ($0 * self.count / count + round) % self.count })
    }

    /// Most to train on, and a held-out share: none when that would be fewer than `fewest`, and never more than `most`.
    public func split(heldOut share: Double, fewest: Int, most: Int) -> (trained: JudgedQueries, heldOut: JudgedQueries)
    {
        let count = min(Int(Double(self.count) * share), most)
        guard count >= fewest, count > 0 else { return (self, .none) }
        let step = self.count / count
        let isHeldOut = { (position: Int) in position % step == 0 && position / step < count }
        return (
            chosen(queries.indices.filter { !isHeldOut($0) }), chosen(queries.indices.filter(isHeldOut))
        )
    }

    private func chosen(_ positions: [Int]) -> JudgedQueries {
        JudgedQueries(queries: positions.map { queries[$0] }, qrels: qrels, relevant: positions.map { relevant[$0] })
    }
}
