import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEvaluation

/// The golden file is written by eval/parity/statistics_goldens.py with SciPy and statsmodels.
@Suite struct StatisticsTests {
    private struct Golden: Decodable {
        struct Case: Decodable, CustomTestStringConvertible {
            let name: String
            let differences: [Double]
            let t: Double
            let tP: Double
            let wilcoxon: Double?
            let randomisation: Double?
            let d: Double
            let rankBiserial: Double
            let queries: Double
            let intervals: [String: [Double]]

            var testDescription: String { name }
        }
        struct Corrected: Decodable {
            let p: [Double]
            let holm: [Double]
            let bonferroni: [Double]
            let bh: [Double]
        }
        struct Power: Decodable {
            let effect: Double
            let queries: Int
            let alpha: Double
            let power: Double
        }
        struct Needed: Decodable {
            let effect: Double
            let queries: Double
        }
        let seed: UInt64
        let samples: Int
        let cases: [Case]
        let corrections: [Corrected]
        let power: [Power]
        let needed: [Needed]
    }

    private let golden: Golden

    init() throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: TestFiles.golden("statistics.json")))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        golden = try decoder.decode(Golden.self, from: data)
        try #require(golden.cases.count >= 9)
    }

    private func isClose(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
        a.map { abs($0 - b) <= tolerance * max(1, abs(b)) } ?? false
    }

    @Test func testsAgreeWithSciPy() {
        for one in golden.cases {
            let t = PairedTTest(one.differences)
            #expect(isClose(t?.statistic, one.t) && isClose(t?.p, one.tP), "\(one.name)")
            // Small p-values agree in their digits too.
            #expect(isClose(t.map { log($0.p) }, log(one.tP)), "\(one.name)")
            if let p = one.wilcoxon { #expect(isClose(WilcoxonTest(one.differences).p, p), "\(one.name)") }
            if let p = one.randomisation {
                let test = RandomisationTest(one.differences)
                #expect(test.isExact && isClose(test.p, p), "\(one.name) \(test.p) \(p)")
            }
        }
    }

    @Test func effectSizesAgreeWithTheirFormulas() {
        for one in golden.cases {
            #expect(isClose(EffectSize.cohensD(one.differences), one.d), "\(one.name)")
            #expect(isClose(EffectSize.rankBiserial(one.differences), one.rankBiserial), "\(one.name)")
        }
        #expect(EffectSize.rankBiserial([1, 2, 3]) == 1 && EffectSize.rankBiserial([-1]) == -1)
        #expect(EffectSize.rankBiserial([0, 0]) == 0 && EffectSize.cohensD([0, 0]) == 0)
        #expect(EffectSize.cohensD([0.1, 0.1, 0.1]) == nil && EffectSize.cohensD([1]) == nil)
    }

    @Test func bootstrapIntervalsAreSciPysForTheSameSamples() {
        for one in golden.cases {
            let bootstrap = Bootstrap(of: [one.differences], samples: golden.samples, seed: golden.seed)
            #expect(one.intervals.count == 4)
            for (name, expected) in one.intervals {
                let parts = name.split(separator: " ")
                let interval = bootstrap.interval(
                    0, confidence: Double(parts[1]) ?? 0, Bootstrap.Method(rawValue: String(parts[0])) ?? .percentile)
                #expect(
                    isClose(interval?.low, expected[0]) && isClose(interval?.high, expected[1]),
                    "\(one.name) \(name): \(String(describing: interval)) \(expected)")
            }
        }
    }

    /// The bootstrap of a difference is that of the two means: the samples are the same for all columns.
    @Test func columnsOfABootstrapShareTheirSamples() throws {
        let a = golden.cases[4].differences
        let shifted = a.map { $0 + 1 }
        let bootstrap = Bootstrap(of: [a, shifted, [Double](repeating: 2, count: a.count)], samples: 500, seed: 3)
        let (first, second) = try (#require(bootstrap.interval(0)), #require(bootstrap.interval(1)))
        #expect(isClose(second.low, first.low + 1) && isClose(second.high, first.high + 1))
        #expect(bootstrap.interval(2) == ConfidenceInterval(low: 2, high: 2))
        #expect(bootstrap.interval(0) == Bootstrap(of: [a], samples: 500, seed: 3).interval(0))
        #expect(bootstrap.interval(0) != Bootstrap(of: [a], samples: 500, seed: 4).interval(0))
        #expect(Bootstrap(of: [[1]], samples: 10, seed: 1).interval(0) == nil)
        #expect(Bootstrap(of: [[]], samples: 10, seed: 1).interval(0) == nil)
    }

    @Test func correctedValuesAreThoseOfStatsmodels() {
        for one in golden.corrections {
            for (correction, expected) in [
                (Correction.holm, one.holm), (.bonferroni, one.bonferroni), (.bh, one.bh), (.none, one.p),
            ] {
                let adjusted = correction.adjusted(one.p)
                #expect(zip(adjusted, expected).filter { !isClose($0, $1) }.isEmpty, "\(correction) \(adjusted)")
                #expect(adjusted.count == expected.count)
            }
        }
        #expect(Correction.holm.adjusted([]).isEmpty)
    }

    @Test func powerIsThatOfStatsmodels() {
        for one in golden.power {
            let power = SampleSize.power(effect: one.effect, queries: one.queries, alpha: one.alpha)
            #expect(isClose(power, one.power), "\(one) \(String(describing: power))")
        }
        #expect(SampleSize.power(effect: 1, queries: 1) == nil)
    }

    @Test func queriesNeededAreThoseOfStatsmodelsRoundedUp() throws {
        let cases = golden.cases.map { Golden.Needed(effect: $0.d, queries: $0.queries) }
        // Its solver does not find so small a number.
        for one in golden.needed + cases where one.queries > 2.1 {
            let needed = try #require(SampleSize.queries(effect: one.effect))
            // The normal approximation beyond 10,000 queries is off by less than one.
            let slack = one.queries > 10_000 ? 1 : 0
            let expected = Int((one.queries - 1e-4).rounded(.up))
            #expect(abs(needed - expected) <= slack, "\(one.effect): \(needed) \(one.queries)")
        }
        #expect(SampleSize.queries(effect: -0.3) == SampleSize.queries(effect: 0.3))
        #expect(SampleSize.queries(effect: 0) == nil && SampleSize.queries(effect: 1e-9) == nil)
        #expect(SampleSize.queries(effect: .infinity) == nil && SampleSize.queries(effect: 100) == 2)
    }

    /// All signs one by one, added up in the order of the differences.
    @Test func exactRandomisationIsTheEnumerationOfAllSwaps() {
        var random = SplitMix64(seed: 5)
        for count in 1...9 {
            let differences = (0..<count).map { _ in Double(Int(random.next() % 9)) / 8 - 0.5 }
            let observed = abs(differences.reduce(0, +))
            var extreme = 0
            for signs in 0..<(1 << count) {
                var sum = 0.0
                for (position, difference) in differences.enumerated() {
                    sum += signs >> position & 1 == 0 ? difference : -difference
                }
                if abs(sum) >= observed - 1e-9 { extreme += 1 }
            }
            #expect(isClose(RandomisationTest(differences).p, Double(extreme) / Double(1 << count)))
        }
    }

    @Test func sampledRandomisationIsNearTheTTestAndFollowsItsSeed() throws {
        let differences = try #require(golden.cases.first { $0.name == "fifty" }).differences
        let test = RandomisationTest(differences, samples: 20_000, seed: 1)
        #expect(!test.isExact && isClose(test.p, 0.0316, 0.006), "\(test.p)")
        #expect(test == RandomisationTest(differences, samples: 20_000, seed: 1))
        #expect(test != RandomisationTest(differences, samples: 20_000, seed: 2))
        // No sample is as extreme, but the observed swaps are.
        #expect(RandomisationTest([Double](repeating: 1, count: 60), samples: 999).p == 0.001)
    }

    /// Ten differences of one size are a binomial test of their signs: 2 · (1 + 10) / 2¹⁰ for nine against one.
    @Test func wilcoxonIsExactWithTiesAndIgnoresQueriesWithoutDifference() {
        let differences = [0.5, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0.5, 0.5, 0.5, 0, 0, 0]
        let test = WilcoxonTest(differences)
        #expect(test.isExact && test.p == 22.0 / 1024 && test.positive == 49.5 && test.negative == 5.5)
    }

    @Test(arguments: SignificanceTest.allCases) func nothingDiffersWithCertainty(test: SignificanceTest) {
        #expect(test.p([0, 0, 0]) == 1)
        #expect(test.p([0.5]) == nil && test.p([]) == nil)
        #expect(test.p([0.5, -0.5, 0.25, -0.25]) == 1)
    }

    @Test func equalDifferencesAreCertainForTheTTest() {
        // Their mean in binary is not 0.1.
        #expect(PairedTTest([0.1, 0.1, 0.1])?.p == 0)
        #expect(RandomisationTest([0.1, 0.1, 0.1]).p == 0.25)
    }
}
