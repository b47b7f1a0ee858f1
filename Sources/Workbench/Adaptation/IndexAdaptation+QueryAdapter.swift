import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTraining
import TrawlVectorIndex

extension IndexAdaptation {
    /// An adapter that was fitted to `queries`, as strong as suits those of them that it was not fitted to.
    func fittedAdapter(
        _ index: SearchIndex, _ queries: JudgedQueries, _ engine: Engine, _ cancellation: Cancellation
    ) throws -> QueryAdapter {
        var training = QueryAdapterTraining()
        training.fit.seed = seed
        return try training.run(JudgedIndex(index, queries), engine, cancellation: cancellation).adapter
    }

    /// Tries a query adapter that was fitted to `queries`.
    func tryAdapter(
        _ state: inout AdaptationState, _ queries: JudgedQueries, _ engine: Engine, _ progress: any ProgressReporter,
        _ cancellation: Cancellation
    ) throws {
        guard try state.index.open(VectorsPart()).metric == .cosine else {
            return progress.note("no query adapter is fitted: the index does not compare vectors by cosines")
        }
        guard try state.index.queryAdapter() == nil else {
            return progress.note("the index keeps the query adapter that it has")
        }
        let adapter = try fittedAdapter(state.index, queries, engine, cancellation)
        guard adapter.moves || adapter.memory != nil else {
            return progress.note("no query adapter helps queries that it was not fitted to")
        }
        try state.tryAdapter(adapter)
    }
}
