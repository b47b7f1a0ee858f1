import TrawlModels

extension ModelFolder {
    /// True for a model that writes: a decoder or an encoder-decoder.
    var isGenerator: Bool { isEncoderDecoder || isDecoder }

    /// Whether its folder, or its GGUF file, has `word` in its name, in small letters.
    func isNamed(_ word: String) -> Bool {
        path.lowercased().split(separator: "/").suffix(gguf == nil ? 1 : 2).contains { $0.contains(word) }
    }

    /// True for a model that scores a query and a passage which it reads together.
    var isPairScorer: Bool { architecture == .convKNRM || architectureName.hasSuffix("ForSequenceClassification") }
}
