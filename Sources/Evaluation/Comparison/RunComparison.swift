public import TrawlCore

/// Any number of systems on the same judged queries: their scores with intervals, and tests of their differences.
///
/// Every judged query counts for every system, with 0 where its run does not answer it. Queries without judgements do not
/// count.
public struct RunComparison: Sendable {
    public let systems: [ComparedSystem]
    public let measures: [Measure]
    public let settings: ComparisonSettings
    public let qrels: Qrels
    /// The judged queries, in the order of the qrels.
    public var queries: [String] { reports[0].queries }
    /// The scores, by system.
    public let reports: [Report]
    /// The intervals of the scores for all queries, by system and measure.
    public let intervals: [[ConfidenceInterval?]]
    /// The precision-recall curves, by system.
    public let curves: [PrecisionRecall]
    /// The position of the system that the others are set against.
    public let baseline: Int
    /// Measure by measure, then in the order of the systems.
    public let pairs: [SystemPair]
    /// What does not count, or counts as 0.
    public let warnings: [String]

    /// - Parameters:
    ///   - systems: One or more.
    ///   - baseline: The name of the system that the others are set against; nil for the first.
    /// - Throws: `invalidInput` for runs that share no query with the qrels, fewer than two judged queries, two systems with
    ///   one name, or a baseline that is not among them.
    /// - Complexity: O(samples · queries · (systems + pairs) · measures).
    public init(
        _ systems: [ComparedSystem], _ qrels: Qrels, _ measures: [Measure], baseline: String? = nil,
        _ settings: ComparisonSettings = ComparisonSettings()
    ) throws(TrawlError) {
        try ComparedSystem.requireDistinct(systems.map(\.name))
        let baseline = try Self.position(of: baseline, in: systems)
        var (reports, warnings): ([Report], [String]) = ([], qrels.warnings.map { "judgements: \($0)" })
        var curves: [PrecisionRecall] = []
        for system in systems {
            warnings += try Self.warnings(system, qrels, measures)
            reports.append(try Report(of: system.run, against: qrels, measures))
            curves.append(try PrecisionRecall(of: system.run, against: qrels))
        }
        guard let first = reports.first, first.queries.count > 1 else {
            throw TrawlError(
                .invalidInput,
                systems.isEmpty ? "no system is named" : "only one query is judged; a comparison needs two or more",
                remedy: systems.isEmpty ? "give at least one run" : "judge more queries")
        }
        self.systems = systems
        self.measures = measures
        self.settings = settings
        self.qrels = qrels
        self.reports = reports
        self.curves = curves
        self.baseline = baseline
        self.warnings = warnings
        let positions = Self.positions(settings.pairs, systems.count, baseline)
        var comparisons: [(Int, Int, Comparison)] = []
        for measure in measures {
            for (first, second) in positions {
                comparisons.append((first, second, try Comparison(measure, from: reports[first], to: reports[second])))
            }
        }
        let scores = reports.flatMap { report in
            measures.indices.map { column in report.perQuery.map { $0[column] } }
        }
        let bootstrap = Bootstrap(
            of: scores + comparisons.map(\.2.differences), samples: settings.samples, seed: settings.seed)
        func interval(_ column: Int, _ measure: Measure) -> ConfidenceInterval? {
            bootstrap.interval(column, confidence: settings.confidence).map {
                let ends = [$0.low, $0.high].map {
                    measure.aggregation.value(ofMean: $0, queries: first.queries.count)
                }
                return ConfidenceInterval(low: ends[0], high: ends[1])
            }
        }
        intervals = systems.indices.map { system in
            measures.enumerated().map { interval(system * measures.count + $0, $1) }
        }
        let tested = comparisons.enumerated().map { number, pair in
            let measure = pair.2.measure
            let column = number / positions.count
            // A difference of geometric means is no mean of differences.
            let interval =
                measure.aggregation == .geometricMean
                ? bootstrap.interval(
                    from: pair.0 * measures.count + column, to: pair.1 * measures.count + column,
                    confidence: settings.confidence
                ) { measure.aggregation.value(ofMean: $0, queries: first.queries.count) }
                : interval(scores.count + number, measure)
            return SystemPair(pair.2, first: pair.0, second: pair.1, interval: interval, settings)
        }
        pairs = Self.corrected(tested, settings)
    }

    /// The pairs under `measure`.
    public func pairs(_ measure: Measure) -> [SystemPair] { pairs.filter { $0.measure == measure } }

    /// The systems in their order, without the baseline.
    public var others: [Int] { systems.indices.filter { $0 != baseline } }

    /// The largest mean under the measure at `column`.
    func best(_ column: Int) -> Double { reports.map { $0.means[column] }.max() ?? 0 }

    private static func position(of name: String?, in systems: [ComparedSystem]) throws(TrawlError) -> Int {
        guard let name else { return 0 }
        if let position = systems.firstIndex(where: { $0.name == name }) { return position }
        let names = systems.map(\.name)
        throw TrawlError(
            .invalidInput, "the baseline '\(name)' is not one of the systems",
            remedy: nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
                ?? "the systems are \(names.joined(separator: ", "))")
    }

    private static func positions(_ pairs: ComparisonSettings.Pairs, _ count: Int, _ baseline: Int) -> [(Int, Int)] {
        // The baseline is the first of each of its pairs.
        let order = [baseline] + (0..<count).filter { $0 != baseline }
        switch pairs {
        case .baseline: return order.dropFirst().map { (baseline, $0) }
        case .all:
            return order.indices.flatMap { first in
                order.indices.dropFirst(first + 1).map { (order[first], order[$0]) }
            }
        }
    }

    private static func corrected(_ pairs: [SystemPair], _ settings: ComparisonSettings) -> [SystemPair] {
        var pairs = pairs
        var start = 0
        while start < pairs.count {
            let end = pairs[start...].firstIndex { $0.measure != pairs[start].measure } ?? pairs.count
            let adjusted = settings.correction.adjusted(pairs[start..<end].map(\.p))
            for (position, p) in zip(start..<end, adjusted) {
                pairs[position].correctedP = p
                pairs[position].isSignificant = p <= settings.alpha
            }
            start = end
        }
        return pairs
    }

    private static func warnings(
        _ system: ComparedSystem, _ qrels: Qrels, _ measures: [Measure]
    ) throws(TrawlError) -> [String] {
        let coverage: Coverage
        do throws(TrawlError) {
            coverage = try Coverage(of: system.run.queries, by: qrels)
        } catch {
            throw error.at(path: system.source?.path ?? system.name)
        }
        var warnings = (system.run.warnings + coverage.warnings("the run")).map { "\(system.name): \($0)" }
        let depth = system.run.queries.map { system.run[$0]?.count ?? 0 }.max() ?? 0
        let deeper = measures.filter { ($0.cutoff ?? 0) > depth }
        if !deeper.isEmpty {
            warnings.append(
                "\(system.name): the run lists at most \(depth) documents per query, fewer than "
                    + deeper.map(\.description).joined(separator: ", ") + " look\(deeper.count == 1 ? "s" : "") at")
        }
        return warnings
    }
}
