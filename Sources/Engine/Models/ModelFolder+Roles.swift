import TrawlModels

extension ModelFolder {
    /// True for a model that writes: a decoder or an encoder-decoder.
    var isGenerator: Bool { isEncoderDecoder || !isEncoder }

    /// True for a classifier of pairs of texts, which reranks.
    var isCrossEncoder: Bool { architectureName.hasSuffix("ForSequenceClassification") }
}
