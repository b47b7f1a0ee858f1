import Testing
import TrawlCore
import TrawlEmbeddings

@testable import TrawlTraining

@Suite struct AngleConcentrationTests {
    private static func concentration(_ rows: [[Float]], preceding: Int) -> AngleConcentration {
        AngleConcentration(rows.joined(), dimension: rows[0].count, preceding: preceding)
    }

    @Test func orthogonalStatesHaveNoneAndEqualStatesAll() {
        let axes = (0..<4).map { axis in (0..<4).map { Float($0 == axis ? axis + 1 : 0) } }
        let orthogonal = Self.concentration(axes, preceding: 2)
        #expect(abs(orthogonal.within) < 1e-9 && abs(orthogonal.between) < 1e-9)
        let equal = Self.concentration((1...5).map { [Float($0), Float(2 * $0)] }, preceding: 2)
        #expect(abs(equal.within - 1) < 1e-9 && abs(equal.between - 1) < 1e-9)
    }

    /// Against the means over pairs, one by one.
    @Test func theMeansAreThoseOverPairs() {
        var random = SplitMix64(seed: 2)
        let rows = (0..<9).map { _ in (0..<3).map { _ in Float(random.nextShare()) - 0.3 } }
        func cosine(_ a: Int, _ b: Int) -> Double {
            func product(_ a: Int, _ b: Int) -> Double { zip(rows[a], rows[b]).reduce(0) { $0 + Double($1.0 * $1.1) } }
            return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
        }
        func mean(_ pairs: [(Int, Int)]) -> Double { pairs.reduce(0) { $0 + cosine($1.0, $1.1) } / Double(pairs.count) }
        let found = Self.concentration(rows, preceding: 4)
        #expect(abs(found.within - mean((4..<9).flatMap { i in (4..<i).map { (i, $0) } })) < 1e-6)
        #expect(abs(found.between - mean((4..<9).flatMap { i in (0..<4).map { (i, $0) } })) < 1e-6)
    }

    @Test func rotationAndLengthsOfStatesDoNotMatter() {
        let rows: [[Float]] = [[1, 2], [0.5, -1], [3, 0.1], [-1, 1]]
        let turned = rows.enumerated().map { number, row in
            [0.6 * row[0] - 0.8 * row[1], 0.8 * row[0] + 0.6 * row[1]].map { $0 * Float(number + 1) }
        }
        let (plain, other) = (Self.concentration(rows, preceding: 1), Self.concentration(turned, preceding: 1))
        #expect(abs(plain.within - other.within) < 1e-6 && abs(plain.between - other.between) < 1e-6)
    }

    /// Of a model's states: whatever is computed at once, and with what is frozen or trained.
    @Test func pairsDoNotDependOnThoseBesideThem() throws {
        let network = try BertEmbedderNetwork(EmbedderFolder(path: EmbedderNetworkTests.model))
        let pairs = (0..<5).map { number -> (query: [TokenID], passage: [TokenID]) in
            let words = (0..<4 + number).map { TokenID(20 + $0 * number) }
            let query: [TokenID] = [1, TokenID(10 + number), 2]
            return (query, [1] + words + [2])
        }
        let together = try network.concentrations(of: pairs)
        for (value, pair) in zip(together, pairs) {
            let alone = try network.concentrations(of: [pair], microBatch: 1)[0]
            #expect(abs(value - alone) < 1e-5)
            #expect((-2...2).contains(value))
        }
        #expect(Set(together).count == 5)
    }
}

@Suite struct ConcentrationWindowTests {
    @Test func theWindowMovesByTheWorkedNumber() {
        let moved: Double = ConcentrationWindow.move(solved: 0.8, concentration: 0.2, step: 500)
        #expect((458.45...458.55).contains(moved))
        #expect(ConcentrationWindow.move(solved: 0, concentration: 0, step: 500) == 0)
        #expect(ConcentrationWindow.move(solved: 1, concentration: 9, step: 500) <= 1000)
    }

    @Test func aWideWindowDrawsAllAlike() {
        var counts = [Int](repeating: 0, count: 10)
        var random = SplitMix64(seed: 1)
        for _ in 0..<1000 {
            let ranks = ConcentrationWindow.ranks(3, of: 10, centre: 0, width: .infinity, using: &random)
            #expect(Set(ranks).count == 3)
            for rank in ranks { counts[rank] += 1 }
        }
        #expect(counts.allSatisfy { (240...360).contains($0) }, "\(counts)")
    }

    @Test func ranksNearTheCentreAreDrawn() {
        var random = SplitMix64(seed: 1)
        let ranks = ConcentrationWindow.ranks(20, of: 1000, centre: 300, width: 10, using: &random)
        #expect(ranks.allSatisfy { abs($0 - 300) < 60 })
        #expect(Set(ranks).count == 20)
    }

    @Test func concentratedExamplesComeFirstAndAllHaveTheirTurn() {
        // Example 99 is the most concentrated.
        var window = ConcentrationWindow((0..<100).map { 0.002 * Double($0) }, draws: 5)
        var seen: [[Int]] = []
        for _ in 0..<80 {
            let drawn = window.examples(seed: 7)
            #expect(drawn == window.examples(seed: 7) && Set(drawn).count == 5)
            seen.append(drawn)
            window.record(drawn, solved: 5)
        }
        #expect(seen.prefix(2).joined().allSatisfy { $0 > 60 })
        #expect(Set(seen.prefix(2).joined()).count == 10)
        #expect(Set(seen.joined()).count > 90)
        // After the last rank the window is at the first ones again.
        #expect(window.state.centre < 100)
    }

    @Test func nothingSolvedKeepsTheWindow() {
        var window = ConcentrationWindow([Double](repeating: 0, count: 100), draws: 10)
        window.record(window.examples(seed: 1), solved: 0)
        #expect(window.state.centre == 0 && window.state.epoch == 1)
        window.record(window.examples(seed: 1), solved: 10)
        #expect(window.state.centre > 3)
    }
}
