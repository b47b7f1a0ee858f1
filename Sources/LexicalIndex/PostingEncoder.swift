import TrawlCore

/// Encodes the postings of one term, and describes their blocks, as `LexicalSegment` says.
struct PostingEncoder {
    /// Complete once the term is finished.
    private(set) var bytes: [UInt8] = []
    private(set) var passageFrequency: UInt32 = 0
    private var collectionFrequency: UInt64 = 0
    private var expected: UInt64 = 0
    /// The postings of the block that is not full yet: the passages that each leaves out, and the occurrences beyond the first.
    private var gaps: [UInt32] = []
    private var repetitions: [UInt32] = []
    private var frontier = PostingFrontier()
    private var blocks: [PostingBlock] = []
    private let packs: Bool

    /// - Parameter packs: whether more than 128 postings become blocks.
    init(packs: Bool = true) { self.packs = packs }

    /// Begins another term.
    mutating func start() {
        bytes.removeAll(keepingCapacity: true)
        (passageFrequency, collectionFrequency, expected) = (0, 0, 0)
        gaps.removeAll(keepingCapacity: true)
        repetitions.removeAll(keepingCapacity: true)
        frontier = PostingFrontier()
        blocks.removeAll(keepingCapacity: true)
    }

    /// - Parameter length: the number of terms of `passage`.
    /// - Precondition: `passage` is greater than the one before, and `frequency` is at least 1.
    mutating func append(_ passage: UInt32, _ frequency: UInt32, length: UInt32) {
        if packs, gaps.count == PostingBlock.capacity { closeBlock() }
        gaps.append(UInt32(UInt64(passage) - expected))
        repetitions.append(frequency - 1)
        if packs { frontier.add(frequency, length: length) }
        expected = UInt64(passage) + 1
        passageFrequency += 1
        collectionFrequency += UInt64(frequency)
    }

    /// Encodes what is left, and tells what is kept of the term beside its bytes: no blocks for a term of a single one.
    ///
    /// - Throws: `full` for postings of more than 4 GiB.
    mutating func finish(offset: Int, firstBlock: Int) throws(TrawlError) -> (
        record: TermRecord, range: BlockRange?, blocks: [PostingBlock]
    ) {
        if blocks.isEmpty {
            for (gap, repetitions) in zip(gaps, repetitions) {
                VariableByte.append(UInt64(gap) << 1 | (repetitions == 0 ? 1 : 0), to: &bytes)
                if repetitions > 0 { VariableByte.append(repetitions - 1, to: &bytes) }
            }
        } else {
            closeBlock()
        }
        guard let byteCount = UInt32(exactly: bytes.count) else {
            throw TrawlError(.full, "the postings of a term take more than 4 GiB", remedy: "use more segments")
        }
        let record = TermRecord(
            offset: UInt64(offset), collectionFrequency: collectionFrequency, passageFrequency: passageFrequency,
            byteCount: byteCount)
        let range = BlockRange(first: UInt64(firstBlock), count: UInt64(blocks.count))
        return (record, blocks.isEmpty ? nil : range, blocks)
    }

    private mutating func closeBlock() {
        let widths = (PackedNumbers.width(of: gaps), PackedNumbers.width(of: repetitions))
        bytes.append(UInt8(widths.0))
        bytes.append(UInt8(widths.1))
        PackedNumbers.append(gaps, width: widths.0, to: &bytes)
        PackedNumbers.append(repetitions, width: widths.1, to: &bytes)
        let (frequencies, lengths) = frontier.take()
        blocks.append(
            PostingBlock(
                last: UInt32(expected - 1), end: UInt32(truncatingIfNeeded: bytes.count), frequencies: frequencies,
                lengths: lengths))
        gaps.removeAll(keepingCapacity: true)
        repetitions.removeAll(keepingCapacity: true)
    }
}
