import TrawlCore
import TrawlModels
import TrawlReranking
import TrawlTokenizers

/// A language model that is asked whether the passage answers the query.
struct YesNoKind: PairRerankerKind {
    let name = "yes-no"

    /// A decoder that was trained to rerank says so in its name alone.
    func accepts(_ model: ModelFolder) -> Bool { model.isDecoder && model.isNamed("rerank") }

    func makeScorer(_ settings: RerankSettings, models: ModelCache) throws -> ModelScorer {
        let model = try LanguageModel(settings, models: models)
        var scorer = try YesNoScorer(
            model: model.decoder, template: try template(settings, model), instruction: settings.instruction,
            start: model.tokenizer.startOfText, encode: model.encode)
        scorer.model = model.folder.path
        return ModelScorer(scorer: scorer, model: model.name)
    }

    /// The template that the settings name, or the one of the model's family.
    private func template(_ settings: RerankSettings, _ model: LanguageModel) throws -> YesNoTemplate {
        guard let name = settings.template else {
            let isReranker = accepts(model.folder)
            return switch model.folder.architecture {
            case .qwen3 where isReranker: .qwen3
            case .gemma3 where isReranker: .bgeGemma
            default: model.isChat ? .chat : .plain
            }
        }
        guard let template = YesNoTemplate.all.first(where: { $0.name == name }) else {
            throw TrawlError(
                .invalidInput, "unknown template \"\(name)\"",
                remedy: "the templates are \(YesNoTemplate.all.map(\.name).joined(separator: ", "))")
        }
        return template
    }
}
