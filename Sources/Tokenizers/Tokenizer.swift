import Synchronization
public import TrawlCore

/// Turns text into tokens and back, identically to the `tokenizers` package of Hugging Face.
///
/// One object may be used from many threads at once; each call takes a set of working buffers from a pool.
/// Truncation and padding, which a file may ask for, are left to the models.
public final class Tokenizer: Sendable {
    let pipeline: Pipeline
    private let idle = Mutex<[Workspace]>([])

    /// Tokens that models and prompts refer to by their role; nil where the tokenizer has none.
    public let specialTokens: SpecialTokens

    /// A SHA-256 in hexadecimal digits of all that decides how text is cut: vocabulary, merges and pipeline.
    ///
    /// Two files that differ in white space, order of members, truncation or padding have the same digest.
    public let digest: String

    public struct SpecialTokens: Hashable, Sendable {
        public var bos: TokenID?
        public var eos: TokenID?
        public var pad: TokenID?
        public var cls: TokenID?
        public var sep: TokenID?
        public var mask: TokenID?
        public var unk: TokenID?

        public init() {}
    }

    /// Reads a `tokenizer.json`.
    /// - Throws: `TrawlError`: `.notFound`, `.corrupted` for what is no JSON or contradicts itself, `.unsupported` for
    ///   a component of a type that is not known.
    public convenience init(contentsOf tokenizerJSON: String) throws {
        let definition = try TokenizerFile.read(tokenizerJSON)
        self.init(definition)
    }

    /// Reads what `ModelFolder.tokenizerBytes` gave: a `tokenizer.json`, or the encoded vocabulary of a GGUF file.
    /// - Parameters:
    ///   - digest: the tokenizer's, which was computed before the bytes were stored and is not computed again.
    ///   - path: where the bytes were stored, for messages.
    /// - Throws: as `init(contentsOf:)`.
    public convenience init(stored bytes: UnsafeRawBufferPointer, digest: String, path: String) throws {
        if let vocabulary = try GGUFVocabulary(encoded: bytes, path: path) {
            self.init(try vocabulary.definition(digest: digest))
        } else {
            let root = try JSON(parsing: bytes, path: path, comparesNames: false)
            self.init(try TokenizerFile.definition(root, digest: digest))
        }
    }

    /// Makes the tokenizer that a GGUF file describes.
    public convenience init(gguf: GGUFVocabulary) throws {
        self.init(try gguf.definition())
    }

    init(_ definition: TokenizerDefinition) {
        pipeline = definition.pipeline
        specialTokens = definition.specialTokens
        digest = definition.digest
    }

    /// One above the greatest id, counting added tokens: the number of rows that an embedding needs.
    public var vocabularySize: Int { pipeline.idLimit }

    public var bosID: TokenID? { specialTokens.bos }
    public var eosID: TokenID? { specialTokens.eos }
    public var padID: TokenID? { specialTokens.pad }
    public var clsID: TokenID? { specialTokens.cls }
    public var sepID: TokenID? { specialTokens.sep }
    public var maskID: TokenID? { specialTokens.mask }
    public var unkID: TokenID? { specialTokens.unk }

    /// The special tokens that the template puts before a text, such as `<s>`; none where it puts none.
    public var startOfText: [TokenID] { pipeline.postProcessor.prefix }

    /// The token as the vocabulary writes it (`Ġthe`, `▁the`, `##ing`); nil for an id without one.
    public func token(for id: TokenID) -> String? { pipeline.token(id) }

    public func id(of token: String) -> TokenID? { pipeline.added.find(token) ?? pipeline.model.vocabulary.find(token) }

    /// True for control tokens such as `[CLS]`, which are no text.
    public func isSpecial(_ id: TokenID) -> Bool { pipeline.added.isSpecial(id) }

    /// The tokens of `text`, with where they stand in it.
    ///
    /// - Parameter splitsSpecialTokens: Whether the name of a control token in the text, such as `[SEP]`, is text like any
    ///   other; by default it is the control token, as in Hugging Face's `tokenizers` (`encode_special_tokens`).
    /// - Complexity: O(n) for WordPiece, O(n log n) for the others at worst, in bytes of text.
    public func encode(_ text: String, addSpecialTokens: Bool = true, splitsSpecialTokens: Bool = false) -> Encoding {
        let first = sequence(text, splitsSpecialTokens)
        return pipeline.postProcessor.assemble(first, nil, addSpecialTokens: addSpecialTokens)
    }

    /// Two texts as one input, as cross-encoders take them.
    public func encode(pair: (String, String), addSpecialTokens: Bool = true) -> Encoding {
        let first = sequence(pair.0)
        let second = sequence(pair.1)
        return pipeline.postProcessor.assemble(first, second, addSpecialTokens: addSpecialTokens)
    }

    /// Two texts that are tokens already, without special ones, as `encode(pair:)` puts them together.
    public func assemble(
        pair first: ArraySlice<TokenID>, _ second: ArraySlice<TokenID>
    ) -> (ids: [TokenID], typeIDs: [UInt8]) {
        pipeline.postProcessor.assemble(first, second)
    }

    /// How many special tokens the template adds to a pair.
    public var pairSpecialCount: Int { pipeline.postProcessor.pairSpecialCount }

    /// The ids alone, which is faster.
    public func encodeIDs(
        _ text: String, addSpecialTokens: Bool = true, splitsSpecialTokens: Bool = false
    ) -> [TokenID] {
        let ids = withWorkspace { workspace in
            pipeline.run(text, isTracking: false, splitsSpecial: splitsSpecialTokens, &workspace)
            return workspace.output.ids
        }
        return addSpecialTokens ? pipeline.postProcessor.assemble(ids) : ids
    }

    /// The text of `ids`; ids without a token are passed over.
    public func decode(_ ids: some Sequence<TokenID>, skipSpecialTokens: Bool = true) -> String {
        var tokens: [String] = []
        for id in ids where !(skipSpecialTokens && pipeline.added.isSpecial(id)) {
            if let token = pipeline.token(id) { tokens.append(token) }
        }
        return pipeline.decoder.decode(tokens)
    }

    /// `text` after the normalisers alone, such as in lower case for an uncased model.
    public func normalized(_ text: String) -> String { Pipeline.normalize(text, pipeline.normalizers) }

    private func sequence(_ text: String, _ splitsSpecialTokens: Bool = false) -> Encoding {
        withWorkspace { workspace in
            pipeline.run(text, isTracking: true, splitsSpecial: splitsSpecialTokens, &workspace)
            let output = workspace.output
            var encoding = Encoding()
            encoding.ids = output.ids
            encoding.offsets.reserveCapacity(output.count)
            for index in 0..<output.count { encoding.offsets.append(output.starts[index]..<output.ends[index]) }
            pipeline.trim(&encoding, text)
            return encoding
        }
    }

    private func withWorkspace<R>(_ body: (inout Workspace) -> R) -> R {
        var workspace = idle.withLock { $0.popLast() } ?? Workspace()
        let result = body(&workspace)
        let returned = workspace
        workspace = Workspace()
        idle.withLock { if $0.count < 64 { $0.append(returned) } }
        return result
    }
}

/// All that a file or a GGUF says about a tokenizer, checked.
struct TokenizerDefinition: Sendable {
    var pipeline: Pipeline
    var specialTokens = Tokenizer.SpecialTokens()
    var digest = ""
}
