internal import Foundation
internal import TrawlCore
public import TrawlGeneration

/// Fits the weights of n-grams to judged queries.
///
/// The coefficients of the features are fitted, k and b are not: they are those of the start. The loss of a query is that of a
/// softmax over the logarithms of the scores of its passages, times a sharpness that is fitted too (listwise: Cao et al. 2007,
/// doi 10.1145/1273496.1273513). Because of the logarithms it does not depend on a common factor of the weights, as a ranking
/// does not.
public struct KeyWeightFitter {
    public var iterations = 400
    public var rate = 0.02
    /// The factor of the squared distance of the coefficients from those that they began as.
    public var regularisation = 1e-3

    public init() {}

    /// The coefficients that suit the examples best, starting from `start`, with the mean loss before and after.
    ///
    /// - Parameter groups: The examples in groups, such as the queries of one collection, each of which counts the same.
    ///
    /// - Complexity: O(iterations x keys of all candidates).
    public func fit(
        _ groups: [[KeyWeightExample]], from start: LearnedKeyWeights
    ) -> (weights: LearnedKeyWeights, before: Double, after: Double) {
        let groups = groups.filter { !$0.isEmpty }
        let examples = groups.flatMap(\.self)
        let shares = groups.flatMap { group in
            [Double](repeating: 1 / Double(group.count * groups.count), count: group.count)
        }
        // The coefficients, and the logarithm of the sharpness.
        var point = Self.monotone(start.coefficients + [log(3.0)])
        var (first, second) = ([Double](repeating: 0, count: point.count), [Double](repeating: 0, count: point.count))
        let (before, _) = loss(examples, shares, point, start)
        var best = (point, before)
        for step in 1...max(1, iterations) {
            let (value, gradient) = loss(examples, shares, point, start)
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
        return (Self.weights(best.0, start), before, best.1)
    }

    /// A likelier n-gram must not weigh less.
    private static func monotone(_ point: [Double]) -> [Double] {
        var point = point
        for (feature, name) in KeyFeatures.names.enumerated() where name.hasSuffix("odds") {
            point[feature] = max(0, point[feature])
        }
        return point
    }

    private static func weights(_ point: [Double], _ start: LearnedKeyWeights) -> LearnedKeyWeights {
        LearnedKeyWeights(
            coefficients: Array(point.dropLast()), saturation: start.saturation, passageLength: start.passageLength)
    }

    /// The loss with its gradient; `shares` weigh the examples, and `point` holds the coefficients and the logarithm of the
    /// sharpness.
    func loss(
        _ examples: [KeyWeightExample], _ shares: [Double], _ point: [Double], _ start: LearnedKeyWeights
    ) -> (value: Double, gradient: [Double]) {
        let count = point.count - 1
        let weights = Self.weights(point, start)
        let sharpness = exp(point[count])
        var gradient = [Double](repeating: 0, count: count + 1)
        var total = 0.0
        for (example, share) in zip(examples, shares) {
            let keys = example.features.map { weights.weight($0) }
            let sums = example.candidates.map { candidate in
                candidate.keys.reduce(1e-30) {
                    $0 + candidate.contribution(of: $1, weight: keys[$1.key], by: weights)
                }
            }
            let scores = sums.map { log($0) }
            let (all, relevant) = (
                softmax(scores.map { $0 * sharpness }, where: example.candidates.map { _ in true }),
                softmax(scores.map { $0 * sharpness }, where: example.candidates.map(\.isRelevant))
            )
            total += share * (all.normaliser - relevant.normaliser)
            var pulls = [Double](repeating: 0, count: keys.count)
            for (index, candidate) in example.candidates.enumerated() {
                let pull = share * (all.shares[index] - relevant.shares[index])
                if abs(pull) < 1e-12 { continue }
                gradient[count] += pull * scores[index] * sharpness
                for use in candidate.keys {
                    pulls[use.key] +=
                        pull * sharpness * candidate.contribution(of: use, weight: keys[use.key], by: weights)
                        / sums[index]
                }
            }
            for (key, pull) in pulls.enumerated() where pull != 0 {
                for (feature, value) in example.features[key].values.enumerated() where value != 0 {
                    gradient[feature] += pull * value
                }
            }
        }
        var value = total
        for index in 0..<count {
            let distance = point[index] - start.coefficients[index]
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
