public import TrawlCore
public import TrawlEngine
public import TrawlEvaluation

/// Evaluates searches of an index against judgements.
public struct IndexEvaluation {
    private let engine: Engine
    private let index: SearchIndex
    /// The judged queries.
    public let queries: [Query]
    public let qrels: Qrels
    public let measures: [Measure]
    private let answered: Coverage

    /// - Parameter queries: those without judgements are left out.
    /// - Throws: `TrawlError.invalidInput` when none of the queries is judged.
    public init(
        _ engine: Engine, _ index: SearchIndex, queries: [Query], qrels: Qrels, measures: [Measure],
        firstQueries: Int? = nil
    ) throws {
        answered = try Coverage(of: queries.map(\.id), by: qrels)
        let judged = queries.filter { qrels[$0.id] != nil }
        guard !judged.isEmpty else {
            throw TrawlError(
                .invalidInput, "none of the queries is judged",
                remedy: "check that queries and judgements belong together")
        }
        self.engine = engine
        self.index = index
        self.queries = Array(judged.prefix(firstQueries ?? judged.count))
        self.qrels = firstQueries == nil ? qrels : try qrels.restricted(to: self.queries.map(\.id))
        self.measures = measures
    }

    /// How far queries, judgements and index belong together.
    ///
    /// - Complexity: one look-up for each judged document.
    public func coverage() throws -> Coverage {
        var coverage = answered
        try coverage.countDocuments(of: qrels) { try index.documents.contains($0) }
        return coverage
    }

    /// The scores of one way to search.
    public struct Result: Sendable {
        public let mode: SearchMode
        public let run: Run
        public let report: Report
        /// For each retrieval method that approximates, the share of an exact search's 10 best passages that it finds.
        public let recall: [(method: String, recall: Double)]
    }

    /// Searches for all queries and compares the documents with the judgements.
    ///
    /// - Parameter measuresRecall: Whether approximate methods are compared with exact ones, which searches once more.
    public func evaluate(
        _ settings: SearchSettings, measuresRecall: Bool = false, progress: any ProgressReporter = .silent
    ) throws -> Result {
        var settings = settings
        // Judgements are of documents.
        settings.collapsesDocuments = true
        let session = try engine.session(index, settings)
        let run = try Run(session.rankDocuments(queries, progress: progress))
        return Result(
            mode: session.settings.mode ?? .hybrid, run: run, report: try Report(of: run, against: qrels, measures),
            recall: measuresRecall ? try session.recallOfExactSearch(queries) : [])
    }
}
