public import TrawlCore
public import TrawlEngine
import TrawlEvaluation
public import TrawlTraining
import TrawlVectorIndex

/// Fits the query adapter of an index to judged queries, and says what it is worth.
///
/// Queries are held out twice: by chance, as later queries are like the judged ones, and so that no document which answers a
/// held-out query answers another, as later queries may ask for new documents. The strength of the map and of the memory is
/// the one that is best for the first and costs the second nothing.
public struct QueryAdapterTraining: Sendable {
    public var fit = QueryAdapterFit()
    /// The most queries.
    public var limit = 3000
    /// Whether judged queries are remembered.
    public var remembers = true
    /// Whether a map moves queries.
    public var moves = true
    /// The highest chance of an improvement by accident at which an adapter is worth keeping.
    public var significance = 0.05

    private static let folds = 4
    /// The fewest queries that are worth a try, and those that make a fit to rely on.
    private static let fewest = 20
    private static let many = 100

    public init() {}

    /// A way of searching with its quality on held-out queries.
    public struct Row: Codable, Sendable {
        /// `as it is`, `map`, `memory` or `map and memory`.
        public let search: String
        /// nDCG@10 of dense search, cross-validated.
        public let score: Double
        /// The same where no document that answers the query answered another; nil where such queries cannot be told apart.
        public let newDocuments: Double?
        /// The chance of such a difference by accident, by Fisher's randomisation test, and the queries that are better and
        /// worse; nil for the search as it is.
        public let chance: Double?
        public let wins: Int?
        public let losses: Int?

        enum CodingKeys: String, CodingKey {
            case search, score, chance, wins, losses
            case newDocuments = "new_documents"
        }
    }

    public struct Report: Codable, Sendable {
        public let queries: Int
        public let rows: [Row]
        /// The share of the map that is kept, and the weight and threshold of the memory; nil for no memory.
        public let strength: Float
        public let weight: Float?
        public let threshold: Float?
        /// Whether the last row is significantly better than the first.
        public let improves: Bool
    }

    /// - Throws: `TrawlError` for too few queries, or an index without vectors that are compared by cosines;
    ///   `CancellationError` when it was cancelled.
    public func run(
        _ judged: JudgedIndex, _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> (adapter: QueryAdapter, report: Report) {
        let queries = judged.queries.spread(limit)
        guard queries.count >= Self.fewest else {
            throw TrawlError(
                .invalidInput, "\(queries.count) judged queries are too few to fit an adapter to",
                path: judged.index.path, remedy: "give \(Self.fewest) or more")
        }
        if queries.count < Self.many {
            progress.warn("\(queries.count) judged queries are few: give \(Self.many) for a fit to rely on")
        }
        if queries.count < judged.queries.count {
            progress.note("\(queries.count) of \(judged.queries.count) queries are used")
        }
        let pool = try QueryAdapterPool(queries, of: judged.index, engine, Self.settings(of: judged.index))
        let folds = QueryFolds(queries.count, parts: Self.folds, seed: fit.seed)
        let disjoint = QueryFolds(
            disjoint: pool.answers.map { $0.map(\.document) }, parts: Self.folds, seed: fit.seed)
        if disjoint == nil {
            progress.note(
                "most queries share documents, so that queries about new documents are not evaluated apart")
        }
        progress.begin("fitting", total: Self.folds * (disjoint == nil ? 1 : 2) + 1, unit: "fits")
        defer { progress.end() }
        let validation = try QueryAdapterValidation(
            queries, folds: folds, rankings: rankings(pool, folds, progress, cancellation),
            newRankings: disjoint.map { try rankings(pool, $0, progress, cancellation) } ?? [])
        let all = QueryAdapterChoice.all
        let choices = all.indices.filter { isAllowed(all[$0]) }
        let best = all[validation.best(of: choices)]
        var adapter = try self.adapter(pool, Array(queries.queries.indices), cancellation).scaled(by: best.strength)
        adapter.memory = best.memory.map {
            pool.memory(of: Array(queries.queries.indices), weight: $0.weight, threshold: $0.threshold)
        }
        progress.advance(1)
        return (adapter, try report(validation, choices, best))
    }

    private func isAllowed(_ choice: QueryAdapterChoice) -> Bool {
        (moves || choice.strength == 0) && (remembers || choice.memory == nil)
    }

    /// An adapter that was fitted to some of the queries, without a memory.
    private func adapter(
        _ pool: QueryAdapterPool, _ queries: [Int], _ cancellation: Cancellation
    ) throws -> QueryAdapter {
        guard moves else {
            return QueryAdapter(dimension: pool.searcher.dimension, queries: queries.count, embedder: pool.embedder)
        }
        let fitted = try fit.fitted(pool.examples.chosen(queries), cancellation: cancellation)
        return QueryAdapter(
            down: fitted.down, up: fitted.up, bias: fitted.bias, queries: queries.count, embedder: pool.embedder)
    }

    /// What each choice finds for each query when it is held out with its fold: by choice, then by query.
    private func rankings(
        _ pool: QueryAdapterPool, _ folds: QueryFolds, _ progress: any ProgressReporter, _ cancellation: Cancellation
    ) throws -> [[DocumentRanking]] {
        let empty = pool.judged.queries.map { DocumentRanking(query: $0.id, documents: []) }
        var rankings = QueryAdapterChoice.all.map { _ in empty }
        for part in folds.parts.indices {
            if cancellation.isCancelled { throw CancellationError() }
            let (held, others) = (folds.parts[part], folds.others(than: part))
            let adapter = try adapter(pool, others, cancellation)
            let memories = QueryAdapterChoice.memories.map { memory in
                memory.map { pool.memory(of: others, weight: $0.weight, threshold: $0.threshold) }
            }
            var choice = 0
            for strength in QueryAdapterChoice.strengths {
                for ranked in try pool.rankings(of: held, adapter.scaled(by: strength), memories) {
                    for (query, ranking) in zip(held, ranked) { rankings[choice][query] = ranking }
                    choice += 1
                }
            }
            progress.advance(1)
        }
        return rankings
    }

    private func report(
        _ validation: QueryAdapterValidation, _ choices: [Int], _ best: QueryAdapterChoice
    ) throws -> Report {
        let all = QueryAdapterChoice.all
        let present = try validation.report([0])
        func row(_ search: String, _ choices: [Int]) throws -> Row {
            let report = try validation.report(choices)
            let comparison =
                choices == [0] ? nil : try Comparison(QueryAdapterPool.measure(), from: present, to: report)
            return Row(
                search: search, score: report.means[0],
                newDocuments: validation.knowsNewDocuments
                    ? try validation.report(choices, onNewDocuments: true).means[0] : nil,
                chance: comparison?.randomisation, wins: comparison?.wins, losses: comparison?.losses)
        }
        var rows = [try row("as it is", [0])]
        if moves { rows.append(try row("map", choices.filter { all[$0].memory == nil })) }
        if remembers { rows.append(try row("memory", choices.filter { all[$0].strength == 0 })) }
        if moves, remembers { rows.append(try row("map and memory", choices)) }
        let last = rows[rows.count - 1]
        return Report(
            queries: validation.count, rows: rows, strength: best.strength, weight: best.memory?.weight,
            threshold: best.memory?.threshold,
            improves: last.score > rows[0].score && (last.chance ?? 1) <= significance)
    }

    /// Dense search as it would be without an adapter.
    private static func settings(of index: SearchIndex) -> SearchSettings {
        var settings = index.settings
        settings.dense.usesAdapter = false
        return settings
    }
}
