import TrawlModels
import TrawlReranking
import TrawlTokenizers

/// A language model: how probable it finds the query after the passage.
struct QueryLikelihoodKind: RerankerKind {
    let name = "likelihood"

    func accepts(_ model: ModelFolder) -> Bool { model.isDecoder }

    func makeReranker(_ settings: RerankSettings, models: ModelCache) throws -> any Reranker {
        let folder = try models.folder(settings.model ?? ModelCatalogue.defaultLanguageModel)
        let tokenizer = try models.tokenizer(of: folder)
        let decoder = try models.value("decoder", folder.path, settings.precision) {
            try folder.loadDecoder(precision: settings.precision)
        }
        return PairReranker(
            scorer: try QueryLikelihood(
                session: decoder.makeSession(), start: tokenizer.startOfText,
                encode: { tokenizer.encodeIDs($0, addSpecialTokens: false) }))
    }
}
