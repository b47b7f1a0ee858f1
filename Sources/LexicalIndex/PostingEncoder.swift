import TrawlCore

/// Encodes the postings of one term, and describes their blocks, as `LexicalSegment` says.
struct PostingEncoder {
    private(set) var bytes: [UInt8] = []
    private(set) var passageFrequency: UInt32 = 0
    private(set) var collectionFrequency: UInt64 = 0
    private var expected: UInt64 = 0
    private var blocks: [PostingBlock] = []
    private var frontier = PostingFrontier()

    /// Begins another term.
    mutating func start() {
        bytes.removeAll(keepingCapacity: true)
        passageFrequency = 0
        collectionFrequency = 0
        expected = 0
        blocks.removeAll(keepingCapacity: true)
        frontier = PostingFrontier()
    }

    /// - Parameter length: the number of terms of `passage`.
    /// - Precondition: `passage` is greater than the one before.
    mutating func append(_ passage: UInt32, _ frequency: UInt32, length: UInt32) {
        let gap = UInt64(passage) - expected
        VariableByte.append(gap << 1 | (frequency == 1 ? 1 : 0), to: &bytes)
        if frequency > 1 { VariableByte.append(frequency - 2, to: &bytes) }
        expected = UInt64(passage) + 1
        passageFrequency += 1
        collectionFrequency += UInt64(frequency)
        frontier.add(frequency, length: length)
        if Int(passageFrequency) % PostingBlock.capacity == 0 { closeBlock() }
    }

    /// What is kept of the term whose last posting was appended; no blocks for a term of a single one.
    ///
    /// - Throws: `full` for postings of more than 4 GiB.
    mutating func finish(offset: Int, firstBlock: Int) throws(TrawlError) -> (
        record: TermRecord, range: BlockRange?, blocks: [PostingBlock]
    ) {
        guard let byteCount = UInt32(exactly: bytes.count) else {
            throw TrawlError(.full, "the postings of a term take more than 4 GiB", remedy: "use more segments")
        }
        let record = TermRecord(
            offset: UInt64(offset), collectionFrequency: collectionFrequency, passageFrequency: passageFrequency,
            byteCount: byteCount)
        guard Int(passageFrequency) > PostingBlock.capacity else { return (record, nil, []) }
        if Int(passageFrequency) % PostingBlock.capacity != 0 { closeBlock() }
        return (record, BlockRange(first: UInt64(firstBlock), count: UInt64(blocks.count)), blocks)
    }

    private mutating func closeBlock() {
        let (frequencies, lengths) = frontier.take()
        blocks.append(
            PostingBlock(
                last: UInt32(expected - 1), end: UInt32(truncatingIfNeeded: bytes.count), frequencies: frequencies,
                lengths: lengths))
    }
}
