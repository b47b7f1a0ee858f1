/// A two-sided test of whether two systems differ, given their differences on the same queries.
public enum SignificanceTest: String, CaseIterable, Sendable, Codable {
    /// Student's paired t-test.
    case t
    /// Wilcoxon's signed-rank test.
    case wilcoxon
    /// Fisher's randomisation test of the mean difference.
    case randomisation

    /// The chance of a difference at least as large if the systems were equal; 1 when no query differs.
    ///
    /// - Parameters:
    ///   - samples: The random samples of a randomisation test with more than 20 differing queries.
    ///   - seed: That of these samples.
    /// - Returns: Nil for fewer than two queries.
    public func p(_ differences: [Double], samples: Int = 10_000, seed: UInt64 = RandomisationTest.defaultSeed)
        -> Double?
    {
        guard differences.count > 1 else { return nil }
        return switch self {
        case .t: PairedTTest(differences)?.p
        case .wilcoxon: WilcoxonTest(differences).p
        case .randomisation: RandomisationTest(differences, samples: samples, seed: seed).p
        }
    }
}
