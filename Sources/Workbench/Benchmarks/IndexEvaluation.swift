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
        let judged = queries.filter { qrels.contains($0.id) }
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
        /// As they were resolved.
        public let settings: SearchSettings
        public let run: Run
        public let report: Report
        public let cost: RunRecord.Cost
        /// For each retrieval method that approximates, the share of an exact search's 10 best passages that it finds.
        public let recall: [(method: String, recall: Double)]

        public var mode: SearchMode { settings.mode ?? .hybrid }
    }

    /// Searches for all queries and compares the documents with the judgements.
    ///
    /// - Parameters:
    ///   - measuresRecall: Whether approximate methods are compared with exact ones, which searches once more.
    ///   - timedQueries: How many queries at most are searched once more, one by one for ten seconds at most, to time them.
    public func evaluate(
        _ settings: SearchSettings, measuresRecall: Bool = false, timedQueries: Int = 0,
        progress: any ProgressReporter = .silent
    ) throws -> Result {
        var settings = settings
        // Judgements are of documents.
        settings.collapsesDocuments = true
        PeakMemory.reset()
        let session = try engine.session(index, settings)
        let (run, seconds) = try timed { try Run(session.rankDocuments(queries, progress: progress)) }
        let timing = try SearchTiming(queries, count: timedQueries) { _ = try session.rankDocuments([$0]) }
        return Result(
            settings: session.settings, run: run, report: try Report(of: run, against: qrels, measures),
            cost: cost(queries.count, seconds, timing),
            recall: measuresRecall ? try session.recallOfExactSearch(queries) : [])
    }

    /// Reranks the documents of a run with the texts of the index, and compares them with the judgements.
    ///
    /// - Parameters:
    ///   - run: Queries without judgements are left out.
    ///   - settings: Whose rerankers are applied.
    /// - Returns: The result, and how many of the run's documents the index lacks.
    /// - Throws: `TrawlError.invalidInput` for a query of the run whose text is not known.
    public func rerank(
        _ run: Run, _ settings: SearchSettings, timedQueries: Int = 0, progress: any ProgressReporter = .silent
    ) throws -> (result: Result, missing: Int) {
        PeakMemory.reset()
        let reranker = try engine.runReranker(index, settings)
        let answered = queries.filter { run[$0.id] != nil }
        guard !answered.isEmpty else {
            throw TrawlError(
                .invalidInput, "the run answers none of the queries",
                remedy: "check that queries, judgements and run belong together")
        }
        func candidates(_ query: Query) -> DocumentRanking {
            DocumentRanking(
                query: query.id,
                documents: run.ranked(query.id).map { DocumentScore(document: $0.document, score: Float($0.score)) })
        }
        progress.begin("reranking", total: answered.count, unit: "queries")
        defer { progress.end() }
        var missing = 0
        var notes = RerankNotes()
        let (reranked, seconds) = try timed {
            try Run(
                answered.map { query in
                    let found = try reranker.rerank(candidates(query), query: query.text)
                    missing += found.missing
                    notes.add(found.notes)
                    progress.advance(1)
                    return found.ranking
                })
        }
        if let message = notes.message(of: answered.count) { progress.warn(message) }
        let timing = try SearchTiming(answered, count: timedQueries) {
            _ = try reranker.rerank(candidates($0), query: $0.text)
        }
        let result = Result(
            settings: settings, run: reranked, report: try Report(of: reranked, against: qrels, measures),
            cost: cost(answered.count, seconds, timing), recall: [])
        return (result, missing)
    }

    private func cost(_ count: Int, _ seconds: Double, _ timing: SearchTiming) -> RunRecord.Cost {
        RunRecord.Cost(
            queries: count, seconds: seconds, medianMilliseconds: timing.percentile(0.5),
            percentile95Milliseconds: timing.percentile(0.95), peakMemory: PeakMemory.bytes,
            indexBytes: index.summary.bytesOnDisk)
    }

    private func timed<Value>(_ body: () throws -> Value) rethrows -> (Value, seconds: Double) {
        let clock = ContinuousClock()
        let begin = clock.now
        let value = try body()
        return (value, begin.duration(to: clock.now) / .seconds(1))
    }
}
