internal import Foundation
internal import TrawlCore
public import TrawlGeneration

/// Fits the weights of n-grams to judged queries.
///
/// The score of a passage is the sum of the weights of its keys times their covers, times powers of their occurrences and of the
/// passage's length. The loss of a query is that of a softmax over the logarithms of the scores of its passages, times a
/// sharpness that is fitted too (listwise: Cao et al. 2007, doi 10.1145/1273496.1273513). Because of the logarithms it does not
/// depend on a common factor of the weights, as a ranking does not.
public struct KeyWeightFitter {
    public var iterations = 400
    public var rate = 0.02
    /// The factor of the squared distance of the coefficients from those that they began as.
    public var regularisation = 1e-3

    public init() {}

    /// The coefficients that suit `examples` best, starting from `start`, with the mean loss before and after.
    ///
    /// - Complexity: O(iterations x keys of all candidates).
    public func fit(
        _ examples: [KeyWeightExample], from start: LearnedKeyWeights
    ) -> (weights: LearnedKeyWeights, before: Double, after: Double) {
        // The coefficients, the exponents of length and of occurrences, and the logarithm of the sharpness.
        let origin = start.coefficients + [start.passageLength, start.occurrences]
        var point = Self.monotone(origin + [log(3.0)])
        var (first, second) = ([Double](repeating: 0, count: point.count), [Double](repeating: 0, count: point.count))
        let (before, _) = loss(examples, point, origin)
        var best = (point, before)
        for step in 1...max(1, iterations) {
            let (value, gradient) = loss(examples, point, origin)
            if value < best.1 { best = (point, value) }
            for index in point.indices {
                first[index] = 0.9 * first[index] + 0.1 * gradient[index]
                second[index] = 0.99 * second[index] + 0.01 * gradient[index] * gradient[index]
                let mean = first[index] / (1 - pow(0.9, Double(step)))
                let spread = (second[index] / (1 - pow(0.99, Double(step)))).squareRoot()
                point[index] -= rate * mean / (spread + 1e-9)
            }
            point = Self.monotone(point)
        }
        return (Self.weights(best.0), before, best.1)
    }

    /// A likelier n-gram must not weigh less.
    private static func monotone(_ point: [Double]) -> [Double] {
        point.enumerated().map { $0.offset < 2 ? max(0, $0.element) : $0.element }
    }

    private static func weights(_ point: [Double]) -> LearnedKeyWeights {
        LearnedKeyWeights(
            coefficients: Array(point.dropLast(3)), passageLength: point[point.count - 3],
            occurrences: point[point.count - 2])
    }

    /// The mean loss with its gradient; `point` holds the coefficients, the exponents of length and of occurrences, and
    /// the logarithm of the sharpness.
    func loss(
        _ examples: [KeyWeightExample], _ point: [Double], _ origin: [Double]
    ) -> (value: Double, gradient: [Double]) {
        let count = origin.count
        let weights = Self.weights(point)
        let features = count - 2
        let sharpness = exp(point[count])
        var gradient = [Double](repeating: 0, count: count + 1)
        var total = 0.0
        for example in examples {
            let keys = example.features.map { weights.weight($0) }
            let sums = example.candidates.map { candidate in
                candidate.keys.reduce(1e-30) { $0 + $1.contribution(of: keys[$1.key], by: weights) }
            }
            let lengths = example.candidates.map { log(Double(max(1, $0.length))) }
            let scores = zip(sums, lengths).map { log($0) + weights.passageLength * $1 }
            let (all, relevant) = (
                softmax(scores.map { $0 * sharpness }, where: example.candidates.map { _ in true }),
                softmax(scores.map { $0 * sharpness }, where: example.candidates.map(\.isRelevant))
            )
            total += all.normaliser - relevant.normaliser
            for (index, candidate) in example.candidates.enumerated() {
                let pull = all.shares[index] - relevant.shares[index]
                if abs(pull) < 1e-9 { continue }
                gradient[count] += pull * scores[index] * sharpness
                gradient[features] += pull * sharpness * lengths[index]
                for use in candidate.keys {
                    let part = pull * sharpness * use.contribution(of: keys[use.key], by: weights) / sums[index]
                    gradient[features + 1] += part * log(Double(use.occurrences))
                    for feature in 0..<features {
                        gradient[feature] += part * example.features[use.key].values[feature]
                    }
                }
            }
        }
        let size = Double(max(1, examples.count))
        var value = total / size
        for index in 0...count { gradient[index] /= size }
        for index in 0..<count {
            let distance = point[index] - origin[index]
            value += regularisation * distance * distance
            gradient[index] += 2 * regularisation * distance
        }
        return (value, gradient)
    }

    private func softmax(_ scores: [Double], where isCounted: [Bool]) -> (shares: [Double], normaliser: Double) {
        let highest = zip(scores, isCounted).lazy.filter(\.1).map(\.0).max() ?? 0
        var shares = zip(scores, isCounted).map { $0.1 ? exp($0.0 - highest) : 0 }
        let sum = shares.reduce(0, +)
        for index in shares.indices { shares[index] /= sum }
        return (shares, highest + log(sum))
    }
}
