import TrawlCore

/// How rankings of different scales are made comparable before they are added up.
public enum FusionMethod: String, Codable, CaseIterable, Sendable {
    /// Reciprocal rank fusion (Cormack et al., 2009): 1 / (constant + rank); scores play no part.
    case reciprocalRank = "rrf"
    /// Scores mapped to 0...1 within each ranking; a passage that a ranking lacks gets 0 there.
    case minMax = "min-max"
    /// Scores as standard deviations from their mean; a passage that a ranking lacks gets its lowest score there.
    case zScore = "z-score"
    /// Scores as shares of the highest that a passage could have for the query (Bruch et al. 2023, arXiv 2210.11934), so that
    /// the best of poor hits does not count as much as a good one. A method that knows no highest score gets min-max, times
    /// the best share of a method that reads words.
    case bounded
    /// Min-max, and what the blocks add that were fitted to judged queries of the index. See `FittedFusion`.
    case fitted
}

/// Makes one ranking of several.
///
/// A document counts for each ranking with its best passage there, whichever that is.
struct Fusion {
    struct Input {
        let weight: Float
        let ranking: Ranking
        /// The highest score that a passage could have; nil where that is not known.
        var bound: Float?
        /// Whether the ranking is of a method that finds passages by their words.
        var readsWords = false

        /// The scores as shares of the bound; nil without one.
        fileprivate var shares: [Float]? {
            guard let bound, bound > 0 else { return nil }
            return ranking.map { min(1, max(0, $0.score) / bound) }
        }

        fileprivate var bestShare: Float? {
            guard let bound, bound > 0, let best = ranking.first else { return nil }
            return min(1, max(0, best.score) / bound)
        }
    }

    /// The size of a word-reading method's best score where no such method knows its own.
    private static let usualShare: Float = 0.5

    let method: FusionMethod
    /// That of reciprocal rank fusion.
    let constant: Float

    /// One entry per document, with the sum of its parts for its score. Its passage is the one that has most of that sum
    /// by itself.
    struct Fused {
        var ranking = Ranking([])
        /// For each input, what it added to the documents' scores, by the passages of `ranking`.
        var parts: [[PassageID: Float]] = []
    }

    /// Additions happen in the order of `inputs`, so the result does not depend on the order of a hash table.
    ///
    /// - Parameter document: what a passage is part of; entries with the same one are joined.
    /// - Complexity: O(n log n) for n entries in all.
    func fuse(_ inputs: [Input], document: (PassageID) throws -> UInt32) rethrows -> Fused {
        let present = inputs.indices.filter { inputs[$0].weight != 0 && !inputs[$0].ranking.isEmpty }
        var passageSums: [PassageID: Float] = [:]
        // For each input, the score of a document's best passage, which is the first.
        var best: [[UInt32: Float]] = []
        /// The documents of passages, in the order in which passages came up.
        var found: [(passage: PassageID, number: UInt32)] = []
        let count = present.reduce(0) { $0 + inputs[$1].ranking.count }
        passageSums.reserveCapacity(count)
        found.reserveCapacity(count)
        let share = inputs.filter(\.readsWords).compactMap(\.bestShare).max() ?? Self.usualShare
        // What a ranking gives to a passage that it lacks is subtracted from all of its scores, so lacking means 0.
        for input in present.map({ inputs[$0] }) {
            var scores: [UInt32: Float] = [:]
            scores.reserveCapacity(input.ranking.count)
            for (entry, score) in zip(input.ranking, normalised(input, share: share)) {
                let number = try document(entry.passage)
                let added = input.weight * score
                passageSums[entry.passage, default: 0] += added
                guard scores[number] == nil else { continue }
                scores[number] = added
                found.append((entry.passage, number))
            }
            best.append(scores)
        }
        var fused = Fused(parts: inputs.map { _ in [:] })
        // A document is shown by the passage with the highest sum among the best ones of each input.
        var shown: [UInt32: ScoredPassage] = [:]
        shown.reserveCapacity(found.count)
        var order: [UInt32] = []
        for (passage, number) in found {
            let candidate = ScoredPassage(passage, passageSums[passage] ?? 0)
            if let known = shown[number] {
                if candidate.precedes(known) { shown[number] = candidate }
            } else {
                shown[number] = candidate
                order.append(number)
            }
        }
        var entries: [ScoredPassage] = []
        entries.reserveCapacity(order.count)
        for number in order {
            guard let shown = shown[number]?.passage else { continue }
            var sum: Float = 0
            for (input, scores) in zip(present, best) {
                guard let part = scores[number] else { continue }
                fused.parts[input][shown] = part
                sum += part
            }
            entries.append(ScoredPassage(shown, sum))
        }
        fused.ranking = Ranking(entries)
        return fused
    }

    /// - Parameter share: what the best score of a method without a bound is worth.
    private func normalised(_ input: Input, share: Float) -> [Float] {
        let scores = input.ranking.map(\.score)
        guard let best = scores.first, let worst = scores.last else { return [] }
        switch method {
        case .reciprocalRank:
            return scores.indices.map { 1 / (constant + Float($0 + 1)) }
        case .bounded:
            return input.shares ?? Self.minMax(scores, worst, best).map { $0 * share }
        case .minMax, .fitted: return Self.minMax(scores, worst, best)
        case .zScore:
            let mean = scores.reduce(0, +) / Float(scores.count)
            let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(scores.count)
            return scores.map { variance > 0 ? ($0 - worst) / variance.squareRoot() : 1 }
        }
    }

    private static func minMax(_ scores: [Float], _ worst: Float, _ best: Float) -> [Float] {
        let width = best - worst
        return scores.map { width > 0 ? ($0 - worst) / width : 1 }
    }
}
