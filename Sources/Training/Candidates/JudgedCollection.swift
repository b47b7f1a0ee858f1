public import TrawlCore
internal import TrawlModels

/// A judged query with the passages that a first stage found for it.
public struct JudgedRanking: Sendable {
    /// A passage in the ranking of a query.
    public struct Candidate: Sendable {
        /// The number of the passage in its collection.
        public let passage: Int
        /// The score of the first stage.
        public let score: Float
        /// The score of a teacher, which losses may take.
        public let teacher: Float
        public let isRelevant: Bool

        public init(passage: Int, score: Float, teacher: Float = 0, isRelevant: Bool) {
            (self.passage, self.score, self.teacher, self.isRelevant) = (passage, score, teacher, isRelevant)
        }
    }

    /// The tokens of the query.
    public let tokens: [TokenID]
    /// Best first; relevant ones that were not found may follow at the end, with the score -infinity.
    public let ranking: [Candidate]

    public init(tokens: [TokenID], ranking: [Candidate]) {
        (self.tokens, self.ranking) = (tokens, ranking)
    }

    /// The positions of relevant candidates.
    var relevant: [Int] { ranking.indices.filter { ranking[$0].isRelevant } }

    /// The positions of the best candidates that count as irrelevant, best first.
    ///
    /// - Parameters:
    ///   - hardest: How many.
    ///   - margin: A passage whose score exceeds that of the best relevant one, less this share of it, is not taken as irrelevant
    ///     (Moreira et al. 2024, arXiv 2407.15831); nil takes all, and so does a query whose relevant passages were not found.
    func irrelevant(hardest: Int, margin: Double?) -> [Int] {
        var limit = Float.infinity
        if let margin, let best = ranking.filter(\.isRelevant).map(\.score).max(), best.isFinite {
            limit = best - Float(margin) * abs(best)
        }
        return Array(
            ranking.indices.filter { !ranking[$0].isRelevant && ranking[$0].score <= limit }.prefix(hardest))
    }
}

/// The judged queries of a collection and the passages that were found for them.
public struct JudgedCollection: Sendable {
    /// The tokens of each passage.
    public let passages: [[TokenID]]
    /// The number of the document of each passage; empty where nobody asks.
    public let documents: [Int]
    public let queries: [JudgedRanking]

    public init(passages: [[TokenID]], documents: [Int] = [], queries: [JudgedRanking]) {
        precondition(documents.isEmpty || documents.count == passages.count, "a document per passage")
        (self.passages, self.documents, self.queries) = (passages, documents, queries)
    }
}

extension [JudgedCollection] {
    /// The highest token of all queries and passages.
    var highestToken: Int {
        Int(
            lazy.flatMap { collection in
                [collection.passages, collection.queries.map(\.tokens)].lazy.map {
                    $0.lazy.map { $0.max() ?? 0 }.max() ?? 0
                }
            }.max() ?? 0)
    }

    /// Identifies queries, passages and rankings.
    var digest: String {
        var hash = StableHash()
        for collection in self {
            for tokens in collection.passages + collection.queries.map(\.tokens) {
                tokens.withUnsafeBytes { hash.update($0) }
                hash.update("\(tokens.count)")
            }
            for candidate in collection.queries.lazy.flatMap(\.ranking) {
                hash.update("\(candidate.passage) \(candidate.isRelevant) \(candidate.teacher.bitPattern)")
            }
        }
        return hash.hexadecimal
    }
}
