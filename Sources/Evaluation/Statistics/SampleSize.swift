/// How many queries a paired t-test needs.
public enum SampleSize {
    /// The chance that a two-sided paired t-test on `queries` queries finds an effect of Cohen's d `effect`.
    ///
    /// - Returns: Nil for fewer than two queries.
    public static func power(effect: Double, queries: Int, alpha: Double = 0.05) -> Double? {
        guard queries > 1 else { return nil }
        let freedom = Double(queries - 1)
        let shift = abs(effect) * Double(queries).squareRoot()
        let critical = Distributions.studentCritical(alpha, freedom: freedom)
        return 1 - Distributions.noncentralStudent(critical, freedom: freedom, shift: shift)
            + Distributions.noncentralStudent(-critical, freedom: freedom, shift: shift)
    }

    /// The least number of queries on which that test finds the effect with the chance `power`.
    ///
    /// By the noncentral t up to 10,000 queries, and by the normal approximation beyond.
    ///
    /// - Returns: Nil for an effect of 0, and for one so small that it would take more than 10¹² queries.
    public static func queries(effect: Double, power: Double = 0.8, alpha: Double = 0.05) -> Int? {
        guard effect != 0, effect.isFinite else { return nil }
        func suffices(_ count: Int) -> Bool { (self.power(effect: effect, queries: count, alpha: alpha) ?? 0) >= power }
        var high = 2
        while high < exactLimit, !suffices(high) { high = min(2 * high, exactLimit) }
        guard high < exactLimit || suffices(high) else {
            let critical = Distributions.normalQuantile(1 - alpha / 2)
            let ratio = (critical + Distributions.normalQuantile(power)) / effect
            // The t-test's own estimate of the deviation costs a few queries more.
            let count = (ratio * ratio + critical * critical / 2).rounded(.up)
            return count <= 1e12 ? max(Int(count), exactLimit + 1) : nil
        }
        var low = high / 2
        while high - low > 1 {
            let middle = (low + high) / 2
            if suffices(middle) { high = middle } else { low = middle }
        }
        return high
    }

    private static let exactLimit = 10_000
}
