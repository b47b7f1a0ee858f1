public import TrawlCore

/// How far queries and judgements belong together: what counts as 0 or not at all is worth knowing.
public struct Coverage: Sendable, Equatable {
    /// The queries that are asked or answered.
    public let queries: Int
    /// Those of them without judgements, which do not count.
    public let unjudged: Int
    /// The queries with judgements.
    public let judged: Int
    /// Those of them that are not asked or answered, which count with 0.
    public let unanswered: Int
    /// The judged documents, and those of them that the index lacks; none where no index is asked.
    public private(set) var documents = 0
    public private(set) var missingDocuments = 0

    /// - Parameter queries: The ids of the queries that are asked or answered.
    /// - Throws: `TrawlError.invalidInput` when none of them has judgements.
    public init(of queries: [String], by qrels: Qrels) throws(TrawlError) {
        // Ids of any kind are the same when their bytes are.
        let names = Set(queries.map { DocumentID(RunColumn.text($0)) })
        let known = Set(qrels.queries.map { DocumentID(RunColumn.text($0)) })
        let common = names.intersection(known).count
        guard common > 0 || names.isEmpty else {
            let example = qrels.queries.first.map { "; the judgements begin with query \($0)" } ?? ""
            throw TrawlError(
                .invalidInput, "none of the queries is judged: the first is \(queries.first ?? "")" + example,
                remedy: "check that queries and judgements belong together")
        }
        self.queries = names.count
        unjudged = names.count - common
        judged = known.count
        unanswered = known.count - common
    }

    /// Counts the judged documents that an index lacks.
    public mutating func countDocuments(
        of qrels: Qrels, where isKnown: (DocumentID) throws -> Bool
    ) rethrows {
        let judged = qrels.queries.reduce(into: Set<DocumentID>()) { $0.formUnion((qrels[$1] ?? [:]).keys) }
        documents = judged.count
        missingDocuments = try judged.count { try !isKnown($0) }
    }

    /// - Parameter what: Where a judged query should be and is not, such as `the run`.
    public func warnings(_ what: String) -> [String] {
        var warnings: [String] = []
        if unjudged > 0 {
            warnings.append("queries without judgements, which do not count: \(unjudged) of \(queries)")
        }
        if unanswered > 0 {
            warnings.append("judged queries that are not in \(what) and count with 0: \(unanswered) of \(judged)")
        }
        if missingDocuments > 0 {
            warnings.append("judged documents that are not in the index: \(missingDocuments) of \(documents)")
        }
        return warnings
    }
}
