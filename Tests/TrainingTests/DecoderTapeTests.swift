import Testing
import TrawlCore

@testable import TrawlTensors
@testable import TrawlTraining

/// Gradients of a decoder's operations against differences of the loss.
@Suite struct DecoderTapeTests {
    private static func frozen(_ rows: Int, _ columns: Int, seed: UInt64, adding offset: Float = 0) -> Parameter {
        Parameter(
            name: "w\(seed)", rows: rows, columns: columns, isVector: rows == 1, rateFactor: 0,
            values: TapeTests.values(rows * columns, seed: seed).map { $0 + offset })
    }

    @Test func anRMSNormsGradientIsItsDifference() throws {
        let x = TapeTests.parameter(70, 19, seed: 1)
        let weight = Self.frozen(1, 19, seed: 2, adding: 1)
        try TapeTests.check([x]) { $0.rmsNorm(TapeTests.input(x, $0), weight: weight, epsilon: 1e-5) }
    }

    @Test func aRotationsGradientIsItsDifference() throws {
        let x = TapeTests.parameter(7, 24, seed: 1)
        // Fewer pairs than half a head: the rest stays.
        for pairs in [4, 3] {
            let angles = RotaryAngles(
                positions: [0, 1, 2, 3, 3, 4, 50], frequencies: (0..<pairs).map { 1 / Float(1 + $0) })
            try TapeTests.check([x]) { $0.rotation(TapeTests.input(x, $0), heads: 3, angles: angles) }
        }
    }

    @Test func aGatedUnitsGradientsAreItsDifferences() throws {
        let (gate, up) = (TapeTests.parameter(5, 40, seed: 1, scale: 4), TapeTests.parameter(5, 40, seed: 2))
        try TapeTests.check([gate, up]) {
            $0.gatedUnit(gate: TapeTests.input(gate, $0), up: TapeTests.input(up, $0))
        }
        let other = Self.frozen(5, 40, seed: 3)
        try TapeTests.check([gate]) { $0.gatedUnit(gate: TapeTests.input(gate, $0), up: TapeTests.input(other, $0)) }
        try TapeTests.check([up]) { $0.gatedUnit(gate: TapeTests.input(other, $0), up: TapeTests.input(up, $0)) }
    }

    @Test func sumsAndRowsCarryGradientsOn() throws {
        let (a, b) = (TapeTests.parameter(4, 6, seed: 1), TapeTests.parameter(4, 6, seed: 2))
        try TapeTests.check([a, b]) { tape in
            tape.rows([3, 0, 3], of: tape.sum(TapeTests.input(a, tape), TapeTests.input(b, tape)))
        }
    }

    /// The input's gradient too, and what the frozen matrix adds to it.
    @Test(arguments: [1, 70]) func anAdaptedLinearLayersGradientsAreItsDifferences(rows: Int) throws {
        let x = TapeTests.parameter(rows, 20, seed: 1)
        let weight = Self.frozen(35, 20, seed: 2)
        let adapter = LowRankAdapter(
            down: TapeTests.parameter(3, 20, seed: 3), up: TapeTests.parameter(35, 3, seed: 4), scale: 0.5)
        try TapeTests.check([x, adapter.down, adapter.up]) {
            $0.linear(TapeTests.input(x, $0), weight, adapter: adapter)
        }
        #expect(weight.gradients == nil)
    }

    /// Continuations of two sources, of one row and more; six heads of queries share two of keys.
    @Test func attentionsGradientsBehindASharedPrefixAreItsDifferences() throws {
        let queries = TapeTests.parameter(12, 24, seed: 1)
        let (keys, values) = (TapeTests.parameter(12, 8, seed: 2), TapeTests.parameter(12, 8, seed: 3))
        func span(_ rows: Range<Int>, behind prefix: Range<Int> = 0..<0) -> AttentionSpan {
            AttentionSpan(queries: rows, keys: rows, isCausal: true, prefix: prefix)
        }
        let spans = [
            span(0..<3), span(3..<5, behind: 0..<3), span(5..<6, behind: 0..<3), span(6..<8),
            span(8..<12, behind: 6..<8),
        ]
        try TapeTests.check([queries, keys, values]) {
            $0.attention(
                queries: TapeTests.input(queries, $0), keys: TapeTests.input(keys, $0),
                values: TapeTests.input(values, $0), spans: spans, heads: 6, keyHeads: 2)
        }
    }

    /// Spans that share keys with ones that do not lie beside them.
    @Test func attentionsGradientsAddUpWhereSpansFarApartShareKeys() throws {
        let queries = TapeTests.parameter(8, 8, seed: 1)
        let (keys, values) = (TapeTests.parameter(8, 8, seed: 2), TapeTests.parameter(8, 8, seed: 3))
        let spans = [
            AttentionSpan(queries: 0..<2, keys: 0..<3), AttentionSpan(queries: 2..<4, keys: 4..<8),
            AttentionSpan(queries: 4..<8, keys: 2..<4),
        ]
        try TapeTests.check([queries, keys, values]) {
            $0.attention(
                queries: TapeTests.input(queries, $0), keys: TapeTests.input(keys, $0),
                values: TapeTests.input(values, $0), spans: spans, heads: 2)
        }
    }
}
