public import TrawlCore

/// Two systems on the same queries under one measure: is the second better than the first?
public struct Comparison: Sendable, Equatable {
    public let measure: Measure
    /// The score of the second less that of the first, by query; of logarithms for geometric means. Less than 10⁻¹² is rounding, and 0.
    public let differences: [Double]
    /// The score of the second for all queries less that of the first: see `Measure.aggregation`.
    public let difference: Double
    /// On how many queries the second scored higher, the same and lower.
    public let wins: Int, ties: Int, losses: Int

    /// - Throws: `invalidInput` if a report lacks the measure or the queries differ.
    public init(_ measure: Measure, from first: Report, to second: Report) throws(TrawlError) {
        guard let a = first.measures.firstIndex(of: measure), let b = second.measures.firstIndex(of: measure) else {
            throw TrawlError(.invalidInput, "\(measure) was not computed for both runs")
        }
        guard first.queries == second.queries else {
            throw TrawlError(
                .invalidInput, "the runs were scored on different queries", remedy: "score both with the same qrels")
        }
        let differences = zip(first.perQuery, second.perQuery).map { first, second in
            let difference = second[b] - first[a]
            return abs(difference) < 1e-12 ? 0 : difference
        }
        self.measure = measure
        self.differences = differences
        let sum = differences.reduce(0, +)
        difference =
            switch measure.aggregation {
            case .mean: sum / Double(differences.count)
            case .sum: sum
            case .geometricMean: second.means[b] - first.means[a]
            }
        wins = differences.count { $0 > 0 }
        losses = differences.count { $0 < 0 }
        ties = differences.count - wins - losses
    }

    /// The chance of a difference at least as large if the systems were equal, by Student's paired t-test (two-sided);
    /// nil for fewer than two queries. 1 when no query differs.
    public var tTest: Double? { PairedTTest(differences)?.p }

    /// The same chance by Fisher's randomisation test with a fixed seed.
    ///
    /// - Complexity: see `RandomisationTest`.
    public var randomisation: Double { RandomisationTest(differences).p }
}
