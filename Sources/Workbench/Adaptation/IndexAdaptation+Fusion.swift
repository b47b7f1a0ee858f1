import TrawlCore
import TrawlEngine
import TrawlEvaluation

extension IndexAdaptation {
    /// The most queries that the fusion is fitted to beside a query adapter, which half of the learnt queries are spared for.
    private static let spared = 150
    /// The weights of generative search in the fusion that are tried.
    static let fusionWeights: [Float] = [0, 0.25, 0.5, 1, 1.5, 2]
    /// What the weight of dense search is multiplied by beside a query adapter.
    private static let denseFactors: [Float] = [1, 1.5, 2, 3, 4]

    /// The settings with the weights of the fusion that suit `learnt` queries best: that of generative search, and beside a query
    /// adapter that of dense search. nil where they are the index's own, or there is nothing to fuse.
    func bestFusion(
        _ state: AdaptationState, _ learnt: JudgedQueries, _ engine: Engine, _ cancellation: Cancellation
    ) throws -> SearchSettings? {
        let own = state.index.fusionWeights(state.settings)
        // A fitted fusion has weights of its own.
        guard state.settings.fusion.method != .fitted, own.count > 1 else { return nil }
        var (index, queries, weights) = (state.index, learnt.spread(Self.fitted), own)
        func choose(_ mode: SearchMode, _ tried: (Float) -> [Float]) throws {
            guard let present = weights[mode.rawValue] else { return }
            let candidates = Set(tried(present) + [present]).sorted()
            var settings = state.settings.ofJudgedSearches()
            settings.mode = .hybrid
            // A method without weight is not searched.
            weights[mode.rawValue] = candidates.last
            settings.fusion.weights = weights
            let fusions = candidates.map { weight in
                var fusion = settings.fusion
                fusion.weights?[mode.rawValue] = weight
                return fusion
            }
            let rankings = try engine.session(index, settings).rankDocuments(queries.queries, by: fusions)
            let scores = try rankings.map {
                try JudgedRun(rankings: $0, qrels: queries.qrels).report(queries.queries).means[0]
            }
            weights[mode.rawValue] = Self.first(of: candidates, withHighest: scores)
        }
        if state.adapter != nil {
            // An adapter remembers the queries that it was fitted to: another is fitted to half, and the others choose.
            let halves = learnt.split(heldOut: 0.5, fewest: 1, most: .max)
            index = try index.with(fittedAdapter(index, halves.trained, engine, cancellation))
            queries = halves.heldOut.spread(Self.spared)
            try choose(.dense) { own in Self.denseFactors.map { $0 * own } }
        }
        try choose(.generative) { _ in Self.fusionWeights }
        guard weights != own else { return nil }
        var result = state.settings
        result.fusion.weights = weights
        return result
    }
}
