public import TrawlCore

/// The tokenizer's part of a GGUF file, as plain values; `Models` fills it from the keys `tokenizer.ggml.*`.
public struct GGUFVocabulary: Sendable {
    /// `tokenizer.ggml.model`: `gpt2` (byte-level BPE), `llama` (SentencePiece BPE), `bert` (WordPiece), `t5` (Unigram).
    public var model: String
    /// `tokenizer.ggml.pre`: the name of the pre-tokenizer, such as `smollm`, `llama-bpe`, `qwen2`.
    public var preTokenizer: String?
    public var tokens: [String]
    /// One for each token, or empty. `llama` and `t5` need them.
    public var scores: [Float]
    /// One for each token, or empty: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    public var tokenTypes: [Int]
    /// `left right`, the first merge first. `gpt2` needs them.
    public var merges: [String]
    public var bosID: TokenID?
    public var eosID: TokenID?
    public var unkID: TokenID?
    public var padID: TokenID?
    public var sepID: TokenID?
    public var clsID: TokenID?
    public var maskID: TokenID?
    /// nil where the file is silent: then `llama` begins with bos, `bert` has its template, `t5` ends with eos.
    public var addBOS: Bool?
    public var addEOS: Bool?
    public var addSpacePrefix: Bool?
    public var removeExtraWhitespaces: Bool?
    /// `tokenizer.ggml.precompiled_charsmap`, for `t5`.
    public var precompiledCharsMap: [UInt8]
    /// The file that all this was read from, for messages.
    public var path: String?

    public init(model: String, tokens: [String]) {
        self.model = model
        self.tokens = tokens
        scores = []
        tokenTypes = []
        merges = []
        precompiledCharsMap = []
    }
}
