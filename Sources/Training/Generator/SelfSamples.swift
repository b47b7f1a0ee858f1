public import TrawlCore
public import TrawlGeneration

/// The n-grams that a generator wrote for training queries, and the passages that they found. It learns from these samples to
/// write more n-grams of the right passages (after Ni et al. 2023, arXiv 2205.14318), and to rank these above others.
public struct SelfSamples: Codable, Sendable {
    public struct Settings: Codable, Sendable, Equatable {
        /// The shares of the training after which samples are drawn, in ascending order; empty for never.
        public var rounds: [Double] = []
        /// The most queries that samples are drawn for in a round; each round takes others.
        public var queries = 1000
        /// The share of the sources of a step that are queries with their own correct n-grams as targets.
        public var share = 0.2
        /// The rankings of a step.
        public var rankingsPerStep = 4
        /// The factor of the mean loss of the rankings.
        public var rankingWeight: Float = 1
        /// The margin by which the logarithm of the right passage's score shall exceed that of others.
        public var margin = 0.3
        /// The factor of the loss of an n-gram that occurs in other passages too.
        public var partialWeight: Float = 0.5

        public init() {}
    }

    /// A query with the n-grams written for it and the passages that they found.
    public struct Sample: Codable, Sendable {
        /// The query's tokens, without special tokens.
        public let query: [TokenID]
        public let found: KeyWeightExample

        public init(query: [TokenID], found: KeyWeightExample) {
            self.query = query
            self.found = found
        }
    }

    public let samples: [Sample]
    /// The weights of n-grams with which the samples were drawn.
    public let weights: LearnedKeyWeights

    /// Keeps the samples of queries that found a relevant passage, with their best passages and the n-grams in these.
    public init(samples: [Sample], weights: LearnedKeyWeights) {
        self.samples = samples.filter { sample in
            !sample.query.isEmpty && sample.found.candidates.contains { $0.isRelevant && !$0.keys.isEmpty }
        }.map { Sample(query: $0.query, found: $0.found.restricted(to: Self.candidates)) }
        self.weights = weights
    }

    /// Without n-grams of the queries themselves: for titles, which occur in their own passages.
    public var withoutQueryNGrams: SelfSamples {
        SelfSamples(
            samples: samples.map { Sample(query: $0.query, found: $0.found.withoutQueryNGrams) }, weights: weights)
    }

    /// The passages per query that are kept beside relevant ones.
    private static let candidates = 8
    /// Longer n-grams, such as long titles, are not learnt from.
    static let longestKey = 24
    /// The most tokens of n-grams in a ranking, those of the highest weights first: it bounds the memory.
    private static let rankedTokens = 320

    /// - Throws: `TrawlError.corrupted` when the samples do not fit a model of this vocabulary, or contradict themselves.
    func validate(vocabulary: Int) throws {
        let isSound = samples.allSatisfy { sample in
            let found = sample.found
            return found.features.count == found.keys.count
                && found.features.allSatisfy {
                    $0.values.count == KeyFeatures.names.count && $0.values.allSatisfy(\.isFinite)
                        && $0.corpusLogProbability.isFinite
                }
                && found.keys.allSatisfy { !$0.isEmpty && $0.count <= Self.longestKey }
                && (found.keys.joined() + sample.query).allSatisfy { Int($0) < vocabulary }
                && found.candidates.flatMap(\.keys).allSatisfy {
                    found.keys.indices.contains($0.key) && $0.occurrences > 0
                }
                && found.candidates.allSatisfy { $0.relativeLength.isFinite }
        }
        guard isSound, weights.coefficients.count == LearnedKeyWeights.names.count else {
            throw TrawlError(.corrupted, "the samples of the state are damaged", remedy: "train anew")
        }
    }

    /// The n-grams of `sample` that occur in a relevant passage: fully correct ones occur in no other passage that was found,
    /// partially correct ones in others too. Single tokens are left out: they say too little.
    static func correctKeys(of sample: Sample) -> (full: [Int], partial: [Int]) {
        var isInRelevant = [Bool](repeating: false, count: sample.found.keys.count)
        var isInOther = isInRelevant
        for candidate in sample.found.candidates {
            for use in candidate.keys {
                if candidate.isRelevant { isInRelevant[use.key] = true } else { isInOther[use.key] = true }
            }
        }
        let correct = isInRelevant.indices.filter { isInRelevant[$0] && sample.found.keys[$0].count > 1 }
        return (correct.filter { !isInOther[$0] }, correct.filter { isInOther[$0] })
    }

    /// A ranking for `sample`: one of its relevant passages against the best other passage and against a random one; nil where
    /// there is no other.
    func margin(
        of sample: Sample, margin: Double, using random: inout SplitMix64
    ) -> (keys: [Int], margin: RankingMargin)? {
        let candidates = sample.found.candidates
        let relevant = candidates.filter { $0.isRelevant && !$0.keys.isEmpty }
        let others = candidates.filter { !$0.isRelevant && !$0.keys.isEmpty }
        guard !relevant.isEmpty, let hardest = others.first else { return nil }
        let chosen = [
            relevant[Int(random.next() % UInt64(relevant.count))], hardest,
            others[Int(random.next() % UInt64(others.count))],
        ]
        let keys = weightiest(Set(chosen.flatMap(\.keys).map(\.key)), of: sample.found)
        let indices = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($0.element, $0.offset) })
        let passages = chosen.map { candidate in
            candidate.with(candidate.keys.compactMap { use in indices[use.key].map { use.renumbered($0) } })
        }
        return (
            keys,
            RankingMargin(
                weights: weights, margin: margin, features: keys.map { sample.found.features[$0] },
                better: passages[0], worse: Array(passages[1...]))
        )
    }

    /// The keys whose tokens fit a ranking, those of the highest weights first.
    private func weightiest(_ keys: Set<Int>, of found: KeyWeightExample) -> [Int] {
        let weighed = keys.map { (key: $0, weight: weights.weight(found.features[$0])) }
        var budget = Self.rankedTokens
        return weighed.sorted { $0.weight != $1.weight ? $0.weight > $1.weight : $0.key < $1.key }.compactMap {
            key, _ in
            budget -= found.keys[key].count
            return budget >= 0 ? key : nil
        }
    }
}

extension KeyWeightExample {
    /// The best `count` candidates and all relevant ones, with the keys that count in them.
    fileprivate func restricted(to count: Int) -> KeyWeightExample {
        let kept = candidates.enumerated().filter { $0.offset < count || $0.element.isRelevant }.map(\.element)
        return renumbered(kept)
    }

    fileprivate var withoutQueryNGrams: KeyWeightExample {
        renumbered(
            candidates.map { candidate in
                candidate.with(candidate.keys.filter { features[$0.key].isGenerated })
            })
    }

    /// With these candidates, and those of their keys that are not too long.
    private func renumbered(_ candidates: [Candidate]) -> KeyWeightExample {
        let kept = candidates.map { candidate in
            candidate.with(candidate.keys.filter { keys[$0.key].count <= SelfSamples.longestKey })
        }
        let used = Set(kept.flatMap(\.keys).map(\.key)).sorted()
        let indices = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($0.element, $0.offset) })
        return KeyWeightExample(
            keys: used.map { keys[$0] }, features: used.map { features[$0] },
            candidates: kept.map { candidate in
                candidate.with(candidate.keys.map { $0.renumbered(indices[$0.key] ?? 0) })
            })
    }
}

extension KeyWeightExample.Candidate {
    /// The same passage with these keys.
    fileprivate func with(_ keys: [KeyWeightExample.Use]) -> Self {
        Self(isRelevant: isRelevant, keys: keys, relativeLength: relativeLength)
    }
}

extension KeyWeightExample.Use {
    /// The same use of a key that has another number.
    fileprivate func renumbered(_ key: Int) -> KeyWeightExample.Use {
        .init(key: key, occurrences: occurrences)
    }
}
