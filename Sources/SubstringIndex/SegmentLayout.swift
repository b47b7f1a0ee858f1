internal import TrawlCore
internal import TrawlStore

/// What a segment's substring index consists of in the store: one record and the blobs that it gives the sizes of.
enum SegmentLayout {
    static let shapes = Table<SegmentShape>(number: 20, name: "substring shapes")
    /// The one key of `shapes`.
    static let shapeKey: [UInt8] = [0]

    static let blocks = BlobKind(number: 20, "substring wavelet matrix")
    static let superblocks = BlobKind(number: 21, "substring wavelet superblocks")
    static let levels = BlobKind(number: 22, "substring wavelet levels")
    static let symbols = BlobKind(number: 23, "substring symbols")
    static let vocabulary = BlobKind(number: 24, "substring vocabulary")
    static let rowPassages = BlobKind(number: 25, "substring row passages")
    static let text = BlobKind(number: 26, "substring text")
    static let passageStarts = BlobKind(number: 27, "substring passage starts")
    static let leaves = BlobKind(number: 28, "substring wavelet leaves")
    static let codes = BlobKind(number: 29, "substring codes")

    /// Every blob with the size of its records in bytes.
    static let allBlobs: [(kind: BlobKind, recordSize: Int)] = [
        (blocks, WaveletMatrix.blockBytes), (superblocks, WaveletMatrix.superblockBytes),
        (levels, WaveletMatrix.levelBytes), (leaves, WaveletMatrix.leafBytes), (codes, SymbolCode.bytes),
        (symbols, SymbolRows.bytes), (vocabulary, VocabularyMap.blockBytes), (rowPassages, PackedIntegers.blockBytes),
        (text, PackedIntegers.blockBytes), (passageStarts, 4),
    ]
}

/// The sizes of a segment's substring index.
///
/// ```
/// 0        4          8        12         16        20
/// | format | boundary | tokens | passages | symbols | vocabulary bound |    each u32
/// ```
struct SegmentShape: BitwiseCopyable, Sendable {
    static let currentFormat: UInt32 = 2

    var format: UInt32
    /// The token that ends every passage.
    var boundary: TokenID
    var tokenCount: UInt32
    var passageCount: UInt32
    /// The distinct tokens.
    var symbolCount: UInt32
    /// One more than the largest token.
    var vocabularyBound: UInt32

    /// Bits of a passage number in the packed row passages.
    var passageWidth: Int { PackedIntegers.width(bound: Int(passageCount)) }

    func validate() throws {
        guard format == Self.currentFormat else {
            throw TrawlError(
                .incompatible, "the substring index has format \(format), this Trawl reads \(Self.currentFormat)",
                remedy: format > Self.currentFormat ? "use a newer Trawl" : "rebuild the index")
        }
        guard tokenCount < Int32.max, passageCount <= tokenCount, symbolCount <= tokenCount,
            symbolCount <= vocabularyBound, vocabularyBound <= SubstringSegmentBuilder.vocabularyLimit,
            (tokenCount == 0) == (passageCount == 0), (tokenCount == 0) == (symbolCount == 0)
        else { throw damagedIndex("its sizes contradict each other") }
    }
}
