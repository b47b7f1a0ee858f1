import Foundation
import Testing
import TrawlEvaluation
import TrawlTestSupport

/// The golden file is written by eval/parity/tasks.py.
@Suite struct MersenneTwisterTests {
    private struct Draws: Decodable {
        let shuffled, shuffledTwice, integers, choices, sampleOfFew, sampleOfMany: [Int]
        let uniform: [Double]
    }

    private let golden: Draws

    init() throws {
        let path = TestFiles.repository("Tests/EvaluationTests/Golden/draws.json")
        golden = try JSONDecoder().decode(Draws.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test func drawsAreThoseOfNumPy() {
        var numbers = Array(0..<20)
        for expected in [golden.shuffled, golden.shuffledTwice] {
            var twister = MersenneTwister(numpySeed: 42)
            twister.shuffle(&numbers)
            #expect(numbers == expected)
        }
        var twister = MersenneTwister(numpySeed: 7)
        #expect((0..<5).map { _ in twister.uniform() } == golden.uniform)
        #expect((0..<10).map { _ in twister.integer(upTo: 999) } == golden.integers)
    }

    @Test func drawsAreThoseOfPython() {
        var twister = MersenneTwister(pythonSeed: 42)
        #expect(twister.choices(1000, 10) == golden.choices)
        #expect(twister.sample(50, 12) == golden.sampleOfFew)
        #expect(twister.sample(100_000, 12) == golden.sampleOfMany)
    }

    @Test func aRangeOfOneNumberTakesNoDraw() {
        var (one, other) = (MersenneTwister(numpySeed: 1), MersenneTwister(numpySeed: 1))
        #expect(one.integer(upTo: 0) == 0)
        #expect(one.next() == other.next())
    }
}
