internal import Glibc
internal import TrawlCore

/// The parameters of Disambiguated Skip-gram (Grzegorczyk and Kurdziel, EMNLP 2018) and one step of their training.
///
/// A word w has K sense vectors v, an output vector u with a bias b, and a gate A (K vectors) with biases a. For an occurrence
/// of w, c is the mean of the neighbours' output vectors, without a gradient; z = softmax((A c + a + noise) / temperature) are
/// the probabilities of its senses; h = sum of z_k v_k predicts each neighbour o by a softmax over u.h + b, sampled.
///
/// Memory is rows of 16 floats, whose sums have one order on every processor.
final class SenseNetwork {
    typealias Lane = SIMD16<Float>

    let wordCount, senseCount, lanes: Int
    /// [words, lanes]
    let outputs: UnsafeMutablePointer<Lane>
    let outputBiases: UnsafeMutablePointer<Float>
    /// [words, senses, lanes]
    let senses: UnsafeMutablePointer<Lane>
    /// [words, senses, lanes]; while they are shared, only the first word's are used.
    let gates: UnsafeMutablePointer<Lane>
    let gateBiases: UnsafeMutablePointer<Float>
    /// Whether all words have the gate of the first.
    private(set) var sharesGates = true

    private let context, hidden, hiddenGradient: UnsafeMutablePointer<Lane>
    private(set) var probabilities: [Float]
    private var logitGradients: [Float]
    private var targetGradients: [Float] = []
    private var noiseGradients: [Float] = []
    private let logarithms: [Float]

    /// - Parameter dimension: a multiple of 16.
    init(wordCount: Int, senseCount: Int, dimension: Int, noise: SenseNoise, _ random: inout SplitMix64) {
        (self.wordCount, self.senseCount, lanes) = (wordCount, senseCount, dimension / Lane.scalarCount)
        func zeros<Value>(_ count: Int, _ zero: Value) -> UnsafeMutablePointer<Value> {
            let memory = UnsafeMutablePointer<Value>.allocate(capacity: count)
            memory.initialize(repeating: zero, count: count)
            return memory
        }
        outputs = zeros(wordCount * lanes, Lane.zero)
        outputBiases = zeros(wordCount, 0)
        senses = zeros(wordCount * senseCount * lanes, Lane.zero)
        gates = zeros(wordCount * senseCount * lanes, Lane.zero)
        gateBiases = zeros(wordCount * senseCount, 0)
        (context, hidden, hiddenGradient) = (zeros(lanes, .zero), zeros(lanes, .zero), zeros(lanes, .zero))
        probabilities = [Float](repeating: 0, count: senseCount)
        logitGradients = probabilities
        logarithms = noise.logarithms
        func fill(_ memory: UnsafeMutablePointer<Lane>, _ count: Int, width: Float) {
            for row in 0..<count {
                for lane in 0..<Lane.scalarCount { memory[row][lane] = (Float(random.nextUnit()) - 0.5) * width }
            }
        }
        fill(senses, wordCount * senseCount * lanes, width: 1 / Float(dimension))
        fill(gates, senseCount * lanes, width: 1)
    }

    deinit {
        for memory in [outputs, senses, gates, context, hidden, hiddenGradient] { memory.deallocate() }
        outputBiases.deallocate()
        gateBiases.deallocate()
    }

    /// Gives every word a gate of its own, equal to the one that all have shared.
    func separateGates() {
        for word in 1..<max(1, wordCount) {
            (gates + word * senseCount * lanes).update(from: gates, count: senseCount * lanes)
            (gateBiases + word * senseCount).update(from: gateBiases, count: senseCount)
        }
        sharesGates = false
    }

    /// How one step treats the choice between senses.
    struct Relaxation {
        var temperature: Float = 1
        /// Added to the logits; empty for none.
        var noise: [Float] = []
        /// The weight of the entropy of the probabilities, which lessens the loss.
        var entropyWeight: Float = 0
    }

    /// Sets the mean of the neighbours' output vectors, which the gates read.
    func read(context words: [Int32]) {
        for lane in 0..<lanes { context[lane] = .zero }
        for word in words { Self.add(1, outputs + Int(word) * lanes, to: context, lanes) }
        let share = 1 / Float(max(1, words.count))
        for lane in 0..<lanes { context[lane] *= share }
    }

    /// Sets `probabilities` for an occurrence of `word` in the context that was read.
    func choose(_ word: Int32, _ relaxation: Relaxation = Relaxation()) {
        let gate = sharesGates ? 0 : Int(word)
        for sense in 0..<senseCount {
            let row = gate * senseCount + sense
            let logit = Self.dot(gates + row * lanes, context, lanes) + gateBiases[row]
            let noise = relaxation.noise.isEmpty ? 0 : relaxation.noise[sense]
            probabilities[sense] = (logit + noise) / relaxation.temperature
        }
        let highest = probabilities.max() ?? 0
        var sum: Float = 0
        for sense in 0..<senseCount {
            probabilities[sense] = expf(probabilities[sense] - highest)
            sum += probabilities[sense]
        }
        for sense in 0..<senseCount { probabilities[sense] /= sum }
    }

    /// The mean loss of predicting each of `neighbours` of an occurrence of `word`, which is not empty, instead of `sampled` words, in
    /// the context that was read. What `update` needs stays here.
    func loss(of word: Int32, neighbours: [Int32], sampled: [Int32], _ relaxation: Relaxation) -> Float {
        choose(word, relaxation)
        let own = senses + Int(word) * senseCount * lanes
        for lane in 0..<lanes { hidden[lane] = .zero }
        for sense in 0..<senseCount { Self.add(probabilities[sense], own + sense * lanes, to: hidden, lanes) }
        targetGradients.removeAll(keepingCapacity: true)
        noiseGradients.removeAll(keepingCapacity: true)
        for target in neighbours { targetGradients.append(score(target)) }
        // A sampled word that is a neighbour too would be pulled both ways.
        for other in sampled { noiseGradients.append(neighbours.contains(other) ? -.infinity : score(other)) }
        let highest = max(targetGradients.max() ?? 0, noiseGradients.max() ?? 0)
        var noiseSum: Float = 0
        for index in noiseGradients.indices {
            noiseGradients[index] = expf(noiseGradients[index] - highest)
            noiseSum += noiseGradients[index]
        }
        var (loss, weight): (Float, Float) = (0, 0)
        let share = 1 / Float(max(1, neighbours.count))
        for index in targetGradients.indices {
            let logit = targetGradients[index] - highest
            let exponential = expf(logit)
            let total = exponential + noiseSum
            loss += share * (logf(total) - logit)
            targetGradients[index] = share * (exponential / total - 1)
            weight += share / total
        }
        for lane in 0..<lanes { hiddenGradient[lane] = .zero }
        for (index, target) in neighbours.enumerated() {
            Self.add(targetGradients[index], outputs + Int(target) * lanes, to: hiddenGradient, lanes)
        }
        for (index, other) in sampled.enumerated() where noiseGradients[index] > 0 {
            noiseGradients[index] *= weight
            Self.add(noiseGradients[index], outputs + Int(other) * lanes, to: hiddenGradient, lanes)
        }
        let bonus = relaxation.entropyWeight
        var mean: Float = 0
        for sense in 0..<senseCount {
            let probability = probabilities[sense]
            var gradient = Self.dot(hiddenGradient, own + sense * lanes, lanes)
            if bonus > 0, probability > 0 {
                loss += bonus * probability * logf(probability)
                gradient += bonus * (logf(probability) + 1)
            }
            logitGradients[sense] = gradient
            mean += probability * gradient
        }
        for sense in 0..<senseCount {
            logitGradients[sense] = probabilities[sense] * (logitGradients[sense] - mean) / relaxation.temperature
        }
        return loss
    }

    /// Takes `rate` times the gradient of the last loss from the parameters, and `gateRate` times that of the gate.
    func update(_ word: Int32, neighbours: [Int32], sampled: [Int32], rate: Float, gateRate: Float) {
        let (own, gate) = (Int(word), sharesGates ? 0 : Int(word))
        for sense in 0..<senseCount {
            let row = gate * senseCount + sense
            Self.add(-gateRate * logitGradients[sense], context, to: gates + row * lanes, lanes)
            gateBiases[row] -= gateRate * logitGradients[sense]
            Self.add(
                -rate * probabilities[sense], hiddenGradient, to: senses + (own * senseCount + sense) * lanes, lanes)
        }
        for (index, target) in neighbours.enumerated() {
            Self.add(-rate * targetGradients[index], hidden, to: outputs + Int(target) * lanes, lanes)
            outputBiases[Int(target)] -= rate * targetGradients[index]
        }
        for (index, other) in sampled.enumerated() where noiseGradients[index] > 0 {
            Self.add(-rate * noiseGradients[index], hidden, to: outputs + Int(other) * lanes, lanes)
            outputBiases[Int(other)] -= rate * noiseGradients[index]
        }
    }

    /// The logit of a word, corrected by the chance of its being sampled.
    @inline(__always)
    private func score(_ word: Int32) -> Float {
        Self.dot(outputs + Int(word) * lanes, hidden, lanes) + outputBiases[Int(word)] - logarithms[Int(word)]
    }

    @inline(__always)
    private static func dot(_ a: UnsafePointer<Lane>, _ b: UnsafePointer<Lane>, _ lanes: Int) -> Float {
        var sum = Lane.zero
        for lane in 0..<lanes { sum += a[lane] * b[lane] }
        return sum.sum()
    }

    @inline(__always)
    private static func add(_ scale: Float, _ x: UnsafePointer<Lane>, to y: UnsafeMutablePointer<Lane>, _ lanes: Int) {
        for lane in 0..<lanes { y[lane] += scale * x[lane] }
    }
}
