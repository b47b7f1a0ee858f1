import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlSenses

/// The step of the training follows the gradient of its loss.
@Suite struct SenseGradientTests {
    private static let (words, senses, dimension) = (7, 3, 16)
    private let neighbours: [Int32] = [2, 3, 3, 5]
    private let sampled: [Int32] = [0, 4, 6, 3, 4]

    private enum Table: CaseIterable { case senses, outputs, outputBiases, gates, gateBiases }

    /// A network whose parameters are all near 1 in magnitude.
    private func network() -> SenseNetwork {
        var random = SplitMix64(seed: 5)
        let network = SenseNetwork(
            wordCount: Self.words, senseCount: Self.senses, dimension: Self.dimension,
            noise: SenseNoise(count: Self.words), &random)
        network.separateGates()
        for table in Table.allCases {
            for index in 0..<count(table) { add(2 * Float(random.nextUnit()) - 1, to: network, table, index) }
        }
        return network
    }

    private func count(_ table: Table) -> Int {
        switch table {
        case .senses, .gates: Self.words * Self.senses * Self.dimension
        case .outputs: Self.words * Self.dimension
        case .outputBiases: Self.words
        case .gateBiases: Self.words * Self.senses
        }
    }

    private func add(_ value: Float, to network: SenseNetwork, _ table: Table, _ index: Int) {
        let (row, lane) = (index / 16, index % 16)
        switch table {
        case .senses: network.senses[row][lane] += value
        case .outputs: network.outputs[row][lane] += value
        case .gates: network.gates[row][lane] += value
        case .outputBiases: network.outputBiases[index] += value
        case .gateBiases: network.gateBiases[index] += value
        }
    }

    private func value(_ network: SenseNetwork, _ table: Table, _ index: Int) -> Float {
        let (row, lane) = (index / 16, index % 16)
        return switch table {
        case .senses: network.senses[row][lane]
        case .outputs: network.outputs[row][lane]
        case .gates: network.gates[row][lane]
        case .outputBiases: network.outputBiases[index]
        case .gateBiases: network.gateBiases[index]
        }
    }

    @Test(arguments: [0, 0.1] as [Float], [1, 0.5] as [Float])
    func theStepIsTheGradientOfTheLoss(entropyWeight: Float, temperature: Float) {
        let relaxation = SenseNetwork.Relaxation(
            temperature: temperature, noise: [0.3, -0.2, 0.5], entropyWeight: entropyWeight)
        let word: Int32 = 1
        for table in Table.allCases {
            var greatest: Float = 0
            for seed in 1...6 as ClosedRange<UInt64> {
                var random = SplitMix64(seed: seed)
                let direction = (0..<count(table)).map { _ in random.next() % 2 == 0 ? Float(1) : -1 }
                // The context is read before: no gradient passes through it.
                func loss(_ step: Float) -> Float {
                    let network = network()
                    network.read(context: neighbours)
                    for index in direction.indices { add(step * direction[index], to: network, table, index) }
                    return network.loss(of: word, neighbours: neighbours, sampled: sampled, relaxation)
                }
                let numeric = (loss(0.01) - loss(-0.01)) / 0.02
                let (before, after) = (network(), network())
                after.read(context: neighbours)
                _ = after.loss(of: word, neighbours: neighbours, sampled: sampled, relaxation)
                after.update(word, neighbours: neighbours, sampled: sampled, rate: 1, gateRate: 1)
                let gradient = direction.indices.reduce(Float(0)) {
                    $0 + direction[$1] * (value(before, table, $1) - value(after, table, $1))
                }
                greatest = max(greatest, abs(gradient))
                #expect(abs(numeric - gradient) < 2e-3 * max(0.1, abs(gradient)), "\(table): \(numeric) \(gradient)")
            }
            #expect(greatest > 0.01, "\(table) has no gradient")
        }
    }

    @Test func repeatedStepsFitOneOccurrence() {
        let network = network()
        let relaxation = SenseNetwork.Relaxation()
        var losses: [Float] = []
        for _ in 0..<400 {
            network.read(context: [2, 3])
            losses.append(network.loss(of: 1, neighbours: [2, 3], sampled: [0, 4, 6], relaxation))
            network.update(1, neighbours: [2, 3], sampled: [0, 4, 6], rate: 0.25, gateRate: 0.25)
        }
        #expect(losses[0] > 0.5 && losses[399] < 0.05, "\(losses[0]) \(losses[399])")
    }

    @Test func theSharedGateIsEveryWords() {
        var random = SplitMix64(seed: 5)
        let network = SenseNetwork(
            wordCount: 3, senseCount: 2, dimension: 16, noise: SenseNoise(count: 3), &random)
        network.outputs[1] = .one
        network.read(context: [1])
        network.choose(0)
        let first = network.probabilities
        network.choose(2)
        #expect(network.probabilities == first && first[0] != first[1])
        network.separateGates()
        network.choose(2)
        #expect(network.probabilities == first)
        network.gates[2 * 2] += 1
        network.choose(2)
        #expect(network.probabilities != first)
        network.choose(0)
        #expect(network.probabilities == first)
    }

    @Test func sampledWordsFollowTheLogUniformLaw() {
        let noise = SenseNoise(count: 50)
        let total = noise.logarithms.reduce(0.0) { $0 + exp(Double($1)) }
        #expect(abs(total - 1) < 1e-5)
        var random = SplitMix64(seed: 1)
        var counts = [Int](repeating: 0, count: 50)
        for _ in 0..<100_000 { counts[Int(noise.draw(&random))] += 1 }
        for word in [0, 1, 10, 49] {
            let expected = exp(Double(noise.logarithms[word]))
            #expect(abs(Double(counts[word]) / 100_000 - expected) < 0.006)
        }
    }
}
