import TrawlCore
import TrawlModels
import TrawlStore
public import TrawlTokenizers

/// The tokenizer of an index and the token that ends its passages, as the index stores them.
///
/// ```
/// boundary u32 | the bytes of tokenizer.json, or of a GGUF file's vocabulary
/// ```
struct IndexVocabulary {
    static let metadataName = "vocabulary"

    let tokenizer: Tokenizer
    let boundary: TokenID
    let bytes: [UInt8]

    /// That of a generator.
    ///
    /// - Throws: `TrawlError.unsupported` when its texts have no end token.
    init(of generator: ModelFolder) throws {
        tokenizer = try generator.loadTokenizer()
        guard let end = try generator.boundaryToken(tokenizer) else {
            throw TrawlError(
                .unsupported, "the tokenizer has no end-of-text token, which must stand between passages",
                path: generator.path)
        }
        boundary = end
        bytes = withUnsafeBytes(of: end.littleEndian, Array.init) + (try generator.tokenizerBytes())
    }

    /// - Throws: `TrawlError.corrupted` when the bytes are not a vocabulary.
    init(stored bytes: [UInt8], path: String) throws {
        guard bytes.count > 4 else {
            throw TrawlError(.corrupted, "the stored tokenizer is cut", path: path, remedy: "build the index again")
        }
        boundary = bytes[..<4].reversed().reduce(0) { $0 << 8 | TokenID($1) }
        tokenizer = try Tokenizer(stored: bytes[4...], path: path)
        self.bytes = bytes
    }
}

extension SearchIndex {
    /// The vocabulary that the index stores; nil for an index of an earlier Trawl, which stored none.
    ///
    /// - Throws: `TrawlError.corrupted` when it is not the one that the index was built with.
    func storedVocabulary() throws -> IndexVocabulary? {
        guard let bytes = try snapshot.metadata(IndexVocabulary.metadataName) else { return nil }
        let vocabulary = try IndexVocabulary(stored: bytes, path: path)
        guard vocabulary.tokenizer.digest == fingerprints[vocabulary.tokenizer.fingerprint.key] else {
            throw TrawlError(
                .corrupted, "the stored tokenizer is damaged", path: path, remedy: "build the index again")
        }
        return vocabulary
    }

    /// The tokenizer of the index's n-grams: the stored one, or that of the generator for an index of an earlier Trawl.
    ///
    /// - Throws: `TrawlError.invalidInput` when the index has no n-grams.
    public func tokenizer() throws -> Tokenizer {
        try require(SubstringsPart())
        return try once("tokenizer") {
            try storedVocabulary()?.tokenizer ?? tokenizer(of: generatorModel())
        }
    }
}
