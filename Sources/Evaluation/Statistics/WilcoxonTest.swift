/// Wilcoxon's signed-rank test, two-sided.
///
/// Queries without a difference are left out, as Wilcoxon did (1945, doi 10.2307/3001968); equal sizes share the mean of
/// their ranks. The p-value is exact for at most 50 differing queries, also with ties, and by the normal approximation
/// with a correction for ties beyond.
public struct WilcoxonTest: Sendable, Equatable {
    /// The ranks of the positive and of the negative differences, each added up.
    public let positive: Double
    public let negative: Double
    /// The chance of sums at least as unequal; 1 when no query differs.
    public let p: Double
    public let isExact: Bool

    static let exactLimit = 50

    public init(_ differences: [Double]) {
        let ranks = SignedRanks(differences)
        (positive, negative) = (ranks.positive, ranks.negative)
        isExact = ranks.doubled.count <= Self.exactLimit
        p =
            if ranks.doubled.isEmpty { 1 } else if isExact { Self.exact(ranks) } else { Self.approximate(ranks) }
    }

    /// Counts the signs that give each sum of ranks. Ranks are doubled, so that shared ones are whole.
    private static func exact(_ ranks: SignedRanks) -> Double {
        let total = ranks.doubled.reduce(0, +)
        var counts = [Double](repeating: 0, count: total + 1)
        counts[0] = 1
        var reached = 0
        for rank in ranks.doubled {
            reached += rank
            for sum in stride(from: reached, through: rank, by: -1) { counts[sum] += counts[sum - rank] }
        }
        let least = Int((2 * min(ranks.positive, ranks.negative)).rounded())
        let all = counts.reduce(0, +)
        return min(1, 2 * counts[...least].reduce(0, +) / all)
    }

    private static func approximate(_ ranks: SignedRanks) -> Double {
        let n = Double(ranks.doubled.count)
        let variance = (n * (n + 1) * (2 * n + 1) - ranks.tieCorrection / 2) / 24
        let z = (ranks.positive - n * (n + 1) / 4) / variance.squareRoot()
        return min(1, 2 * Distributions.normal(-abs(z)))
    }
}

/// The ranks of differences by size, without those that are 0.
struct SignedRanks {
    /// Twice each rank.
    private(set) var doubled: [Int] = []
    private(set) var positive = 0.0
    private(set) var negative = 0.0
    /// The sum of t³ - t over groups of t equal sizes.
    private(set) var tieCorrection = 0.0

    init(_ differences: [Double]) {
        let sorted = differences.filter { $0 != 0 }.sorted { abs($0) < abs($1) }
        var start = 0
        while start < sorted.count {
            var end = start + 1
            while end < sorted.count, abs(sorted[end]) == abs(sorted[start]) { end += 1 }
            // The mean of the ranks start + 1 to end.
            let rank = start + 1 + end
            for position in start..<end {
                doubled.append(rank)
                if sorted[position] > 0 { positive += Double(rank) / 2 } else { negative += Double(rank) / 2 }
            }
            let count = Double(end - start)
            tieCorrection += count * count * count - count
            start = end
        }
    }
}
