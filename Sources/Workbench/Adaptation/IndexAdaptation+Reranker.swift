import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlModels
import TrawlTraining

extension IndexAdaptation {
    /// About what a reranker takes on two cores, searches included.
    static let rerankerSeconds = 300.0
    /// The steps that a reranker is trained, and the hits that it reads in training and in searches.
    private static let rerankerSteps = 300
    private static let rerankedHits = 50
    /// The most queries that a reranker learns from, and those of the learnt queries that are spared to choose its weight.
    private static let rerankerQueries = 1000
    private static let weighing = (share: 0.25, fewest: 15, most: 150)
    /// The weights of its scores that are tried. Queries unlike the judged ones lose by higher weights (eval/results/learning.md).
    private static let rerankerWeights: [Float] = [0.1, 0.2, 0.3]

    /// The model whose word vectors a reranker takes: the index's embedder if that is a BERT encoder, or the default one.
    ///
    /// - Throws: `TrawlError.notFound` for a model that is not installed.
    static func rerankerStart(_ index: SearchIndex, _ queries: JudgedQueries) throws -> String {
        let own = [JudgedIndex(index, queries)].embedder
        if try ModelFolder(path: ModelCatalogue.path(of: own)).architecture == .bert { return own }
        _ = try ModelFolder(path: ModelCatalogue.path(of: ModelCatalogue.defaultEmbedder))
        return ModelCatalogue.defaultEmbedder
    }

    /// Tries a Conv-KNRM reranker that was trained on most of `queries`, with the weight that suits the others of them. One that is
    /// kept is trained again, on all queries.
    ///
    /// - Parameters:
    ///   - start: See `rerankerStart`.
    ///   - all: `queries` and those that decide whether it is kept.
    ///   - index: The index as it was: an adapter finds for the queries that it was fitted to what it finds for no others.
    func tryReranker(
        _ state: inout AdaptationState, _ name: String, from start: String, _ queries: JudgedQueries,
        all: JudgedQueries, in index: SearchIndex, _ engine: Engine, _ progress: any ProgressReporter,
        _ cancellation: Cancellation
    ) throws {
        guard state.settings.rerankers.isEmpty else {
            return progress.note("the index keeps the reranker that it has")
        }
        let parts = queries.split(
            heldOut: Self.weighing.share, fewest: Self.weighing.fewest, most: Self.weighing.most)
        guard parts.heldOut.count > 0 else {
            return progress.note("no reranker is trained: \(queries.count) queries are too few")
        }
        var settings = TrainingSettings()
        (settings.seed, settings.steps, settings.learningRate.peak) = (seed, Self.rerankerSteps, 1e-3)
        var training = RerankerTraining(output: name, training: settings)
        (training.architecture, training.start) = (.convKNRM, start)
        training.objective.examples.queriesPerStep = 16
        training.objective.examples.maximumTokens = 256
        training.candidates = CandidateSearch(depth: Self.rerankedHits, limit: Self.rerankerQueries)
        func train(on queries: JudgedQueries) throws -> TrainingOutcome {
            try training.run(
                [JudgedIndex(index, queries)], engine, progress: progress, cancellation: cancellation)
        }
        let outcome = try train(on: parts.trained)
        if cancellation.isCancelled { return }
        // The weight is chosen beside an adapter that has not seen the queries which choose. One that the index had before may know
        // them.
        var unseen = state.settings
        if state.adapter == nil { unseen.dense.usesAdapter = false }
        let searched =
            state.adapter == nil
            ? state.index : try index.with(fittedAdapter(index, parts.trained, engine, cancellation))
        let found = try FoundPassages(engine, searched, unseen, parts.heldOut, depth: Self.rerankedHits)
        var changed = unseen
        let scores = try Self.rerankerWeights.map { weight in
            changed.rerankers = [Self.stage(outcome.path, weight)]
            return try found.run(by: engine.runReranker(searched, changed)).report(parts.heldOut.queries).means[0]
        }
        let weight = Self.first(of: Self.rerankerWeights, withHighest: scores)
        progress.note(
            "reranker: a weight of \(fixed(Double(weight), 1)) suits \(parts.heldOut.count) queries that it did not learn from"
        )
        try state.tryReranker(Self.stage(outcome.path, weight), searching: unseen)
        guard !state.settings.rerankers.isEmpty else {
            return progress.note("the reranker stays in \(outcome.path), and searches do not use it")
        }
        training.replaces = true
        _ = try train(on: all)
    }

    private static func stage(_ path: String, _ weight: Float) -> RerankSettings {
        RerankSettings(reranker: "cross", model: path, depth: rerankedHits, weight: weight)
    }
}
