import TrawlCore
import TrawlModels
import TrawlReranking

/// A classifier that reads a query and a passage together.
struct CrossEncoderKind: RerankerKind {
    let name = "cross"

    func accepts(_ model: ModelFolder) -> Bool { model.isCrossEncoder }

    func makeReranker(_ settings: RerankSettings, models: ModelCache) throws -> any Reranker {
        guard let model = settings.model else {
            throw TrawlError(
                .invalidInput, "a cross-encoder has no default model", remedy: "name the model to rerank with")
        }
        let path = try models.folder(model).path
        let encoder = try models.value("cross-encoder", path, settings.precision) {
            try CrossEncoder(folder: path, precision: settings.precision)
        }
        return PairReranker(scorer: encoder)
    }
}
