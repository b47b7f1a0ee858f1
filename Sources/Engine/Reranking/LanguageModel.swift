import TrawlCore
import TrawlModels
import TrawlTokenizers

/// A decoder that reranks, with its tokenizer.
struct LanguageModel {
    let name: String
    let folder: ModelFolder
    let decoder: DecoderModel
    let tokenizer: Tokenizer

    /// The model that `settings` name, or the default one.
    ///
    /// - Throws: `TrawlError` for a model that is missing, or not a decoder.
    init(_ settings: RerankSettings, models: ModelCache) throws {
        name = settings.model ?? ModelCatalogue.defaultLanguageModel
        let folder = try models.folder(name)
        self.folder = folder
        tokenizer = try models.tokenizer(of: folder)
        decoder = try models.value("decoder", folder.path, settings.precision) {
            try folder.loadDecoder(precision: settings.precision)
        }
    }

    var encode: @Sendable (String) -> [TokenID] {
        { [tokenizer] in tokenizer.encodeIDs($0, addSpecialTokens: false) }
    }

    /// Whether turns of a conversation are marked as in ChatML.
    var isChat: Bool { tokenizer.id(of: "<|im_start|>") != nil && tokenizer.id(of: "<|im_end|>") != nil }
}
