import Foundation

/// What an index should score on a test collection, so that a change that makes it worse is seen.
public struct BenchmarkDefinition: Sendable, Equatable {
    /// A score to reach in one mode of retrieval.
    public struct Expectation: Sendable, Equatable {
        public enum Bound: String, Sendable, Codable {
            /// The score may be `tolerance` higher or lower.
            case within
            /// The score may be `tolerance` lower, or higher by any amount.
            case atLeast
        }

        public let mode: String
        public let measure: Measure
        public let score: Double
        public let tolerance: Double
        public let bound: Bound

        public init(mode: String, measure: Measure, score: Double, tolerance: Double = 0, bound: Bound = .within) {
            self.mode = mode
            self.measure = measure
            self.score = score
            self.tolerance = tolerance
            self.bound = bound
        }

        func admits(_ got: Double) -> Bool {
            // The decimal fractions of a definition are not exact in binary.
            let slack = tolerance + 1e-9
            return got >= score - slack && (bound == .atLeast || got <= score + slack)
        }
    }

    public let name: String
    public let expectations: [Expectation]

    public init(name: String, expectations: [Expectation]) {
        self.name = name
        self.expectations = expectations
    }

    /// The modes to run, each once, in the order of the expectations.
    public var modes: [String] {
        var modes: [String] = []
        for expectation in expectations where !modes.contains(expectation.mode) { modes.append(expectation.mode) }
        return modes
    }

    /// The measures to compute for `mode`.
    public func measures(mode: String) -> [Measure] {
        var measures: [Measure] = []
        for expectation in expectations where expectation.mode == mode && !measures.contains(expectation.measure) {
            measures.append(expectation.measure)
        }
        return measures
    }

    /// Sets what the reports, one a mode, got beside what was expected. A score that is missing fails.
    public func compare(_ reports: [String: Report]) -> BenchmarkResult {
        BenchmarkResult(
            name: name,
            rows: expectations.map { expectation in
                let got = reports[expectation.mode]?[expectation.measure]
                return BenchmarkResult.Row(
                    expectation: expectation, got: got, passed: got.map(expectation.admits) ?? false)
            })
    }
}

/// Expected against got.
public struct BenchmarkResult: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let expectation: BenchmarkDefinition.Expectation
        public let got: Double?
        public let passed: Bool
    }

    public let name: String
    public let rows: [Row]

    public var passed: Bool { rows.allSatisfy(\.passed) }

    public func markdown() -> String {
        Report.table(
            header: ["mode", "measure", "expected", "got", "verdict"],
            rows.map { row in
                let expected = row.expectation
                let range =
                    expected.bound == .atLeast
                    ? "≥ " + Report.fixed(expected.score - expected.tolerance)
                    : Report.fixed(expected.score) + " ± " + Report.fixed(expected.tolerance)
                return [
                    expected.mode, expected.measure.description, range, row.got.map(Report.fixed) ?? "none",
                    row.passed ? "pass" : "FAIL",
                ]
            })
    }
}

/// One row as scripts get it.
extension BenchmarkResult.Row: Encodable {
    enum CodingKeys: String, CodingKey { case mode, measure, expected, tolerance, bound, got, passed }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(expectation.mode, forKey: .mode)
        try values.encode(expectation.measure.description, forKey: .measure)
        try values.encode(expectation.score, forKey: .expected)
        try values.encode(expectation.tolerance, forKey: .tolerance)
        try values.encode(expectation.bound, forKey: .bound)
        try values.encodeIfPresent(got, forKey: .got)
        try values.encode(passed, forKey: .passed)
    }
}
