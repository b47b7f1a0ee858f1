import TrawlCore
import TrawlEmbeddings
import TrawlLateIndex
import TrawlModels
import TrawlReranking

/// Late interaction: the tokens of a query are compared with those of a passage (ColBERT). An index that was built with `late`
/// has the token vectors of its passages; otherwise, and with another model than the index's, passages are encoded as they
/// are reranked, which takes as long as embedding them.
struct LateInteractionKind: PairRerankerKind {
    let name = "late"

    /// Alone it ranks worse than words and vectors together (eval/results/reranking.md).
    func weight(_ settings: RerankSettings, isFused: Bool, models: ModelCache) -> Float { isFused ? 0.3 : 1 }

    func accepts(_ model: ModelFolder) -> Bool { TokenEmbedder.isTrained(model) }

    func makeScorer(_ settings: RerankSettings, models: ModelCache) throws -> ModelScorer {
        let model = settings.model ?? ModelCatalogue.defaultEmbedder
        return ModelScorer(
            scorer: TokenScorer(embedder: try models.tokenEmbedder(model, precision: settings.precision)), model: model)
    }

    func makeReranker(_ settings: RerankSettings, models: ModelCache, index: SearchIndex) throws -> any Reranker {
        var settings = settings
        let build = index.recipe.build
        let ownModel =
            build.contains("dense") && !build.contains("late")
            ? index.recipe.dense.model : index.recipe.late.model
        settings.model = settings.model ?? ownModel
        guard build.contains("late"), let searcher = try index.open(LatePart()).searcher,
            settings.model == index.recipe.late.model
        else { return try makeReranker(settings, models: models) }
        return StoredTokensReranker(embedder: try index.tokenEmbedder(models), searcher: searcher)
    }
}

/// Scores by the token vectors that an index has.
private struct StoredTokensReranker: Reranker {
    let embedder: TokenEmbedder
    let searcher: LateSearcher

    func rerank(_ ranking: Ranking, query: String, documents: any SearchedDocuments) throws -> Reranked {
        let query = try embedder.queries([query]).values
        let scores = try searcher.score(query, passages: ranking.map(\.passage))
        return Reranked(Ranking(zip(ranking, scores).map { ScoredPassage($0.passage, $1) }))
    }
}

/// Scores by token vectors that are made when they are asked for.
private struct TokenScorer: PairScorer {
    let embedder: TokenEmbedder

    func judge(query: String, passages: [String]) throws -> PairScores {
        let vectors = try embedder.passages(passages)
        let query = try embedder.queries([query])
        let scores = vectors.split.map { lateScore(query.values, $0.values, dimension: embedder.dimension) }
        return PairScores(
            scores, cutCount: vectors.cutTexts, isQueryCut: query.cutTexts > 0, model: embedder.folder)
    }
}
