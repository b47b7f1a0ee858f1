internal import Foundation
public import TrawlGeneration

/// The ranking loss of a query: a relevant passage shall score higher than others by a margin, in a smooth form of SEAL's own
/// score (after LTRGR: Li et al. 2023, arXiv 2306.15222).
///
/// The score of a passage is the sum of the weights of its keys times their covers. The weight of a key is a function of its
/// log-probability. The loss of a pair is max(0, margin - log(better / worse)). LTRGR takes the difference; with the logarithm
/// one margin suits all queries and weightings. The loss is the mean over the pairs.
public struct RankingMargin: Sendable {
    /// A passage: its keys, and what is added to the logarithm of its score.
    public struct Passage: Sendable {
        public let keys: [KeyWeightExample.Use]
        public let offset: Double

        public init(keys: [KeyWeightExample.Use], offset: Double = 0) {
            self.keys = keys
            self.offset = offset
        }
    }

    public let weights: LearnedKeyWeights
    public let margin: Double
    /// The features of each key.
    public let features: [KeyFeatures]
    public let better: Passage
    public let worse: [Passage]

    public init(
        weights: LearnedKeyWeights, margin: Double, features: [KeyFeatures], better: Passage, worse: [Passage]
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
        func sum(_ passage: Passage) -> Double {
            passage.keys.reduce(Self.least) { $0 + $1.contribution(of: keys[$1.key].value, by: weights) }
        }
        func add(_ factor: Double, _ passage: Passage, _ sum: Double) {
            for use in passage.keys {
                slopes[use.key] += factor * use.contribution(of: keys[use.key].slope, by: weights) / sum
            }
        }
        let best = sum(better)
        var value = 0.0
        let share = 1 / Double(max(1, worse.count))
        for passage in worse {
            let other = sum(passage)
            let loss = margin - (log(best) + better.offset - log(other) - passage.offset)
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
