/// How systems are compared.
public struct ComparisonSettings: Sendable, Equatable {
    /// Which systems are tested against each other.
    public enum Pairs: String, CaseIterable, Sendable, Codable {
        /// Each against the baseline.
        case baseline
        /// Each against each.
        case all
    }

    public var pairs = Pairs.baseline
    public var test = SignificanceTest.t
    /// The p-values of the pairs under one measure are corrected together.
    public var correction = Correction.holm
    /// The largest corrected p-value that counts as significant.
    public var alpha = 0.05
    /// The confidence of intervals.
    public var confidence = 0.95
    /// The samples of the bootstrap, and of a randomisation test that cannot count all swaps.
    public var samples = 10_000
    public var seed: UInt64 = 1

    public init() {}
}
