import TrawlCore

/// The rerankers of a search or of a given run, each of which reads what the one before it made. For one thread at a time.
struct RerankStages {
    private let stages: [(settings: RerankSettings, weight: Float, reranker: any Reranker)]

    /// Loads the models that the stages take.
    ///
    /// - Parameters:
    ///   - index: nil where there is none but its passages, as for shards.
    ///   - isFused: Whether the first stage reads the ranking of a hybrid search, over which rerankers may have another
    ///   weight.
    init(
        _ settings: [RerankSettings], over index: SearchIndex?, isFused: Bool, models: ModelCache, kinds: Rerankers
    ) throws {
        stages = try settings.enumerated().map { number, step in
            let kind = try kinds.kind(of: step, models: models)
            return (
                step,
                try step.weight ?? (number == 0 ? kind.weight(step, isFused: isFused, models: models) : 1),
                try index.map { try kind.makeReranker(step, models: models, index: $0) }
                    ?? kind.makeReranker(step, models: models)
            )
        }
    }

    var isEmpty: Bool { stages.isEmpty }
    var count: Int { stages.count }

    /// How many hits a stage reranks.
    func depth(of stage: Int) -> Int { stages[stage].settings.depth }

    /// How hits call what a stage gave.
    static func name(of stage: Int) -> String { stage == 0 ? "rerank" : "rerank \(stage + 1)" }

    /// The best hits by their new scores, and all of them: the others follow in their old order, those without a new score
    /// first, with scores that only keep them below.
    ///
    /// - Parameter depth: How many are reranked; nil for what the settings say.
    func apply(
        _ stage: Int, to ranking: Ranking, query: String, documents: any SearchedDocuments, depth: Int? = nil
    ) throws -> (best: Ranking, all: Ranking, notes: [String]) {
        guard !ranking.isEmpty else { return (ranking, ranking, []) }
        let (settings, weight, reranker) = stages[stage]
        let depth = depth ?? settings.depth
        let before = ranking.top(depth)
        try documents.prepare(before.map(\.passage))
        let reranked = try reranker.rerank(before, query: query, documents: documents)
        var best = reranked.ranking
        if weight < 1 {
            let scored = Ranking(before.filter { !reranked.unscored.contains($0.passage) })
            let inputs = [(1 - weight, scored), (weight, best)].map { Fusion.Input(weight: $0, ranking: $1) }
            best = Fusion(method: .minMax, constant: 0).fuse(inputs, document: { $0.rawValue }).ranking
        }
        let worst = best.last?.score ?? 0
        let unscored = before.filter { reranked.unscored.contains($0.passage) }
        let rest = (unscored + ranking.dropFirst(depth)).enumerated().map {
            ScoredPassage($1.passage, worst - Float($0 + 1))
        }
        return (best, Ranking(best.entries + rest), reranked.notes)
    }
}
