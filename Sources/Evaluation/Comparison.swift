import Foundation
public import TrawlCore

/// Two systems on the same queries under one measure: is the second better than the first?
public struct Comparison: Sendable, Equatable {
    public let measure: Measure
    /// The mean of the second less the mean of the first.
    public let difference: Double
    /// On how many queries the second scored higher, the same and lower.
    public let wins: Int, ties: Int, losses: Int
    /// The chance of a difference at least as large if the systems were equal, by Student's paired t-test (two-sided);
    /// nil for fewer than two queries. 1 when no query differs.
    public let tTest: Double?
    /// The same chance by Fisher's randomisation test: the share of 10,000 random swaps of the two scores of each query
    /// (fixed seed) with a mean difference at least as large (Smucker, Allan and Carterette, 2007).
    public let randomisation: Double

    /// - Throws: `invalidInput` if a report lacks the measure or the queries differ.
    public init(_ measure: Measure, from first: Report, to second: Report) throws(TrawlError) {
        guard let a = first.measures.firstIndex(of: measure), let b = second.measures.firstIndex(of: measure) else {
            throw TrawlError(.invalidInput, "\(measure) was not computed for both runs")
        }
        guard first.queries == second.queries else {
            throw TrawlError(
                .invalidInput, "the runs were scored on different queries", remedy: "score both with the same qrels")
        }
        let deltas = zip(first.perQuery, second.perQuery).map { $1[b] - $0[a] }
        self.measure = measure
        difference = deltas.reduce(0, +) / Double(deltas.count)
        wins = deltas.count { $0 > 0 }
        losses = deltas.count { $0 < 0 }
        ties = deltas.count - wins - losses
        tTest = Self.studentTest(deltas)
        randomisation = Self.randomisationTest(deltas, rounds: 10_000)
    }

    private static func studentTest(_ deltas: [Double]) -> Double? {
        let count = Double(deltas.count)
        guard deltas.count > 1 else { return nil }
        let mean = deltas.reduce(0, +) / count
        let variance = deltas.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        guard variance > 0 else { return mean == 0 ? 1 : 0 }
        let t = mean / (variance / count).squareRoot()
        let freedom = count - 1
        return regularisedBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
    }

    /// The regularised incomplete beta function I_x(a, b), by the continued fraction of DLMF 8.17.22 (modified Lentz).
    private static func regularisedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges fast only below the mean; above, the complement does.
        if x > (a + 1) / (a + b + 2) { return 1 - regularisedBeta(1 - x, b, a) }
        let logBeta: Double = lgamma(a) + lgamma(b) - lgamma(a + b)
        let front: Double = exp(a * log(x) + b * log(1 - x) - logBeta) / a
        let tiny = 1e-300
        func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var fraction = d
        for step in 1...500 {
            let m = Double(step)
            let even: Double = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / kept(1 + even * d)
            c = kept(1 + even / c)
            fraction *= d * c
            let odd: Double = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / kept(1 + odd * d)
            c = kept(1 + odd / c)
            fraction *= d * c
            if abs(d * c - 1) < 1e-14 { break }
        }
        return front * fraction
    }

    private static func randomisationTest(_ deltas: [Double], rounds: Int) -> Double {
        let observed = abs(deltas.reduce(0, +))
        // A sum in another order may differ in its last bits; it counts as equal.
        let bound = observed - 1e-12 * max(1, observed)
        var random = SplitMix64(seed: 0x5EED)
        var extreme = 0
        for _ in 0..<rounds {
            var sum = 0.0
            var bits: UInt64 = 0
            for (position, delta) in deltas.enumerated() {
                if position & 63 == 0 { bits = random.next() }
                sum += bits & 1 == 0 ? delta : -delta
                bits >>= 1
            }
            if abs(sum) >= bound { extreme += 1 }
        }
        return Double(extreme + 1) / Double(rounds + 1)
    }
}
