/// Two systems of a comparison under one measure.
public struct SystemPair: Sendable, Equatable {
    /// Positions in the comparison's systems. Differences are the score of `second` less that of `first`.
    public let first: Int
    public let second: Int
    public let comparison: Comparison
    /// That of the difference.
    public let interval: ConfidenceInterval?
    public let p: Double
    /// Corrected for the number of pairs under this measure.
    public internal(set) var correctedP: Double
    /// Whether `correctedP` is at most alpha.
    public internal(set) var isSignificant = false
    /// Cohen's d of the paired differences; nil when all queries differ by the same.
    public let cohensD: Double?
    /// The matched-pairs rank-biserial correlation.
    public let rankBiserial: Double
    /// How many queries a paired t-test needs to see an effect of this size with a chance of 80 %; nil when there is none.
    public let queriesNeeded: Int?

    public var measure: Measure { comparison.measure }

    init(
        _ comparison: Comparison, first: Int, second: Int, interval: ConfidenceInterval?, _ settings: ComparisonSettings
    ) {
        self.first = first
        self.second = second
        self.comparison = comparison
        self.interval = interval
        let p =
            settings.test.p(comparison.differences, samples: settings.samples, seed: settings.seed) ?? 1
        self.p = p
        correctedP = p
        cohensD = EffectSize.cohensD(comparison.differences)
        rankBiserial = EffectSize.rankBiserial(comparison.differences)
        queriesNeeded = cohensD.flatMap { SampleSize.queries(effect: $0) }
    }
}
