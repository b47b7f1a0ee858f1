import TrawlGeneration
import TrawlModels

extension SEALPrompts {
    /// What a model of this kind reads when a recipe does not say.
    ///
    /// An encoder-decoder was trained to write spans for the query alone (`trawl train generator`); a language model that
    /// was never trained to retrieve continues a text that the query begins. Adapters are trained to do so better, but for
    /// titles.
    static func `default`(for model: ModelFolder) -> SEALPrompts {
        if model.isEncoderDecoder { return ofEncoderDecoders }
        return SEALPrompts(
            body: "Question: {query}\nPassage:", title: model.isAdapted ? nil : "Question: {query}\nTitle:",
            rescoring: "Question: {query}\nPassage:")
    }

    static let ofEncoderDecoders = SEALPrompts(body: "{query}", title: nil, rescoring: "{query}")
}
