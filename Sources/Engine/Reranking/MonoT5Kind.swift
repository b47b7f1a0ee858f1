import TrawlCore
import TrawlModels
import TrawlReranking
import TrawlTokenizers

/// An encoder-decoder that says whether the passage is relevant.
struct MonoT5Kind: PairRerankerKind {
    let name = "monot5"

    func accepts(_ model: ModelFolder) -> Bool {
        model.architecture == .t5 && model.isEncoderDecoder && model.isNamed("monot5")
    }

    func makeScorer(_ settings: RerankSettings, models: ModelCache) throws -> ModelScorer {
        guard let name = settings.model else {
            throw TrawlError(
                .invalidInput, "monot5 has no default model", remedy: "name the model to rerank with: monot5=MODEL")
        }
        let folder = try models.folder(name)
        guard folder.architecture == .t5, folder.isEncoderDecoder else {
            throw TrawlError(
                .incompatible, "\(folder.architectureName) is not a T5 with a decoder", path: folder.path,
                remedy: "name a monoT5 model")
        }
        let tokenizer = try models.tokenizer(of: folder)
        let answers = MonoT5.words.lazy.compactMap { words in
            tokenizer.id(of: words.yes).flatMap { yes in tokenizer.id(of: words.no).map { (yes: yes, no: $0) } }
        }
        guard let answers = answers.first else {
            throw TrawlError(
                .incompatible, "the tokenizer has no tokens for true and false", path: folder.path,
                remedy: "name a monoT5 model")
        }
        let model = try models.generator(of: folder, precision: settings.precision)
        var scorer = try MonoT5(
            session: model.makeSession(), answers: answers, end: tokenizer.encodeIDs(""),
            encode: { tokenizer.encodeIDs($0, addSpecialTokens: false) })
        scorer.model = folder.path
        return ModelScorer(scorer: scorer, model: name)
    }
}
