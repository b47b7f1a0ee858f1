import Testing
import TrawlTensors

@testable import TrawlTraining

/// What turns states into embeddings and compares these.
@Suite struct EmbeddingTapeTests {
    @Test func aMeansGradientsAreItsDifferences() throws {
        let x = TapeTests.parameter(9, 12, seed: 1)
        try TapeTests.check([x]) { $0.means(of: [0..<3, 3..<4, 2..<9], in: TapeTests.input(x, $0)) }
    }

    @Test func aUnitRowsGradientsAreItsDifferences() throws {
        let x = TapeTests.parameter(5, 12, seed: 1, adding: 0.5)
        try TapeTests.check([x]) { $0.unitRows(TapeTests.input(x, $0)) }
        let tape = Tape()
        let unit = tape.values(of: tape.unitRows(tape.constant([3, 4, 0, 0], rows: 2, columns: 2)))
        #expect(zip(unit, [0.6, 0.8, 0, 0]).filter { abs($0 - $1) > 1e-6 }.isEmpty)
    }

    @Test func similaritiesGradientsAreTheirDifferences() throws {
        let a = TapeTests.parameter(3, 10, seed: 1)
        let b = TapeTests.parameter(7, 10, seed: 2)
        try TapeTests.check([a, b]) {
            $0.similarities(TapeTests.input(a, $0), TapeTests.input(b, $0), scale: 0.7)
        }
    }

    @Test func lateInteractionsGradientsAreItsDifferences() throws {
        let x = TapeTests.parameter(16, 10, seed: 1)
        // One passage has no rows, row 9 is in none.
        let passages = [[5, 6, 7], [], [8], [10, 11, 12, 13, 14, 15]]
        try TapeTests.check([x]) {
            $0.maxSim(TapeTests.input(x, $0), queries: [0..<2, 2..<5], passages: passages, scale: 0.7)
        }
        let tape = Tape()
        let found = tape.values(
            of: tape.maxSim(TapeTests.input(x, tape), queries: [0..<2, 2..<5], passages: passages, scale: 0.7))
        var expected: [Float] = []
        for query in [0..<2, 2..<5] {
            for passage in passages {
                var sum: Float = 0
                for row in query {
                    let products: [Float] = passage.map { other in
                        (0..<10).reduce(Float(0)) { $0 + x.values[row * 10 + $1] * x.values[other * 10 + $1] }
                    }
                    sum += products.max() ?? 0
                }
                expected.append(0.7 * sum)
            }
        }
        #expect(zip(found, expected).filter { abs($0 - $1) > 1e-5 }.isEmpty)
    }

    /// More rows than are multiplied at once, on any number of threads.
    @Test func lateInteractionOfManyPassagesIsThatOfEach() throws {
        let x = TapeTests.parameter(9003, 6, seed: 1)
        let passages = (0..<900).map { Array(3 + $0 * 10..<3 + ($0 + 1) * 10) }
        func scores(_ passages: [[Int]], threads: Int) -> [Float] {
            let tape = Tape(pool: ThreadPool(threadCount: threads))
            return tape.values(
                of: tape.maxSim(TapeTests.input(x, tape), queries: [0..<3], passages: passages, scale: 1))
        }
        let all = scores(passages, threads: 2)
        #expect(all == scores(passages, threads: 1))
        let each = passages.map { scores([$0], threads: 1)[0] }
        #expect(zip(all, each).filter { abs($0 - $1) > 1e-5 }.isEmpty)
    }

    @Test func anAdapterBesideABiasHasItsDifferences() throws {
        let x = TapeTests.parameter(6, 10, seed: 1)
        func frozen(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Parameter {
            Parameter(
                name: "f\(seed)", rows: rows, columns: columns, isVector: rows == 1, rateFactor: 0,
                values: TapeTests.values(rows * columns, seed: seed))
        }
        let (weight, bias) = (frozen(8, 10, 2), frozen(1, 8, 3))
        let adapter = LowRankAdapter(
            down: TapeTests.parameter(2, 10, seed: 4), up: TapeTests.parameter(8, 2, seed: 5), scale: 2)
        try TapeTests.check([x, adapter.down, adapter.up]) {
            $0.linear(TapeTests.input(x, $0), weight, bias, adapter: adapter)
        }
        // The merged matrix gives the same.
        let merged = Parameter(
            name: "m", rows: 8, columns: 10, isVector: false, rateFactor: 0, values: adapter.merged(into: weight))
        let tape = Tape()
        let input = TapeTests.input(x, tape)
        let difference = zip(
            tape.values(of: tape.linear(input, weight, bias, adapter: adapter)),
            tape.values(of: tape.linear(input, merged, bias))
        ).map { abs($0 - $1) }.max()
        #expect(difference ?? 1 < 1e-5)
    }

    @Test func aLeafsGradientIsReadOffTheTape() {
        let tape = Tape()
        tape.clear()
        let x = tape.leaf([1, 2, 3, 4], rows: 2, columns: 2)
        _ = tape.loss(of: tape.rows([1, 1], of: x)) { _ in (0, [1, 2, 3, 4]) }
        tape.backward()
        #expect(tape.gradient(of: x) == [0, 0, 4, 6])
        #expect(tape.gradient(of: tape.constant([1], rows: 1, columns: 1)) == nil)
    }
}
