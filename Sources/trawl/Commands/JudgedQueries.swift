import TrawlCore
import TrawlCorpus
import TrawlEvaluation

/// Queries of which it is known which documents answer them.
struct JudgedQueries {
    let queries: [Query]
    let qrels: Qrels
    private let relevant: [Set<DocumentID>]

    static let none = JudgedQueries(queries: [], qrels: Qrels(), relevant: [])

    private init(queries: [Query], qrels: Qrels, relevant: [Set<DocumentID>]) {
        self.queries = queries
        self.qrels = qrels
        self.relevant = relevant
    }

    /// Reads the queries that have a relevant document which `isKnown`.
    ///
    /// - Throws: `TrawlError.invalidInput` when there is none.
    init(queries path: String, qrels qrelsPath: String, where isKnown: (DocumentID) -> Bool = { _ in true }) throws {
        let qrels = try Qrels(path: qrelsPath)
        let found = try QueryReader().read(path).compactMap { query -> (Query, Set<DocumentID>)? in
            let relevant = (qrels[query.id] ?? [:]).filter { $0.value > 0 && isKnown($0.key) }
            return relevant.isEmpty ? nil : (query, Set(relevant.keys))
        }
        guard !found.isEmpty else {
            throw TrawlError(
                .invalidInput, "no query of \(path) has a relevant document here", path: qrelsPath,
                remedy: "check that queries, judgements and corpus belong together")
        }
        self.init(queries: found.map(\.0), qrels: qrels, relevant: found.map(\.1))
    }

    /// Texts that each belong to one document, as titles do.
    init(texts: [(text: String, document: DocumentID)]) {
        self.init(
            queries: texts.enumerated().map { Query(id: "\($0.offset)", text: $0.element.text) }, qrels: Qrels(),
            relevant: texts.map { [$0.document] })
    }

    var count: Int { queries.count }

    /// As fits and samples take them.
    var entries: [(text: String, relevant: Set<DocumentID>)] {
        zip(queries, relevant).map { (text: $0.text, relevant: $1) }
    }

    /// The texts of the queries that each document answers, in the order of the file.
    var byDocument: [DocumentID: [String]] {
        entries.reduce(into: [:]) { texts, entry in
            for document in entry.relevant { texts[document, default: []].append(entry.text) }
        }
    }

    /// At most `limit` of them, spread over the file, for neighbours may be alike.
    ///
    /// - Parameter round: Others in the next round, as far as there are.
    func spread(_ limit: Int, round: Int = 0) -> JudgedQueries {
        let count = min(limit, self.count)
        return chosen((0..<count).map { ($0 * self.count / count + round) % self.count })
    }

    /// Most to train on, and a share that is kept from that: none when that would be fewer than `fewest`.
    func split(heldOut share: Double, fewest: Int, most: Int) -> (trained: JudgedQueries, heldOut: JudgedQueries) {
        let count = min(Int(Double(self.count) * share), most)
        guard count >= fewest else { return (self, .none) }
        let step = self.count / count
        let isHeldOut = { (place: Int) in place % step == 0 && place / step < count }
        return (
            chosen(queries.indices.filter { !isHeldOut($0) }), chosen(queries.indices.filter(isHeldOut))
        )
    }

    private func chosen(_ places: [Int]) -> JudgedQueries {
        JudgedQueries(queries: places.map { queries[$0] }, qrels: qrels, relevant: places.map { relevant[$0] })
    }
}
