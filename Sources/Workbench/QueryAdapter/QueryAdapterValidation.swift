import TrawlCore
import TrawlEvaluation

/// The rankings of held-out queries by each choice, and which choice is best.
struct QueryAdapterValidation {
    private let judged: JudgedQueries
    private let folds: QueryFolds
    /// By choice, then by query: what adapters find that were fitted without the query.
    private let rankings: [[DocumentRanking]]
    private let scores: [[Double]]
    /// The same of adapters that were fitted without any query that shares a document with it; empty where none could be.
    private let newRankings: [[DocumentRanking]]
    private let newScores: [[Double]]

    /// What queries about new documents may lose, in nDCG@10, for the sake of the others.
    private static let tolerance = 0.005

    init(
        _ judged: JudgedQueries, folds: QueryFolds, rankings: [[DocumentRanking]], newRankings: [[DocumentRanking]]
    ) throws {
        (self.judged, self.folds, self.rankings, self.newRankings) = (judged, folds, rankings, newRankings)
        scores = try rankings.map { try Self.scores($0, judged) }
        newScores = try newRankings.map { try Self.scores($0, judged) }
    }

    var count: Int { judged.count }
    var knowsNewDocuments: Bool { !newScores.isEmpty }

    /// The best of some choices for some of the queries, the first of several.
    private func best(of choices: [Int], for queries: [Int]) -> Int {
        func mean(_ scores: [Double]) -> Double { queries.reduce(0) { $0 + scores[$1] } / Double(queries.count) }
        let allowed = choices.filter { choice in
            newScores.isEmpty || mean(newScores[choice]) >= mean(newScores[0]) - Self.tolerance
        }
        return allowed.max { mean(scores[$0]) < mean(scores[$1]) } ?? 0
    }

    /// The best of some choices for all queries.
    func best(of choices: [Int]) -> Int { best(of: choices, for: Array(judged.queries.indices)) }

    /// The quality of what is best of some choices: each query is ranked by the choice that suits the other folds.
    func report(_ choices: [Int], onNewDocuments isNew: Bool = false) throws -> Report {
        let chosen = folds.parts.indices.map { best(of: choices, for: folds.others(than: $0)) }
        let partOf = folds.partOf
        let source = isNew ? newRankings : rankings
        return try Self.report(judged.queries.indices.map { source[chosen[partOf[$0]]][$0] }, judged)
    }

    private static func report(_ rankings: [DocumentRanking], _ judged: JudgedQueries) throws -> Report {
        try Report(
            of: Run(rankings), against: judged.qrels.restricted(to: judged.queries.map(\.id)),
            [QueryAdapterPool.measure()])
    }

    private static func scores(_ rankings: [DocumentRanking], _ judged: JudgedQueries) throws -> [Double] {
        let report = try report(rankings, judged)
        let byQuery = Dictionary(uniqueKeysWithValues: zip(report.queries, report.perQuery.map { $0[0] }))
        return judged.queries.map { byQuery[$0.id] ?? 0 }
    }
}
