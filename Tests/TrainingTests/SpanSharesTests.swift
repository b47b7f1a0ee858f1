import Testing
import TrawlCore
import TrawlModels

@testable import TrawlTensors
@testable import TrawlTraining

/// Beta-MML over the spans of a source.
@Suite struct SpanSharesTests {
    private struct Golden: Decodable {
        let items: GoldenBatch
    }

    private static let losses = [logarithm(2), logarithm(4)]

    @Test(arguments: [(1, [0.6667, 0.3333]), (0.25, [0.5432, 0.4568]), (1e-9, [0.5, 0.5])] as [(Double, [Double])])
    func sharesAreTheWorkedNumbers(_ exponent: Double, _ expected: [Double]) {
        let factors = SpanShares.factors(Self.losses, weights: [1, 1], exponent: exponent)
        #expect(zip(factors, expected).filter { abs(Double($0) / 2 - $1) > 1e-4 }.isEmpty, "\(factors)")
    }

    @Test func weightsOfSpansStay() {
        let even = SpanShares.factors([3, 3, 3], weights: [1, 0.5, 0.5], exponent: 0.5)
        #expect(even.allSatisfy { abs($0 - 1) < 1e-6 })
        let factors = SpanShares.factors([3, 1, 900], weights: [1, 0.5, 1], exponent: 0.5)
        #expect(abs(factors[0] + 0.5 * factors[1] + factors[2] - 2.5) < 1e-5)
        #expect(factors[1] > factors[0] && factors[2] == 0)
    }

    /// The sum over sources of -n/beta log of the mean of P^beta over their n spans.
    private static func value(_ network: EncoderDecoderNetwork, _ batch: GenerationBatch, _ exponent: Double) -> Double
    {
        batch.items.reduce(0) { sum, item in
            let losses = item.targets.map { target in
                network.accumulateGradients(
                    GenerationBatch([.init(source: item.source, targets: [target])]), smoothing: 0, scale: 0)
            }
            let least = losses.min() ?? 0
            let mean = losses.reduce(0) { $0 + exponential(exponent * (least - $1)) } / Double(losses.count)
            return sum + Double(losses.count) * (least - logarithm(mean) / exponent)
        }
    }

    /// Along the gradient and along a random direction: g . v against (L(x + hv) - L(x - hv)) / 2h.
    @Test(arguments: [0.25, 1]) func theGradientIsThatOfTheLoss(exponent: Double) throws {
        let batch = try loadGolden("tiny-encoder-decoder.json", as: Golden.self).items.batch
        let network = try EncoderDecoderNetworkTests.network()
        _ = network.accumulateGradients(batch.weighingSpans(exponent: exponent), smoothing: 0, scale: 1)
        let trained = network.parameters.filter(\.isTrained)
        let gradients = try trained.map { try #require($0.gradients) }
        let origin = trained.map(\.values)
        let norm = gradients.joined().reduce(0) { $0 + Double($1 * $1) }.squareRoot()
        var random = SplitMix64(seed: 4)
        let directions: [[[Float]]] = [
            gradients.map { $0.map { Float(Double($0) / norm) } },
            gradients.map { $0.map { _ in random.next() % 2 == 0 ? 1 : -1 } },
        ]
        for (direction, step) in zip(directions, [2e-2, 3e-4] as [Float]) {
            func value(_ sign: Float) throws -> Double {
                for (parameter, (values, slopes)) in zip(trained, zip(origin, direction)) {
                    try parameter.replaceValues(zip(values, slopes).map { $0 + sign * step * $1 })
                }
                return Self.value(network, batch, exponent)
            }
            let expected = (try value(1) - value(-1)) / Double(2 * step)
            let found = zip(gradients.joined(), direction.joined()).reduce(0) { $0 + Double($1.0 * $1.1) }
            #expect(abs(found - expected) < 1e-2 * max(norm, abs(expected)), "\(found), not \(expected)")
        }
    }

    @Test func aSmallExponentIsThePresentMean() throws {
        let batch = try loadGolden("tiny-encoder-decoder.json", as: Golden.self).items.batch
        func gradients(_ batch: GenerationBatch) throws -> (value: Double, gradients: [Float]) {
            let network = try EncoderDecoderNetworkTests.network()
            let value = network.accumulateGradients(batch, smoothing: 0.05, scale: 0.1)
            return (value, network.parameters.flatMap { $0.gradients ?? [] })
        }
        let (plain, none) = try (gradients(batch), gradients(batch.weighingSpans(exponent: 0)))
        #expect(plain == none)
        let (small, whole) = try (
            gradients(batch.weighingSpans(exponent: 1e-7)), gradients(batch.weighingSpans(exponent: 1))
        )
        #expect(plain.value == small.value && plain.value == whole.value)
        func distance(_ other: [Float]) -> Float { zip(plain.gradients, other).map { abs($0 - $1) }.max() ?? 0 }
        #expect(distance(small.gradients) < 1e-5)
        #expect(distance(whole.gradients) > 1e-3)
    }
}
