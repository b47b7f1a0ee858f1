import TrawlModels

extension ModelFolder {
    /// True for a classifier of pairs of texts, which reranks.
    var isCrossEncoder: Bool { architectureName.hasSuffix("ForSequenceClassification") }
}
