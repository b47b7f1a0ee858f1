import TrawlCore
import TrawlModels
import TrawlStore
public import TrawlTokenizers

/// The tokenizer of an index and the token that ends its passages, as the index stores them.
///
/// ```
/// boundary u32 | CRC-32 of the rest, u32 | the bytes of tokenizer.json, or of a GGUF file's vocabulary
/// ```
struct IndexVocabulary {
    static let metadataName = "vocabulary"
    private static let headerBytes = 8

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
                .unsupported, "the tokenizer has no end-of-text token, which must separate passages",
                path: generator.path)
        }
        boundary = end
        let vocabulary = try generator.tokenizerBytes()
        let checksum = vocabulary.withUnsafeBytes { crc32($0) }
        bytes = [end, checksum].flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) } + vocabulary
    }

    /// - Parameter digest: the tokenizer's.
    /// - Throws: `TrawlError.corrupted` when the bytes are not those that were stored.
    init(stored bytes: [UInt8], digest: String, path: String) throws {
        (tokenizer, boundary) = try bytes.withUnsafeBytes { bytes in
            let vocabulary = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(Self.headerBytes))
            func field(_ offset: Int) -> UInt32 {
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            }
            guard bytes.count > Self.headerBytes, field(4) == crc32(vocabulary) else {
                throw TrawlError(
                    .corrupted, "the stored tokenizer is damaged", path: path, remedy: "build the index again")
            }
            return (try Tokenizer(stored: vocabulary, digest: digest, path: path), field(0))
        }
        self.bytes = bytes
    }
}

extension SearchIndex {
    /// The vocabulary that the index stores; nil for an index of an earlier Trawl, which stored none.
    ///
    /// - Throws: `TrawlError.corrupted` when it is damaged.
    func storedVocabulary() throws -> IndexVocabulary? {
        guard let bytes = try snapshot.metadata(IndexVocabulary.metadataName), let digest = fingerprints["tokenizer"]
        else { return nil }
        return try IndexVocabulary(stored: bytes, digest: digest, path: path)
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
