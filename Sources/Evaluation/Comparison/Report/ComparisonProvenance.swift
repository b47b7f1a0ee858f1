/// What a comparison was made of, besides its runs.
public struct ComparisonProvenance: Sendable, Equatable, Encodable {
    /// The version of the program.
    public var version: String
    /// The command line.
    public var command: [String]
    public var qrels: RunRecord.Source?
    /// What gave the texts of queries and documents.
    public var queries: RunRecord.Source?
    public var corpus: RunRecord.Source?

    public init(
        version: String = "", command: [String] = [], qrels: RunRecord.Source? = nil, queries: RunRecord.Source? = nil,
        corpus: RunRecord.Source? = nil
    ) {
        self.version = version
        self.command = command
        self.qrels = qrels
        self.queries = queries
        self.corpus = corpus
    }
}
