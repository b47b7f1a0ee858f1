import TrawlCore
import TrawlEvaluation
import TrawlModels
import TrawlTokenizers
import TrawlTraining

/// Scores a reranker during its training by the order that it and the first stage together give to the best passages of held-out
/// queries.
struct RerankerTrial {
    struct Part {
        let pool: CandidatePool
        let qrels: Qrels
    }

    let parts: [Part]
    let template: PairTemplate
    let maximumTokens: Int

    /// How many passages of a query are reranked.
    private static let depth = 20

    var queryCount: Int { parts.reduce(0) { $0 + $1.pool.entries.count } }

    /// What a reranker is worth beside the first stage.
    struct Worth {
        /// The lowest weight of its scores at which nDCG@10 is within a standard error of the highest (the rule of one standard
        /// error, Breiman et al. 1984): few queries say little of which weight is best, and queries of another kind lose less by a
        /// low one.
        let weight: Double
        /// nDCG@10 at that weight.
        let value: Double

        /// - Parameter values: For each of the weights nDCG@10 of each query; at least one of each.
        init(weights: [Double], values: [[Double]]) {
            func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
            let means = values.map { mean($0) }
            let best = means.indices.max { means[$0] < means[$1] } ?? 0
            let chosen = values.indices.first { index in
                let losses = zip(values[best], values[index]).map { $0 - $1 }
                let loss = mean(losses)
                let variance = losses.reduce(0) { $0 + ($1 - loss) * ($1 - loss) } / Double(max(1, losses.count - 1))
                return loss <= (variance / Double(losses.count)).squareRoot()
            }
            weight = weights[chosen ?? best]
            value = means[chosen ?? best]
        }
    }

    /// The weights that are tried. With more than one half a reranker outvotes the search, which costs most where queries are
    /// not like those that were held out (eval/results/reranking.md).
    private static let weights = (1...5).map { Double($0) / 10 }

    /// The mean of nDCG@10 over the queries in the order of the first stage.
    func firstStage() throws -> Double {
        let values = try values(weights: [0]) { passages, _ in passages.map { _ in 0 } }?[0] ?? []
        return values.reduce(0, +) / Double(max(1, values.count))
    }

    /// What a reranker is worth; nil when `isStopped` ended it, or without queries.
    func worth(of network: any RerankerNetwork, isStopped: () -> Bool) throws -> Worth? {
        let tape = Tape(isRecording: false)
        let values = try values(weights: Self.weights, isStopped: isStopped) { passages, query in
            let inputs = passages.map { passage in
                let pair = template.input(query, passage, maximum: maximumTokens)
                return EncoderInput(tokens: pair.tokens, segments: pair.segments)
            }
            return network.scores(of: inputs, on: tape).map { Double($0) }
        }
        guard let values, values[0].count > 0 else { return nil }
        return Worth(weights: Self.weights, values: values)
    }

    /// For each weight nDCG@10 of each query, where scores are added to those of the first stage as a search adds them: both by
    /// min-max.
    private func values(
        weights: [Double], isStopped: () -> Bool = { false },
        scores: (_ passages: [[TokenID]], _ query: [TokenID]) throws -> [Double]
    ) throws -> [[Double]]? {
        var values = [[Double]](repeating: [], count: weights.count)
        for part in parts {
            var runs = [Run](repeating: Run(), count: weights.count)
            for entry in part.pool.entries {
                if isStopped() { return nil }
                let found = entry.candidates.filter(\.score.isFinite).prefix(Self.depth)
                let first = Self.spread(found.map { Double($0.score) })
                let second = Self.spread(try scores(found.map { part.pool.passages[$0.passage] }, entry.tokens))
                for (index, weight) in weights.enumerated() {
                    let mixed = zip(first, second).map { (1 - weight) * $0 + weight * $1 }
                    try runs[index].add(query: entry.query.id, zip(entry.documents, mixed).map { Run.Entry($0, $1) })
                }
            }
            let qrels = try part.qrels.restricted(to: part.pool.entries.map(\.query.id))
            for (index, run) in runs.enumerated() {
                values[index] += try Report(of: run, against: qrels, Measure.list("nDCG@10")).perQuery.map { $0[0] }
            }
        }
        return values
    }

    /// From 0 for the lowest to 1 for the highest; 0 where all are equal.
    private static func spread(_ scores: [Double]) -> [Double] {
        guard let low = scores.min(), let high = scores.max(), high > low else { return scores.map { _ in 0 } }
        return scores.map { ($0 - low) / (high - low) }
    }
}
