internal import Foundation
public import TrawlGeneration

/// The ranking loss of a query: a relevant passage shall score higher than others by a margin, in the score that searches use
/// (after LTRGR: Li et al. 2023, arXiv 2306.15222).
///
/// The score of a passage is a sum over its keys (`LearnedKeyWeights`). The weight of a key is a function of its
/// log-probability. The loss of a pair is max(0, margin - log(better / worse)). LTRGR takes the difference; with the logarithm
/// one margin suits all queries and weightings. The loss is the mean over the pairs.
public struct RankingMargin: Sendable {
    public let weights: LearnedKeyWeights
    public let margin: Double
    /// The features of each key.
    public let features: [KeyFeatures]
    public let better: KeyWeightExample.Candidate
    public let worse: [KeyWeightExample.Candidate]

    public init(
        weights: LearnedKeyWeights, margin: Double, features: [KeyFeatures], better: KeyWeightExample.Candidate,
        worse: [KeyWeightExample.Candidate]
    ) {
        self.weights = weights
        self.margin = margin
        self.features = features
        self.better = better
        self.worse = worse
    }

    /// The loss at these log-probabilities of the keys, and its derivative by each of them.
    func loss(_ logProbabilities: [Double]) -> (value: Double, slopes: [Double]) {
        let keys = zip(features, logProbabilities).map { weights.weight($0, at: $1) }
        var slopes = [Double](repeating: 0, count: keys.count)
        func sum(_ passage: KeyWeightExample.Candidate) -> Double {
            passage.keys.reduce(Self.least) {
                $0 + passage.contribution(of: $1, weight: keys[$1.key].value, by: weights)
            }
        }
        func add(_ factor: Double, _ passage: KeyWeightExample.Candidate, _ sum: Double) {
            for use in passage.keys {
                slopes[use.key] +=
                    factor * passage.contribution(of: use, weight: keys[use.key].slope, by: weights) / sum
            }
        }
        let best = sum(better)
        var value = 0.0
        let share = 1 / Double(max(1, worse.count))
        for passage in worse {
            let other = sum(passage)
            let loss = margin - (log(best) - log(other))
            guard loss > 0 else { continue }
            value += share * loss
            add(-share, better, best)
            add(share, passage, other)
        }
        return (value, slopes)
    }

    /// Keeps the logarithm of no weight at all finite, and its slope bounded.
    private static let least = 1e-3
}
