import Foundation
import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlTensors
import TrawlTestSupport

@testable import TrawlTraining

/// Spectra of gradients, against numbers worked out by hand and their definitions.
@Suite struct PairInspectionTests {
    @Test func spectraHaveTheirKnownValues() {
        let even = GradientSpectrum(singularValues: [1, 1, 1, 1])
        #expect(even.nuclearNorm == 4)
        #expect(abs(even.effectiveRank - 4) < 1e-12)
        #expect(abs(GradientSpectrum(singularValues: [3, 1]).effectiveRank - 1.7548) < 1e-4)
        #expect(abs(GradientSpectrum(singularValues: [5, 0, 0]).effectiveRank - 1) < 1e-12)
        #expect(GradientSpectrum(singularValues: [0, 0]) == GradientSpectrum(singularValues: []))
        #expect(GradientSpectrum(singularValues: [0, 0]).effectiveRank == 0)
    }

    @Test func aLargerGradientHasALargerNormAndTheSameRank() throws {
        let values = TapeTests.values(6 * 4, seed: 3, scale: 1)
        let small = try GradientSpectrum(of: Matrix(rows: 6, columns: 4, values: values))
        let large = try GradientSpectrum(of: Matrix(rows: 6, columns: 4, values: values.map { 8 * $0 }))
        #expect(abs(large.nuclearNorm / small.nuclearNorm - 8) < 1e-4)
        #expect(abs(large.effectiveRank - small.effectiveRank) < 1e-4)
        // A gradient of one token is an outer product.
        let (a, b) = (values.prefix(6), values.suffix(4))
        let outer = try Matrix(rows: 6, columns: 4, values: a.flatMap { x in b.map { x * $0 } })
        #expect(abs(try GradientSpectrum(of: outer).effectiveRank - 1) < 1e-3)
    }

    @Test func slopesAreThoseOfFiniteDifferences() {
        let embedded = TapeTests.values(2 * 5, seed: 1, scale: 1)
        let others = (0..<3).map { TapeTests.values(5, seed: UInt64(7 + $0), scale: 1) }
        let slopes = PairInspector.loss(embedded, others: others, temperature: 0.5).slopes
        for index in embedded.indices {
            func value(_ step: Float) -> Double {
                var moved = embedded
                moved[index] += step
                return PairInspector.loss(moved, others: others, temperature: 0.5).value
            }
            #expect(abs((value(1e-2) - value(-1e-2)) / 2e-2 - Double(slopes[index])) < 2e-3)
        }
    }

    @Test func aPairIsInspectedWithoutAChange() throws {
        let files = try TemporaryFolder()
        let folder = try EmbedderNetworkTests.embedder(files)
        let tokens = try EmbedderNetworkTests.tokens(folder)
        let network = try BertEmbedderNetwork(folder, adaptation: EmbedderNetworkTests.layers())
        let tape = Tape(isRecording: false)
        let vectors = tokens.map { tape.values(of: network.embeddings(of: [$0], tape)) }
        let inspector = try PairInspector(folder)
        func inspect(_ passage: Int, others: [Int]) throws -> PairGradient {
            try inspector.inspect(query: tokens[0], passage: tokens[passage], others: others.map { vectors[$0] })
        }
        let first = try inspect(1, others: [2, 3])
        #expect(first.tokens == tokens[0].count + tokens[1].count)
        #expect(first.nuclearNorm > 0)
        #expect((1...Double(first.tokens)).contains(first.effectiveRank))
        // The passages' cosines are all that the loss depends on.
        let scores = [1, 2, 3].map { index in
            Double(zip(vectors[0], vectors[index]).reduce(0) { $0 + $1.0 * $1.1 } / 0.05)
        }
        let expected = -log(exp(scores[0]) / scores.reduce(0) { $0 + exp($1) })
        #expect(abs(first.loss - expected) < 1e-3)
        // Without others there is nothing to learn.
        let alone = try inspect(1, others: [])
        #expect(abs(alone.loss) < 1e-9 && alone.nuclearNorm < 1e-6)
        // Neither gradients nor weights are left over.
        let again = try inspect(1, others: [2, 3])
        #expect(again.loss == first.loss && again.nuclearNorm == first.nuclearNorm)
        #expect(again.effectiveRank == first.effectiveRank)
    }
}
