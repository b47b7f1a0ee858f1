/// A score that a system should reach on a test collection, so that a change that makes it worse is seen.
public struct ExpectedScore: Sendable, Equatable {
    public enum Bound: String, Sendable, Codable {
        /// The score may be `tolerance` higher or lower.
        case within
        /// The score may be `tolerance` lower, or higher by any amount.
        case atLeast
    }

    public let measure: Measure
    public let score: Double
    public let tolerance: Double
    public let bound: Bound
    /// Where the score comes from, such as a paper or another program.
    public let source: String?

    public init(
        _ measure: Measure, _ score: Double, tolerance: Double = 0, bound: Bound = .within, source: String? = nil
    ) {
        self.measure = measure
        self.score = score
        self.tolerance = tolerance
        self.bound = bound
        self.source = source
    }

    /// Whether `got` is as good as expected. A score that is missing is not.
    public func admits(_ got: Double?) -> Bool {
        guard let got else { return false }
        // The decimal fractions of a definition are not exact in binary.
        let slack = tolerance + 1e-9
        return got >= score - slack && (bound == .atLeast || got <= score + slack)
    }

    /// The scores that are good enough, in words.
    public var range: String {
        bound == .atLeast
            ? "≥ " + Report.fixed(score - tolerance) : Report.fixed(score) + " ± " + Report.fixed(tolerance)
    }
}

/// What systems scored on a test collection, beside what was expected of them.
public struct BenchmarkResult: Sendable {
    /// One system of a benchmark.
    public struct System: Sendable {
        public let name: String
        public let report: Report
        public let record: RunRecord
        public let expected: [ExpectedScore]

        public init(name: String, report: Report, record: RunRecord, expected: [ExpectedScore]) {
            (self.name, self.report, self.record, self.expected) = (name, report, record, expected)
        }
    }

    /// An expected score and what was got.
    public struct Row: Sendable {
        public let system: String
        public let expected: ExpectedScore
        public let got: Double?
        public var passed: Bool { expected.admits(got) }
    }

    public let name: String
    public let systems: [System]

    public init(name: String, systems: [System]) {
        (self.name, self.systems) = (name, systems)
    }

    public var rows: [Row] {
        systems.flatMap { system in
            system.expected.map { Row(system: system.name, expected: $0, got: system.report[$0.measure]) }
        }
    }

    public var passed: Bool { rows.allSatisfy(\.passed) }

    /// A Markdown table of expected and got; empty where nothing is expected.
    public func expectations() -> String {
        guard !rows.isEmpty else { return "" }
        let hasSources = rows.contains { $0.expected.source != nil }
        return Report.table(
            header: ["system", "measure", "expected", "got", "verdict"] + (hasSources ? ["source"] : []),
            rows.map { row in
                [
                    row.system, row.expected.measure.description, row.expected.range,
                    row.got.map(Report.fixed) ?? "none", row.passed ? "pass" : "FAIL",
                ] + (hasSources ? [row.expected.source ?? ""] : [])
            })
    }

    /// A Markdown table of all scores.
    public func scores() -> String { Report.markdown(systems.map { ($0.name, $0.report) }) }

    /// A Markdown table of what the answers cost.
    public func costs() -> String { Report.costs(systems.map { ($0.name, $0.record.cost) }) }
}

/// One row as scripts get it.
extension BenchmarkResult.Row: Encodable {
    enum CodingKeys: String, CodingKey { case system, measure, expected, tolerance, bound, source, got, passed }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(system, forKey: .system)
        try values.encode(expected.measure.description, forKey: .measure)
        try values.encode(expected.score, forKey: .expected)
        try values.encode(expected.tolerance, forKey: .tolerance)
        try values.encode(expected.bound, forKey: .bound)
        try values.encodeIfPresent(expected.source, forKey: .source)
        try values.encodeIfPresent(got, forKey: .got)
        try values.encode(passed, forKey: .passed)
    }
}

/// The result as other programs read it.
extension BenchmarkResult: Encodable {
    enum CodingKeys: String, CodingKey { case name, passed, systems, expectations }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .name)
        try values.encode(passed, forKey: .passed)
        try values.encode(systems, forKey: .systems)
        try values.encode(rows, forKey: .expectations)
    }
}

extension BenchmarkResult.System: Encodable {
    enum CodingKeys: String, CodingKey { case name, queries, scores, record }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .name)
        try values.encode(report.queries.count, forKey: .queries)
        let scores = zip(report.measures, report.means).map { ($0.description, $1) }
        try values.encode(Dictionary(scores, uniquingKeysWith: { first, _ in first }), forKey: .scores)
        try values.encode(record, forKey: .record)
    }
}
