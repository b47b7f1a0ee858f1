internal import TrawlCore
public import TrawlTensors
public import TrawlTokenizers

extension GGUFVocabulary {
    /// The entries `tokenizer.ggml.*` of a GGUF file.
    ///
    /// - Throws: `TrawlError.corrupted` when the file has no vocabulary.
    public init(_ file: GGUF) throws {
        let metadata = file.metadata
        func key(_ name: String) -> String { "tokenizer.ggml." + name }
        func id(_ name: String) -> TokenID? { metadata.integer(key(name)).flatMap { TokenID(exactly: $0) } }
        guard let model = metadata.string(key("model")), let tokens = try metadata.strings(key("tokens")) else {
            throw TrawlError(
                .corrupted, "the file has no vocabulary (tokenizer.ggml.model and .tokens)", path: file.path,
                remedy: "convert the model again, with its tokenizer")
        }
        self.init(model: model, tokens: tokens)
        preTokenizer = metadata.string(key("pre"))
        scores = try metadata.floats(key("scores")) ?? []
        tokenTypes = try metadata.integers(key("token_type")) ?? []
        merges = try metadata.strings(key("merges")) ?? []
        bosID = id("bos_token_id")
        eosID = id("eos_token_id")
        unkID = id("unknown_token_id")
        padID = id("padding_token_id")
        sepID = id("seperator_token_id") ?? id("separator_token_id")
        clsID = id("cls_token_id")
        maskID = id("mask_token_id")
        addBOS = metadata.bool(key("add_bos_token"))
        addEOS = metadata.bool(key("add_eos_token"))
        addSpacePrefix = metadata.bool(key("add_space_prefix"))
        removeExtraWhitespaces = metadata.bool(key("remove_extra_whitespaces"))
        precompiledCharsMap = try (metadata.integers(key("precompiled_charsmap")) ?? []).map {
            UInt8(truncatingIfNeeded: $0)
        }
        path = file.path
    }
}
