import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlLexicalIndex

/// The defaults that held-out queries have approved so far.
struct AdaptationState {
    private(set) var settings: SearchSettings
    private(set) var trials: [IndexAdaptation.Trial] = []
    /// The index, with the query adapter if that was approved.
    private(set) var index: SearchIndex
    /// The query adapter that was approved.
    private(set) var adapter: QueryAdapter?
    private let engine: Engine
    private let heldOut: JudgedQueries
    /// Those of the held-out queries that must not be forgotten, and the others.
    private let earlier, arrived: [Query]
    private let bounds: (significance: Double, forgotten: Double)
    private let progress: any ProgressReporter

    /// - Parameter bounds: The highest chance of an improvement by accident, and the most that `earlier` queries may lose.
    init(
        _ engine: Engine, _ index: SearchIndex, heldOut: JudgedQueries, earlier: [Query],
        bounds: (significance: Double, forgotten: Double), _ progress: any ProgressReporter
    ) {
        settings = index.settings
        (self.engine, self.index, self.heldOut) = (engine, index, heldOut)
        (self.earlier, self.bounds, self.progress) = (earlier, bounds, progress)
        let known = Set(earlier.map(\.id))
        arrived = heldOut.queries.filter { !known.contains($0.id) }
    }

    var isChanged: Bool { trials.contains(where: \.isKept) }

    /// Keeps `changed` if searches of `mode` are better by it and earlier queries lose little.
    ///
    /// - Parameter other: The index that is searched with the change; nil: the same.
    /// - Returns: whether the change is kept.
    @discardableResult
    mutating func tryChange(
        _ name: String, _ mode: SearchMode, _ changed: SearchSettings, in other: SearchIndex? = nil
    ) throws -> Bool {
        func run(_ index: SearchIndex, _ settings: SearchSettings) throws -> JudgedRun {
            var settings = settings
            settings.mode = mode
            return try Self.run(engine, index, settings, heldOut)
        }
        return try decide(name, changed, from: run(index, settings), to: run(other ?? index, changed))
    }

    /// Keeps a query adapter that was fitted to none of the held-out queries if dense searches are better by it.
    mutating func tryAdapter(_ adapter: QueryAdapter) throws {
        let adapted = try index.with(adapter)
        var changed = settings
        changed.dense.usesAdapter = true
        guard try tryChange("adapter", .dense, changed, in: adapted) else { return }
        (index, self.adapter) = (adapted, adapter)
    }

    /// Keeps a reranker if searches with the settings `searched` are better by it.
    mutating func tryReranker(_ reranker: RerankSettings, searching searched: SearchSettings) throws {
        var changed = settings
        changed.rerankers = [reranker]
        let found = try FoundPassages(engine, index, searched, heldOut, depth: reranker.depth)
        try decide("reranker", changed, from: found.run(), to: found.run(by: engine.runReranker(index, changed)))
    }

    /// The same by what the held-out queries found before and after the change.
    ///
    /// - Returns: whether the change is kept.
    @discardableResult
    mutating func decide(_ name: String, _ changed: SearchSettings, from old: JudgedRun, to new: JudgedRun) throws
        -> Bool
    {
        let (before, after) = try (old.report(heldOut.queries), new.report(heldOut.queries))
        let comparison = try Comparison(before.measures[0], from: before, to: after)
        func scores(_ queries: [Query]) throws -> IndexAdaptation.Trial.Scores? {
            if queries.isEmpty { return nil }
            return .init(before: try old.report(queries).means[0], after: try new.report(queries).means[0])
        }
        let known = try scores(earlier)
        let isKept =
            comparison.difference > 0 && comparison.randomisation <= bounds.significance
            && known.map { $0.after >= $0.before - bounds.forgotten } ?? true
        trials.append(
            .init(
                change: name, before: before.means[0], after: after.means[0], earlier: known,
                new: known == nil ? nil : try scores(arrived), chance: comparison.randomisation, isKept: isKept))
        if isKept { settings = changed }
        let ofEarlier = known.map {
            " (\(earlier.count) of earlier documents: \(fixed($0.before, 4)), then \(fixed($0.after, 4)))"
        }
        progress.note(
            "\(name): nDCG@10 of \(heldOut.count) held-out queries \(fixed(before.means[0], 4)), then "
                + "\(fixed(after.means[0], 4))\(ofEarlier ?? ""), p = \(fixed(comparison.randomisation, 3)): "
                + (isKept ? "kept" : "not kept"))
        return isKept
    }

    static func run(
        _ engine: Engine, _ index: SearchIndex, _ settings: SearchSettings, _ queries: JudgedQueries
    ) throws -> JudgedRun {
        JudgedRun(
            rankings: try engine.session(index, settings.ofJudgedSearches()).rankDocuments(queries.queries),
            qrels: queries.qrels)
    }
}

extension SearchSettings {
    /// The same for searches that are compared with judgements: without rerankers, filters and operators.
    func ofJudgedSearches(depth: Int = 10) -> SearchSettings {
        var settings = self
        settings.rerankers = []
        settings.conditions = []
        settings.limit = depth
        settings.lexical.syntax = .plain
        return settings
    }
}

/// What searches found for queries, with the judgements of these.
struct JudgedRun {
    let rankings: [DocumentRanking]
    let qrels: Qrels

    /// nDCG@10 of `queries`.
    func report(_ queries: [Query]) throws -> Report {
        let ids = Set(queries.map(\.id))
        return try Report(
            of: Run(rankings.filter { ids.contains($0.query) }), against: qrels.restricted(to: queries.map(\.id)),
            Measure.list("nDCG@10"))
    }
}
