internal import CTrawlKernels
public import TrawlCore
public import TrawlStore

/// The substring index of one segment, read in place: an FM-index (Ferragina and Manzini, 2000) over the tokens of its
/// passages, with the passage of every row and the plain text beside it.
///
/// Opening touches a header and no payload. Whatever the blobs hold, no operation reads outside them: sizes are
/// compared when the segment is opened, and what is read from them is checked before it is used as an index. Damage
/// beyond that shows up as wrong answers, which `check` finds.
///
/// Passages are numbered from 0 here; `SubstringIndex` numbers them over all segments.
public final class SubstringSegment: Sendable {
    /// The token that ends every passage.
    public let boundary: TokenID
    /// The tokens of all passages, boundaries included.
    public let tokenCount: Int
    public let passageCount: Int
    /// The distinct tokens.
    public let symbolCount: Int
    /// The bytes of all blobs.
    public let byteCount: Int

    let shape: SegmentShape
    let matrix: WaveletMatrix
    let stepper: SuffixStepper
    let rowPassages: PackedIntegers
    let text: PackedIntegers
    let chunks: Chunks
    /// What keeps the chunks where they are.
    private let owner: any Sendable
    /// Where the segment was read from; nil when it is in memory.
    let reader: SegmentReader?
    /// What was deleted; nil when nothing was.
    let deletions: SubstringDeletions?

    /// The chunks of every blob.
    struct Chunks: @unchecked Sendable {
        // @unchecked: tables of addresses of read-only memory.
        var matrix: WaveletMatrix.Chunks
        var codes: ChunkTable
        var symbols: ChunkTable
        var vocabulary: ChunkTable
        var rowPassages: ChunkTable
        var text: ChunkTable
        var passageStarts: ChunkTable

        init(_ find: (BlobKind, _ recordSize: Int) throws -> ChunkTable) throws {
            matrix = try WaveletMatrix.Chunks(
                blocks: find(SegmentLayout.blocks, WaveletMatrix.blockBytes),
                superblocks: find(SegmentLayout.superblocks, WaveletMatrix.superblockBytes),
                levels: find(SegmentLayout.levels, WaveletMatrix.levelBytes),
                leaves: find(SegmentLayout.leaves, WaveletMatrix.leafBytes))
            codes = try find(SegmentLayout.codes, SymbolCode.bytes)
            symbols = try find(SegmentLayout.symbols, SymbolRows.bytes)
            vocabulary = try find(SegmentLayout.vocabulary, VocabularyMap.blockBytes)
            rowPassages = try find(SegmentLayout.rowPassages, PackedIntegers.blockBytes)
            text = try find(SegmentLayout.text, PackedIntegers.blockBytes)
            passageStarts = try find(SegmentLayout.passageStarts, 4)
        }
    }

    /// Opens the substring index of `segment`.
    ///
    /// - Throws: `TrawlError.notFound` when it has none, `.corrupted` when sizes contradict each other, `.incompatible`
    ///   for another format.
    /// - Complexity: O(chunks).
    public convenience init(_ segment: SegmentReader) throws {
        try self.init(segment, ignoringDeletions: false)
    }

    /// - Parameter ignoringDeletions: Whether to open the segment as it was written.
    convenience init(_ segment: SegmentReader, ignoringDeletions: Bool) throws {
        guard let shape = try segment.record(SegmentLayout.shapes, SegmentLayout.shapeKey) else {
            throw TrawlError(
                .notFound, "segment \(segment.info.number) has no substring index", path: segment.snapshot.path,
                remedy: "rebuild the index with generative retrieval in its recipe")
        }
        guard shape.passageCount == segment.info.passageCount else {
            throw damagedIndex(
                "segment \(segment.info.number) has \(segment.info.passageCount) passages, its substring index "
                    + "\(shape.passageCount)"
            ).at(path: segment.snapshot.path)
        }
        var blobs: [Blob] = []
        do {
            // Before anything else: another format has other blobs.
            try shape.validate()
            let chunks = try Chunks { kind, recordSize in
                let blob = try segment.blob(kind, recordSize: recordSize)
                blobs.append(blob)
                return ChunkTable(blob)
            }
            let deletions =
                ignoringDeletions ? nil : try SubstringDeletions(segment, rowCount: Int(shape.tokenCount))
            try self.init(shape, chunks, owner: blobs, reader: segment, deletions: deletions)
        } catch let error as TrawlError {
            throw error.at(path: segment.snapshot.path)
        }
    }

    /// A segment of these sizes in memory that `owner` keeps alive.
    init(
        _ shape: SegmentShape, _ chunks: Chunks, owner: any Sendable, reader: SegmentReader? = nil,
        deletions: SubstringDeletions? = nil
    ) throws {
        try shape.validate()
        let count = Int(shape.tokenCount)
        let symbols = Int(shape.symbolCount)
        matrix = try WaveletMatrix(chunks.matrix, count: count)
        rowPassages = try PackedIntegers(chunks.rowPassages, count: count, width: shape.passageWidth)
        try chunks.codes.expect(records: symbols, of: SymbolCode.bytes, "the codes")
        try chunks.symbols.expect(records: symbols + 1, of: SymbolRows.bytes, "the symbols")
        try chunks.passageStarts.expect(records: Int(shape.passageCount) + 1, of: 4, "the passage starts")
        let digits = chunks.passageStarts.address(Int(shape.passageCount), shift: 2).load(as: UInt32.self)
        text = try PackedIntegers(chunks.text, count: Int(digits), width: HuffmanCode.digitBits)
        stepper = try SuffixStepper(
            matrix: matrix.kernel,
            vocabulary: VocabularyMap(chunks.vocabulary, bound: Int(shape.vocabularyBound), symbolCount: symbols),
            codes: chunks.codes, symbols: chunks.symbols, deadRows: deletions?.rows, rowCount: shape.tokenCount)
        self.shape = shape
        self.chunks = chunks
        self.owner = owner
        self.reader = reader
        self.deletions = deletions
        boundary = shape.boundary
        tokenCount = count
        passageCount = Int(shape.passageCount)
        symbolCount = symbols
        byteCount =
            [
                chunks.matrix.blocks, chunks.matrix.superblocks, chunks.matrix.levels, chunks.matrix.leaves,
                chunks.codes, chunks.symbols, chunks.vocabulary, chunks.rowPassages, chunks.text, chunks.passageStarts,
            ].reduce(deletions?.byteCount ?? 0) { $0 + $1.byteCount }
    }

    var vocabulary: VocabularyMap { stepper.vocabulary }

    /// The code of `symbol`, which must be below `symbolCount`.
    func code(of symbol: UInt32) -> SymbolCode { stepper.code(of: symbol) }

    /// The token of `symbol`, which must be below `symbolCount`.
    @inline(__always)
    func token(of symbol: UInt32) -> TokenID {
        chunks.symbols.address(Int(symbol), shift: 3).load(as: SymbolRows.self).token
    }

    /// The rows of `symbol`, which must be below `symbolCount`: of a damaged segment any.
    @inline(__always)
    func rows(of symbol: UInt32) -> (low: UInt32, high: UInt32) { stepper.rows(of: symbol) }

    /// The digits of `passage` as a range of `text`; nil when there is no such passage or the table is damaged.
    func textRange(of passage: Int) -> Range<Int>? {
        guard passage >= 0, passage < passageCount else { return nil }
        let start = Int(chunks.passageStarts.address(passage, shift: 2).load(as: UInt32.self))
        let end = Int(chunks.passageStarts.address(passage + 1, shift: 2).load(as: UInt32.self))
        return start < end && end <= text.count ? start..<end : nil
    }
}
