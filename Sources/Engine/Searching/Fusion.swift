import TrawlCore

/// How rankings of different scales are made comparable before they are added up.
public enum FusionMethod: String, Codable, CaseIterable, Sendable {
    /// Reciprocal rank fusion (Cormack et al., 2009): 1 / (constant + rank); scores play no part.
    case reciprocalRank = "rrf"
    /// Scores mapped to 0...1 within each ranking; a passage that a ranking lacks gets 0 there.
    case minMax = "min-max"
    /// Scores as standard deviations from their mean; a passage that a ranking lacks gets its lowest score there.
    case zScore = "z-score"
}

/// Makes one ranking of several.
enum Fusion {
    /// The weighted sum of `rankings` by `method`. Additions happen in the order of `rankings`, so the result does not
    /// depend on the order of a hash table.
    ///
    /// - Complexity: O(n log n) for n entries in all.
    static func fuse(_ rankings: [(weight: Float, ranking: Ranking)], method: FusionMethod, constant: Float) -> Ranking
    {
        var sums: [PassageID: Float] = [:]
        var order: [PassageID] = []
        let present = rankings.filter { $0.weight != 0 && !$0.ranking.isEmpty }
        // What a ranking gives to a passage that it lacks is subtracted from all of its scores, so lacking means 0.
        for (weight, ranking) in present {
            let scores = normalized(ranking, method, constant)
            for (entry, score) in zip(ranking, scores) {
                if let sum = sums[entry.passage] {
                    sums[entry.passage] = sum + weight * score
                } else {
                    sums[entry.passage] = weight * score
                    order.append(entry.passage)
                }
            }
        }
        return Ranking(order.map { ScoredPassage($0, sums[$0] ?? 0) })
    }

    private static func normalized(_ ranking: Ranking, _ method: FusionMethod, _ constant: Float) -> [Float] {
        let scores = ranking.map(\.score)
        guard let best = scores.first, let worst = scores.last else { return [] }
        switch method {
        case .reciprocalRank:
            return scores.indices.map { 1 / (constant + Float($0 + 1)) }
        case .minMax:
            let width = best - worst
            return scores.map { width > 0 ? ($0 - worst) / width : 1 }
        case .zScore:
            let mean = scores.reduce(0, +) / Float(scores.count)
            let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(scores.count)
            return scores.map { variance > 0 ? ($0 - worst) / variance.squareRoot() : 1 }
        }
    }
}
