/// How p-values are corrected for the number of tests.
public enum Correction: String, CaseIterable, Sendable, Codable {
    /// Holm's step-down procedure (1979): bounds the chance of any false alarm.
    case holm
    /// The p-values times their number: the same bound, with less power.
    case bonferroni
    /// Benjamini and Hochberg (1995, doi 10.1111/j.2517-6161.1995.tb02031.x): bounds the share of false alarms.
    case bh
    case none

    /// The corrected p-values, in the order of `p`.
    public func adjusted(_ p: [Double]) -> [Double] {
        let count = Double(p.count)
        let order = p.indices.sorted { (p[$0], $0) < (p[$1], $1) }
        var adjusted = p
        switch self {
        case .none: break
        case .bonferroni: adjusted = p.map { min(1, $0 * count) }
        case .holm:
            var greatest = 0.0
            for (step, position) in order.enumerated() {
                greatest = max(greatest, min(1, p[position] * (count - Double(step))))
                adjusted[position] = greatest
            }
        case .bh:
            var least = 1.0
            for (step, position) in order.enumerated().reversed() {
                least = min(least, p[position] * count / Double(step + 1))
                adjusted[position] = least
            }
        }
        return adjusted
    }
}
