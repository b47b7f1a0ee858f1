import Foundation
import Testing
import TrawlCore

@testable import TrawlEvaluation

@Suite struct CorrelationTests {
    // scipy.stats.spearmanr and pearsonr, scipy 1.17.
    private let a: [Double] = [0.1, 0.4, 0.4, 0.9, -3, 7, 0.4, 2]
    private let b: [Double] = [5, 3, 4, 4, 0, 2.5, 1, 4]

    @Test func coefficientsAreThoseOfScipy() throws {
        #expect(abs(try #require(Correlation.spearman(a, b)) - 0.125) < 1e-12)
        #expect(abs(try #require(Correlation.pearson(a, b)) - 0.2615165903137166) < 1e-12)
    }

    @Test func equalNumbersShareTheMeanOfTheirRanks() {
        #expect(Correlation.ranks([3, 1, 3, 3, 2]) == [4, 1, 4, 4, 2])
        #expect(Correlation.ranks([]) == [])
    }

    @Test func listsWithoutACorrelationHaveNone() {
        #expect(Correlation.spearman([1, 1], [1, 2]) == nil)
        #expect(Correlation.pearson([1, 2], [1, 2, 3]) == nil)
        #expect(Correlation.spearman([1, .nan], [1, 2]) == nil)
        #expect(Correlation.spearman([1, 2, 9], [10, 20, 21]).map { abs($0 - 1) < 1e-12 } == true)
    }
}

@Suite struct ScoredPairsTests {
    private func read(_ text: String) throws -> ScoredPairs {
        try withFile(text) { try ScoredPairs(path: $0) }
    }

    @Test func columnsAreFoundByNameOrPlace() throws {
        let plain = try read("5.0\ta \"b\tc\textra\n\n1\td\te\n")
        #expect(plain.scores == [5, 1] && plain.first == ["a \"b", "d"] && plain.second == ["c", "e"])
        let named = try read("genre\tsentence1\tsentence2\tscore\nx\tone\ttwo\t0.5\nx\tthree\tfour\t1\n")
        #expect(named.scores == [0.5, 1] && named.first == ["one", "three"] && named.second == ["two", "four"])
    }

    @Test(arguments: [("1\ta\tb\n2\ta\n", 2), ("x\ta\tb\n", 1), ("1\ta\tb\nnan\ta\tb\n", 2)])
    func badLinesAreNamed(_ text: String, _ line: Int) {
        #expect { try read(text) } throws: { ($0 as? TrawlError)?.line == line }
    }

    @Test func tooFewPairsAreAnError() {
        #expect(throws: TrawlError.self) { try read("1\ta\tb\n") }
        #expect(throws: TrawlError.self) { try read("") }
    }
}
