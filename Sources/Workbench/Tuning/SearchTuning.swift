public import TrawlCore
public import TrawlEngine
public import TrawlEvaluation

/// Searches for the settings that suit judged queries best, and says what they are worth on queries that took no part in the
/// choice.
public struct SearchTuning: Sendable {
    public enum Strategy: String, CaseIterable, Sendable {
        /// Every combination on every query.
        case grid
        /// Every combination on few queries, the better half of them on twice as many, and so on (successive halving; Jamieson
        /// and Talwalkar, 2016).
        case halving
    }

    public var strategy = Strategy.grid
    public var measure: Measure
    /// In how many parts queries are divided where there are none to test on.
    public var folds = 5
    public var seed: UInt64 = 1
    /// The highest chance of an improvement by accident at which settings are worth keeping.
    public var significance = 0.05
    /// How many queries are timed, where there are queries to test on.
    public var timedQueries = 50

    /// The fewest queries of the first round of successive halving.
    private static let fewest = 20

    public init(measure: Measure) { self.measure = measure }

    /// Settings and their mean score on the queries that they were chosen by.
    public struct Trial: Encodable, Sendable {
        /// The values by the names of settings; empty for the settings as they were.
        public let values: [String: String]
        public let score: Double
    }

    /// What the chosen settings are worth on other queries.
    public struct Verdict: Encodable, Sendable {
        public let queries: Int
        /// Whether the queries took turns (nested cross-validation); else they are a test set.
        public let isCrossValidated: Bool
        public let before: Double
        public let after: Double
        public let wins: Int
        public let losses: Int
        /// The chance of such a difference by accident, by Fisher's randomisation test.
        public let chance: Double
        public let improves: Bool
        /// What searching took before and after; nil where queries took turns.
        public let costs: [RunRecord.Cost]?

        enum CodingKeys: String, CodingKey {
            case queries, before, after, wins, losses, chance, improves, costs
            case isCrossValidated = "is_cross_validated"
        }
    }

    public struct Outcome: Encodable, Sendable {
        public let measure: String
        public let queries: Int
        /// How many settings were tried, those that there were included.
        public let tried: Int
        /// Those that were compared on all queries, the best first.
        public let trials: [Trial]
        public let verdict: Verdict

        public var best: Trial { trials[0] }
    }

    /// Tries all of `space` over `settings` on `queries`.
    ///
    /// Ties go to the settings as they were, then to the first in the order of the space.
    ///
    /// - Parameters:
    ///   - settings: How the index is searched so far.
    ///   - test: Queries that judge the choice; nil for nested cross-validation: each part of the queries is scored by the
    ///     settings that suit the others best.
    /// - Throws: `TrawlError.invalidInput` for settings that there are not, values out of their bounds, or too few queries.
    /// - Complexity: O(combinations x queries) searches; combinations that differ in fusion alone share theirs.
    public func run(
        _ space: SearchSpace, _ settings: SearchSettings, of index: SearchIndex, _ engine: Engine,
        on queries: IndexEvaluation, test: IndexEvaluation?, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> (settings: SearchSettings, outcome: Outcome) {
        var base = settings
        base.mode = settings.mode ?? index.defaultMode(settings)
        base.collapsesDocuments = true
        base.limit = measure.cutoff ?? 1000
        if base.mode == .hybrid { base.fusion.weights = index.fusionWeights(base) }
        // The first trial is what there is.
        let trials =
            try [base] + (0..<space.count).map { try space.applied($0, to: base, parts: engine.parts) }
        let order = shuffled(queries.queries)
        guard order.count >= (test == nil ? 2 * folds : 2) else {
            throw TrawlError(
                .invalidInput, "\(order.count) judged queries are too few to choose by", remedy: "give more queries")
        }
        let scores = TrialScores(trials, of: index, engine, queries.qrels, measure)
        progress.begin("tuning", total: nil, unit: "trials")
        defer { progress.end() }
        let compare = { (chosen: [Int], queries: [Query]) throws -> [[Double]] in
            try scores.scores(of: chosen, on: queries, progress: progress, cancellation: cancellation)
        }
        let everything = try rounds(trials.count, order, compare)
        let ranked = everything.trials.indices.map {
            (trial: everything.trials[$0], score: mean(everything.scores[$0]))
        }
        .sorted { ($1.score, $0.trial) < ($0.score, $1.trial) }
        let best = ranked[0].trial
        let verdict: Verdict
        if let test {
            verdict = try judge(trials[0], trials[best], on: test, progress)
        } else {
            verdict = try crossValidate(trials.count, order, everything, compare)
        }
        let outcome = Outcome(
            measure: measure.description, queries: order.count, tried: trials.count,
            trials: ranked.map { Trial(values: values($0.trial, space), score: $0.score) }, verdict: verdict)
        var chosen = settings
        if best > 0 {
            // Weights are spelt out, so that changing one of them leaves the others.
            if space.dimensions.contains(where: { $0.name.hasPrefix("fusion.weights") }) {
                chosen.fusion.weights = base.fusion.weights
            }
            chosen = try space.applied(best - 1, to: chosen, parts: engine.parts)
        }
        return (chosen, outcome)
    }

    private func values(_ trial: Int, _ space: SearchSpace) -> [String: String] {
        guard trial > 0 else { return [:] }
        return Dictionary(
            zip(space.dimensions.map(\.name), space.values(at: trial - 1)), uniquingKeysWith: { first, _ in first })
    }

    /// Trials that were compared on all queries, with their scores by query.
    private typealias Finalists = (trials: [Int], scores: [[Double]])

    private func rounds(
        _ count: Int, _ queries: [Query], _ compare: ([Int], [Query]) throws -> [[Double]]
    ) throws -> Finalists {
        var (trials, scores) = (Array(0..<count), [[Double]](repeating: [], count: count))
        var done = 0
        while done < queries.count {
            var next = queries.count
            if strategy == .halving, trials.count > 2 {
                // As many rounds as halve the trials to two.
                let rounds = (Double(trials.count) / 2).rounded(.up).binade.exponent
                next = min(queries.count, max(Self.fewest, max(2 * done, queries.count >> Int(rounds))))
            }
            let added = try compare(trials, Array(queries[done..<next]))
            for trial in trials.indices { scores[trial] += added[trial] }
            done = next
            if done < queries.count {
                let kept = trials.indices.sorted { (mean(scores[$1]), $0) < (mean(scores[$0]), $1) }
                    .prefix(max(2, (trials.count + 1) / 2)).sorted()
                // What there is stays for comparison.
                let all = kept.contains(0) ? Array(kept) : [0] + kept
                (trials, scores) = (all.map { trials[$0] }, all.map { scores[$0] })
            }
        }
        return (trials, scores)
    }

    private func crossValidate(
        _ count: Int, _ queries: [Query], _ everything: Finalists, _ compare: ([Int], [Query]) throws -> [[Double]]
    ) throws -> Verdict {
        var (before, after): ([Double], [Double]) = ([], [])
        for fold in 0..<folds {
            let isHeldOut = { (position: Int) in position % folds == fold }
            let heldOut = queries.indices.filter(isHeldOut)
            let others = queries.indices.filter { !isHeldOut($0) }
            guard strategy == .halving else {
                let chosen = best(everything.scores.map { row in mean(others.map { row[$0] }) })
                before += heldOut.map { everything.scores[0][$0] }
                after += heldOut.map { everything.scores[chosen][$0] }
                continue
            }
            // Trials that were dropped must not be those that the held-out queries dropped.
            let training = try rounds(count, others.map { queries[$0] }, compare)
            let chosen = training.trials[best(training.scores.map(mean))]
            let scores = try compare(chosen == 0 ? [0] : [0, chosen], heldOut.map { queries[$0] })
            before += scores[0]
            after += scores[scores.count - 1]
        }
        return verdict(before, after, isCrossValidated: true, costs: nil)
    }

    private func judge(
        _ before: SearchSettings, _ after: SearchSettings, on test: IndexEvaluation, _ progress: any ProgressReporter
    ) throws -> Verdict {
        let results = try [before, after].map { try test.evaluate($0, timedQueries: timedQueries) }
        let scores = try results.map { result in
            try Report(of: result.run, against: test.qrels, [measure]).perQuery.map { $0[0] }
        }
        return verdict(scores[0], scores[1], isCrossValidated: false, costs: results.map(\.cost))
    }

    private func verdict(
        _ before: [Double], _ after: [Double], isCrossValidated: Bool, costs: [RunRecord.Cost]?
    ) -> Verdict {
        let deltas = zip(before, after).map { $1 - $0 }
        let chance = RandomisationTest(deltas, seed: seed).p
        return Verdict(
            queries: deltas.count, isCrossValidated: isCrossValidated, before: mean(before), after: mean(after),
            wins: deltas.count { $0 > 0 }, losses: deltas.count { $0 < 0 }, chance: chance,
            improves: mean(deltas) > 0 && chance <= significance, costs: costs)
    }

    private func best(_ means: [Double]) -> Int {
        means.indices.reduce(0) { means[$1] > means[$0] ? $1 : $0 }
    }

    private func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    private func shuffled(_ queries: [Query]) -> [Query] {
        var random = SplitMix64(seed: seed)
        return queries.shuffled(using: &random)
    }
}
