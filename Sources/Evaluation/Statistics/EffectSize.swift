/// How large a difference is, whatever the number of queries.
public enum EffectSize {
    /// Cohen's d of paired differences: their mean over their standard deviation.
    ///
    /// - Returns: 0 when no query differs; nil when all differ by the same, or for fewer than two queries.
    public static func cohensD(_ differences: [Double]) -> Double? {
        guard differences.count > 1, let moments = Moments(differences) else { return nil }
        if moments.deviation > 0 { return moments.mean / moments.deviation }
        return moments.mean == 0 ? 0 : nil
    }

    /// The matched-pairs rank-biserial correlation, from -1 to 1: the share of the ranks of Wilcoxon's test that favour the
    /// second system less the share that favours the first (Kerby 2014). 0 when no query differs.
    public static func rankBiserial(_ differences: [Double]) -> Double {
        let ranks = SignedRanks(differences)
        let total = ranks.positive + ranks.negative
        return total == 0 ? 0 : (ranks.positive - ranks.negative) / total
    }
}
