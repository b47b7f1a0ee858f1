public import TrawlCore

/// What a retrieval method knows of a query and of passages beside its ranking: features of a fitted fusion.
public struct RetrievalEvidence {
    /// The names of the features, such as `share of terms`. They do not change from query to query.
    public struct Names: Equatable, Sendable {
        public let query: [String]
        public let passage: [String]

        public static let none = Names(query: [], passage: [])

        public init(query: [String], passage: [String]) {
            self.query = query
            self.passage = passage
        }
    }

    /// By position in `Names.query`.
    public let query: [Float]
    /// A row for each passage, by position in `Names.passage`. The passages need not be in the method's ranking.
    public let passages: ([PassageID]) throws -> [[Float]]

    public init(query: [Float], passages: @escaping ([PassageID]) throws -> [[Float]]) {
        self.query = query
        self.passages = passages
    }
}
