import TrawlCore
import TrawlEngine
import TrawlModels
import TrawlTensors
import TrawlTokenizers

/// A decoder that texts are written by, with what a writer reads of its tokenizer.
struct WritingModel {
    let session: any DecodingSession
    /// The special tokens that begin every text of the model.
    let start: [TokenID]
    /// Whether a token ends a text.
    let isEnd: @Sendable (TokenID) -> Bool
    /// Without special tokens.
    let encode: @Sendable (String) -> [TokenID]
    let decode: @Sendable ([TokenID]) -> String

    /// - Parameter name: The name or path of a decoder.
    /// - Throws: `TrawlError` for a model that cannot write.
    init(_ name: String, precision: Precision, _ models: ModelCache) throws {
        let folder = try models.folder(name)
        let tokenizer = try models.tokenizer(of: folder)
        let model = try folder.loadDecoder(precision: precision)
        session = model.makeSession()
        start = tokenizer.startOfText
        isEnd = { [end = model.endToken] token in
            // Models have several ends; all are special tokens.
            token == end
                || tokenizer.decode([token]).isEmpty
                    && !tokenizer.decode([token], skipSpecialTokens: false).isEmpty
        }
        encode = { tokenizer.encodeIDs($0, addSpecialTokens: false) }
        decode = { tokenizer.decode($0) }
    }
}
