public import TrawlCore
public import TrawlGeneration

/// What a generator itself wrote for training queries, and which passages that found: it learns from its own samples to
/// write more of what points to the right ones (after Ni et al. 2023, arXiv 2205.14318), and to rank these above others.
public struct SelfSamples: Codable, Sendable {
    public struct Settings: Codable, Sendable, Equatable {
        /// The share of the training after which samples are drawn: once for each entry, in ascending order; empty for
        /// never.
        public var rounds: [Double] = []
        /// The most queries that samples are drawn for in a round, others each time.
        public var queries = 1000
        /// The share of the step's sources that are queries with their own good n-grams as targets.
        public var share = 0.2
        /// The rankings of a step.
        public var rankingsPerStep = 4
        /// What the mean loss of the rankings is multiplied by.
        public var rankingWeight: Float = 1
        /// By how much the score of the right passage shall exceed that of others, as a logarithm.
        public var margin = 0.3
        /// What the loss of an n-gram that also stands in other passages is multiplied by.
        public var partialWeight: Float = 0.5

        public init() {}
    }

    /// A query with what it found.
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
    /// What n-grams weigh in rankings: near what they weighed when the samples were drawn, but smooth.
    public let weights: LearnedKeyWeights

    /// Keeps what is learnt from: queries that found what they should, their best passages and the n-grams in these.
    public init(samples: [Sample], weights: LearnedKeyWeights) {
        self.samples = samples.filter { sample in
            !sample.query.isEmpty && sample.found.candidates.contains { $0.isRelevant && !$0.keys.isEmpty }
        }.map { Sample(query: $0.query, found: $0.found.restricted(to: Self.candidates)) }
        self.weights = weights
    }

    /// Without what stands in the queries themselves: for titles, which their own passages hold.
    public var withoutQueryNGrams: SelfSamples {
        SelfSamples(
            samples: samples.map { Sample(query: $0.query, found: $0.found.withoutQueryNGrams) }, weights: weights)
    }

    /// The passages of a query that are kept, relevant ones aside.
    private static let candidates = 8
    /// Longer n-grams, such as long titles, are not learnt from.
    static let longestKey = 24
    /// The tokens of n-grams that a ranking looks at, the weightiest first: what bounds its memory.
    private static let rankedTokens = 320

    /// - Throws: `TrawlError.corrupted` when the samples do not fit a model of this vocabulary, or not together.
    func validate(vocabulary: Int) throws {
        let isSound = samples.allSatisfy { sample in
            let found = sample.found
            return found.features.count == found.keys.count
                && found.features.allSatisfy {
                    $0.values.count == LearnedKeyWeights.names.count && $0.values[2].isFinite
                }
                && found.keys.allSatisfy { !$0.isEmpty && $0.count <= Self.longestKey }
                && (found.keys.joined() + sample.query).allSatisfy { Int($0) < vocabulary }
                && found.candidates.flatMap(\.keys).allSatisfy {
                    found.keys.indices.contains($0.key) && $0.cover.isFinite
                }
        }
        guard isSound, weights.coefficients.count == LearnedKeyWeights.names.count else {
            throw TrawlError(.corrupted, "the samples of the state are damaged", remedy: "train anew")
        }
    }

    /// The n-grams of `sample` that stand in a passage which answers the query: fully correct ones in no other passage that
    /// was found, partially correct ones in others too. Single tokens say too little to be learnt.
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

    /// A pair of comparisons for the ranking of `sample`: one of the passages that answer it against the best other one and
    /// against one drawn at random; nil when there is no other.
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
        let places = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($0.element, $0.offset) })
        let passages = chosen.map { candidate in
            RankingMargin.Passage(
                keys: candidate.keys.compactMap { use in places[use.key].map { use.renumbered($0) } },
                offset: weights.passageLength * logarithm(Double(max(1, candidate.length))))
        }
        return (
            keys,
            RankingMargin(
                weights: weights, margin: margin, features: keys.map { sample.found.features[$0] },
                better: passages[0], worse: Array(passages[1...]))
        )
    }

    /// The keys whose tokens fit in a ranking, the weightiest first.
    private func weightiest(_ keys: Set<Int>, of found: KeyWeightExample) -> [Int] {
        let weighed = keys.map { (key: $0, weight: weights.weight(found.features[$0])) }
        var room = Self.rankedTokens
        return weighed.sorted { $0.weight != $1.weight ? $0.weight > $1.weight : $0.key < $1.key }.compactMap {
            key, _ in
            room -= found.keys[key].count
            return room >= 0 ? key : nil
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
                Candidate(
                    isRelevant: candidate.isRelevant,
                    keys: candidate.keys.filter { !features[$0.key].isInQuery }, length: candidate.length)
            })
    }

    /// With these candidates, and no keys but theirs that are not too long.
    private func renumbered(_ candidates: [Candidate]) -> KeyWeightExample {
        let kept = candidates.map { candidate in
            Candidate(
                isRelevant: candidate.isRelevant,
                keys: candidate.keys.filter { keys[$0.key].count <= SelfSamples.longestKey }, length: candidate.length)
        }
        let used = Set(kept.flatMap(\.keys).map(\.key)).sorted()
        let places = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($0.element, $0.offset) })
        return KeyWeightExample(
            keys: used.map { keys[$0] }, features: used.map { features[$0] },
            candidates: kept.map { candidate in
                Candidate(
                    isRelevant: candidate.isRelevant,
                    keys: candidate.keys.map { $0.renumbered(places[$0.key] ?? 0) },
                    length: candidate.length)
            })
    }
}

extension KeyWeightExample.Use {
    /// The same of a key that has another number.
    fileprivate func renumbered(_ key: Int) -> KeyWeightExample.Use {
        .init(key: key, cover: cover, occurrences: occurrences)
    }
}
