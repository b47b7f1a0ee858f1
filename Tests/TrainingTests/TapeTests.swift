import Testing
import TrawlCore

@testable import TrawlTensors
@testable import TrawlTraining

/// Gradients of every operation against differences of the loss: (L(w + h) - L(w - h)) / 2h.
@Suite struct TapeTests {
    static func values(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in scale * (Float(random.next() >> 40) / Float(1 << 23) - 1) }
    }

    static func parameter(
        _ rows: Int, _ columns: Int, seed: UInt64, scale: Float = 1, adding offset: Float = 0
    ) -> Parameter {
        Parameter(
            name: "p\(seed)", rows: rows, columns: columns, isVector: rows == 1, rateFactor: 1,
            values: values(rows * columns, seed: seed, scale: scale).map { $0 + offset })
    }

    /// A parameter as a variable: the rows of a table in order.
    static func input(_ parameter: Parameter, _ tape: Tape) -> Variable {
        tape.embedding([(parameter, Array(0..<parameter.rows))])
    }

    /// Compares the gradients of sum(w y) for fixed w, where `build` makes y.
    static func check(
        _ parameters: [Parameter], tolerance: Double = 2e-2, sourceLocation: SourceLocation = #_sourceLocation,
        _ build: (Tape) -> Variable
    ) throws {
        let tape = Tape()
        func loss() -> Double {
            tape.clear()
            let y = build(tape)
            let weights = values(y.count, seed: 99)
            return (0..<y.count).reduce(0.0) { $0 + Double(weights[$1]) * Double(y.value[$1]) }
        }
        for parameter in parameters { parameter.clearGradient() }
        tape.clear()
        let y = build(tape)
        let gradient = try #require(y.gradient, sourceLocation: sourceLocation)
        for (index, weight) in values(y.count, seed: 99).enumerated() { gradient[index] += weight }
        tape.backward()
        for parameter in parameters {
            let found = try #require(parameter.gradients, sourceLocation: sourceLocation)
            let step: Float = 1e-2
            for index in stride(from: 0, to: parameter.count, by: max(1, parameter.count / 13)) {
                let old = parameter.value[index]
                parameter.value[index] = old + step
                let above = loss()
                parameter.value[index] = old - step
                let below = loss()
                parameter.value[index] = old
                let expected = (above - below) / (2 * Double(step))
                #expect(
                    abs(Double(found[index]) - expected) <= tolerance * max(1, abs(expected)),
                    "\(parameter.name)[\(index)]: \(found[index]), not \(expected)", sourceLocation: sourceLocation)
            }
        }
    }

    @Test func aLinearLayersGradientsAreItsDifferences() throws {
        let x = Self.parameter(7, 20, seed: 1)
        let weight = Self.parameter(35, 20, seed: 2)
        let bias = Self.parameter(1, 35, seed: 3)
        try Self.check([x, weight, bias]) { $0.linear(Self.input(x, $0), weight, bias) }
    }

    @Test func theGELUsGradientIsItsDifference() throws {
        let x = Self.parameter(5, 40, seed: 1, scale: 4)
        try Self.check([x]) { $0.gelu(Self.input(x, $0)) }
    }

    @Test func aLayerNormsGradientsAreItsDifferences() throws {
        let x = Self.parameter(70, 19, seed: 1)
        let residual = Self.parameter(70, 19, seed: 2)
        let weight = Self.parameter(1, 19, seed: 3, adding: 1)
        let bias = Self.parameter(1, 19, seed: 4)
        try Self.check([x, residual, weight, bias]) {
            $0.layerNorm(
                Self.input(x, $0), adding: Self.input(residual, $0), weight: weight, bias: bias, epsilon: 1e-5)
        }
        try Self.check([x]) { $0.layerNorm(Self.input(x, $0), weight: weight, bias: bias, epsilon: 1e-5) }
    }

    @Test func anEmbeddingsGradientAddsUpOverTheTokensThatShareARow() throws {
        let words = Self.parameter(6, 8, seed: 1)
        let places = Self.parameter(4, 8, seed: 2)
        try Self.check([words, places]) { $0.embedding([(words, [3, 1, 3, 3]), (places, [0, 1, 2, 3])]) }
    }

    @Test(arguments: [false, true])
    func attentionsGradientsAreItsDifferences(isCausal: Bool) throws {
        let queries = Self.parameter(9, 16, seed: 1)
        let keys = Self.parameter(9, 16, seed: 2)
        let values = Self.parameter(9, 16, seed: 3)
        let spans =
            isCausal
            ? [
                AttentionSpan(queries: 0..<4, keys: 0..<4, isCausal: true),
                AttentionSpan(queries: 4..<9, keys: 4..<9, isCausal: true),
            ]
            // Two spans see the same keys.
            : [
                AttentionSpan(queries: 0..<2, keys: 0..<5), AttentionSpan(queries: 2..<3, keys: 0..<5),
                AttentionSpan(queries: 3..<9, keys: 5..<9),
            ]
        try Self.check([queries, keys, values]) {
            $0.attention(
                queries: Self.input(queries, $0), keys: Self.input(keys, $0), values: Self.input(values, $0),
                spans: spans, heads: 4)
        }
    }

    /// Holds the gradients of `parameters` against differences of `loss`.
    private static func expectDifferences(_ parameters: [Parameter], within bound: Double, _ loss: () -> Double) {
        for (parameter, found) in parameters.map({ ($0, $0.gradients ?? []) }) {
            for index in stride(from: 0, to: parameter.count, by: max(1, parameter.count / 11)) {
                let old = parameter.value[index]
                parameter.value[index] = old + 1e-2
                let above = loss()
                parameter.value[index] = old - 1e-2
                let below = loss()
                parameter.value[index] = old
                #expect(abs(Double(found[index]) - (above - below) / 2e-2) < bound)
            }
        }
    }

    @Test(arguments: [Float(0), 0.1])
    func theCrossEntropysGradientsAreItsDifferences(smoothing: Float) {
        let states = Self.parameter(5, 12, seed: 1)
        let table = Self.parameter(23, 12, seed: 2)
        let bias = Self.parameter(1, 23, seed: 3)
        let tape = Tape()
        func loss() -> Double {
            tape.clear()
            let result = tape.crossEntropy(
                Self.input(states, tape), table: table, bias: bias, targets: [3, 22, 0, 7, 7],
                weights: [1, 0.5, 2, 1, 1], smoothing: smoothing)
            return result
        }
        _ = loss()
        tape.backward()
        // The gradients by table and bias grow with every loss that is computed.
        Self.expectDifferences([states, table, bias], within: 1e-2, loss)
    }

    /// More rows than are in memory at once, so that logits are computed twice.
    @Test(arguments: [5, 600])
    func aLossOfLogProbabilitiesHasItsDifferencesForGradients(rows: Int) {
        let states = Self.parameter(rows, 6, seed: 1)
        let table = Self.parameter(11, 6, seed: 2)
        let bias = Self.parameter(1, 11, seed: 3)
        let targets = (0..<rows).map { TokenID($0 * 7 % 11) }
        let tape = Tape()
        // The square of the mean of some rows' log-probabilities less that of others.
        func loss() -> Double {
            tape.clear()
            return tape.loss(of: Self.input(states, tape), table: table, bias: bias, targets: targets) { levels in
                let signs = levels.indices.map { $0 % 3 == 0 ? 1.0 : $0 % 3 == 1 ? -0.5 : 0 }
                let mean = zip(levels, signs).reduce(0) { $0 + $1.0 * $1.1 } / Double(rows)
                return (mean * mean, signs.map { Float(2 * mean * $0 / Double(rows)) })
            }
        }
        _ = loss()
        tape.backward()
        Self.expectDifferences([states, table, bias], within: 2e-4, loss)
    }

    @Test func whatIsNotTrainedGetsNoGradient() {
        let tape = Tape()
        let frozen = Parameter(
            name: "frozen", rows: 3, columns: 4, isVector: false, rateFactor: 0, values: Self.values(12, seed: 1))
        #expect(tape.gelu(tape.embedding([(frozen, [0, 1, 2])])).gradient == nil)
    }

    /// Sizes that divide into tiles and sizes that do not, against sums in double precision.
    @Test(arguments: [(3, 5, 7), (200, 130, 1500), (33, 384, 2000), (500, 17, 40)])
    func productsAreThoseOfTheirDefinition(m: Int, n: Int, k: Int) {
        let product = MatrixProduct(pool: .shared)
        let x = Self.values(m * k, seed: 1)
        let w = Self.values(n * k, seed: 2)
        func expect(_ y: [Float], _ element: (Int, Int, Int) -> (Float, Float), adding: Float) {
            for (i, j) in [(0, 0), (m - 1, n - 1), (m / 2, n / 3), (m / 3, n / 2)] {
                let exact = (0..<k).reduce(Double(adding)) {
                    let (a, b) = element(i, j, $1)
                    return $0 + Double(a) * Double(b)
                }
                #expect(abs(Double(y[i * n + j]) - exact) < 1e-3)
            }
        }
        var y = [Float](repeating: 3, count: m * n)
        product.outputs(x, w, m: m, n: n, k: k, into: &y)
        expect(y, { (x[$0 * k + $2], w[$1 * k + $2]) }, adding: 0)
        y = [Float](repeating: 3, count: m * n)
        product.inputs(x, w, m: m, n: n, k: k, adding: true, into: &y)
        expect(y, { (x[$0 * k + $2], w[$2 * n + $1]) }, adding: 3)
        y = [Float](repeating: 3, count: m * n)
        var room = [Float](repeating: 0, count: m * k)
        product.transposed(x, w, m: m, n: n, k: k, transposed: &room, into: &y)
        expect(y, { (x[$2 * m + $0], w[$2 * n + $1]) }, adding: 3)
    }
}
