import TrawlCore
import TrawlModels
import TrawlReranking

/// A model that reads a query and a passage together: a classifier, or a Conv-KNRM ranker.
struct CrossEncoderKind: PairRerankerKind {
    let name = "cross"

    func accepts(_ model: ModelFolder) -> Bool { model.isPairScorer }

    /// That which was chosen when the model was trained.
    func weight(_ settings: RerankSettings, isFused: Bool, models: ModelCache) throws -> Float {
        guard let model = settings.model else { return 1 }
        return try models.folder(model).rerankWeight() ?? 1
    }

    func makeScorer(_ settings: RerankSettings, models: ModelCache) throws -> ModelScorer {
        guard let model = settings.model else {
            throw TrawlError(
                .invalidInput, "a cross-encoder has no default model",
                remedy: "name the model, or train one with 'trawl train reranker'")
        }
        let path = try models.folder(model).path
        var encoder = try models.value("cross-encoder", path, settings.precision) {
            try CrossEncoder(folder: path, precision: settings.precision)
        }
        try encoder.requireOneLabel()
        encoder.windows = settings.windows
        return ModelScorer(scorer: encoder, model: model)
    }
}
