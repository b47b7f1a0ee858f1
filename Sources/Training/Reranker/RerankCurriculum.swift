internal import Glibc

/// How examples are weighted by their difficulty at first: easy ones count more, and from sample `samples` on all count alike
/// (MacAvaney et al. 2020, arXiv 2004.14269).
///
/// Each example has its weight. The published code weighs a micro-batch by the mean of its examples' weights instead.
public struct RerankCurriculum: Codable, Sendable, Equatable {
    /// What says how highly a first stage ranked a passage, from 0 to 1.
    public enum Heuristic: String, Codable, Sendable, CaseIterable {
        /// 1 / rank.
        case reciprocal
        /// (score - lowest) / (highest - lowest), over the query's ranking.
        case normalised
        /// The share of the ranking's scores that a Gaussian kernel estimate puts below the score.
        case kde
    }

    public var heuristic: Heuristic
    /// The examples of the whole training after which all count alike. The published setting is 20 epochs of 512.
    public var samples = 10_240
    /// Whether hard examples count more at first: a control.
    public var isReversed = false

    public init(_ heuristic: Heuristic) { self.heuristic = heuristic }

    /// The weight of an example whose relevant passage and other passages have these values.
    ///
    /// - Parameters:
    ///   - relevant, others: Values of the heuristic; `others` has at least one.
    ///   - seen: How many examples came before.
    public func weight(relevant: Double, others: [Double], seen: Int) -> Double {
        guard seen < samples else { return 1 }
        // Of several other passages, the one that makes the pair hardest.
        let ease = others.map { (relevant - $0 + 1) / 2 }.min() ?? 0.5
        let share = Double(seen) / Double(samples)
        return ((isReversed ? 1 - ease : ease) + 1e-8) * (1 - share) + share
    }

    /// The value of each passage of a ranking, best first, and of a passage that is not in it.
    ///
    /// - Parameter scores: Descending.
    /// - Complexity: O(n), of the kernel estimate O(n²).
    public func values(_ scores: [Float]) -> (ranked: [Double], missing: Double) {
        switch heuristic {
        case .reciprocal:
            return (scores.indices.map { 1 / Double($0 + 1) }, 1 / Double(Self.missingRank))
        case .normalised:
            guard let highest = scores.first, let lowest = scores.last, highest > lowest else {
                return ([Double](repeating: 0.5, count: scores.count), 0)
            }
            return (scores.map { Double(($0 - lowest) / (highest - lowest)) }, 0)
        case .kde:
            let values = scores.map(Double.init)
            let count = Double(values.count)
            let mean = values.reduce(0, +) / max(1, count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
            // Scott's rule.
            let width = pow(count, -0.2) * variance.squareRoot()
            guard width > 0 else { return ([Double](repeating: 0.5, count: values.count), 0) }
            return (
                values.map { value in
                    values.reduce(0) { $0 + 0.5 * erfc(($1 - value) / width / 2.0.squareRoot()) } / count
                }, 0
            )
        }
    }

    /// The rank that a passage which was not found counts as.
    private static let missingRank = 1000
}
