import TrawlModels
import TrawlReranking
import TrawlTokenizers

/// A language model: how probable it finds the query after the passage.
struct QueryLikelihoodKind: PairRerankerKind {
    let name = "likelihood"

    func accepts(_ model: ModelFolder) -> Bool { model.isDecoder }

    func makeScorer(_ settings: RerankSettings, models: ModelCache) throws -> ModelScorer {
        let model = try LanguageModel(settings, models: models)
        var scorer = try QueryLikelihood(
            session: model.decoder.makeSession(), start: model.tokenizer.startOfText, encode: model.encode)
        scorer.model = model.folder.path
        return ModelScorer(scorer: scorer, model: model.name)
    }
}
