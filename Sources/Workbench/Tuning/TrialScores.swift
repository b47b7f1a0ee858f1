import TrawlCore
import TrawlEngine
import TrawlEvaluation

/// The scores of settings on judged queries. Settings that differ in nothing but fusion share their searches.
struct TrialScores {
    private let engine: Engine
    private let index: SearchIndex
    private let qrels: Qrels
    private let measure: Measure
    private let trials: [SearchSettings]
    /// The trials whose searches are the same, in the order of the first of them.
    private let groups: [[Int]]

    init(_ trials: [SearchSettings], of index: SearchIndex, _ engine: Engine, _ qrels: Qrels, _ measure: Measure) {
        (self.engine, self.index, self.qrels, self.measure, self.trials) = (engine, index, qrels, measure, trials)
        // Without settings: a trial that shares nothing.
        var groups: [(search: SearchSettings?, members: [Int])] = []
        for (number, trial) in trials.enumerated() {
            var search = trial
            search.fusion = FusionSettings()
            let isShared = trial.rerankers.isEmpty && trial.fusion.method != .fitted && trial.mode == .hybrid
            if isShared, let group = groups.firstIndex(where: { $0.search == search }) {
                groups[group].members.append(number)
            } else {
                groups.append((isShared ? search : nil, [number]))
            }
        }
        self.groups = groups.map(\.members)
    }

    /// The score of each of `chosen` on each query.
    ///
    /// - Returns: By position in `chosen`, then by query.
    func scores(
        of chosen: [Int], on queries: [Query], progress: any ProgressReporter, cancellation: Cancellation
    ) throws -> [[Double]] {
        let places = Dictionary(uniqueKeysWithValues: chosen.enumerated().map { ($1, $0) })
        var scores = [[Double]](repeating: [], count: chosen.count)
        let qrels = try qrels.restricted(to: queries.map(\.id))
        for group in groups {
            let members = group.filter { places[$0] != nil }
            if members.isEmpty { continue }
            if cancellation.isCancelled { throw CancellationError() }
            for (member, rankings) in zip(members, try rankings(of: members, queries)) {
                let report = try Report(of: Run(rankings), against: qrels, [measure])
                if let place = places[member] { scores[place] = report.perQuery.map { $0[0] } }
            }
            progress.advance(members.count)
        }
        return scores
    }

    private func rankings(of members: [Int], _ queries: [Query]) throws -> [[DocumentRanking]] {
        guard members.count > 1 else {
            return try members.map { try engine.session(index, trials[$0]).rankDocuments(queries) }
        }
        var shared = trials[members[0]]
        let fusions = members.map { trials[$0].fusion }
        shared.fusion.depth = fusions.reduce(0) { max($0, $1.depth) }
        // Every method that any of them weighs.
        shared.fusion.method = .minMax
        shared.fusion.weights = fusions.reduce(into: [:]) { weights, fusion in
            for (name, weight) in fusion.weights ?? [:] where weight > 0 { weights[name] = 1 }
        }
        return try engine.session(index, shared).rankDocuments(queries, by: fusions)
    }
}
