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
            var best: (weight: Float, score: Double)?
            for weight in Set(tried(present) + [present]).sorted() {
                var settings = state.settings
                settings.mode = .hybrid
                weights[mode.rawValue] = weight
                settings.fusion.weights = weights
                let score = try AdaptationState.run(engine, index, settings, queries).report(queries.queries).means[0]
                if best.map({ score > $0.score }) ?? true { best = (weight, score) }
            }
            weights[mode.rawValue] = best?.weight ?? present
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
