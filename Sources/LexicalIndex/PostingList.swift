import TrawlCore
import TrawlStore

/// The postings of one term in one segment, read in place.
struct PostingList {
    let record: TermRecord
    /// How many blocks describe the postings; 0: none, they are read as a whole.
    let blockCount: Int
    private let blob: Blob
    private let blocks: Blob?
    private let firstBlock: Int
    private let passageCount: UInt32
    private let segment: SegmentReader

    /// - Parameter blocks: where the term's blocks are in the blob of all; nil for a term without.
    init(_ record: TermRecord, _ blob: Blob, blocks: (range: BlockRange, blob: Blob)? = nil, _ segment: SegmentReader)
        throws
    {
        let end = record.offset.addingReportingOverflow(UInt64(record.byteCount))
        guard !end.overflow, end.partialValue <= UInt64(blob.byteCount) else {
            throw Self.damaged(segment, "the postings of a term lie outside their blob")
        }
        guard record.passageFrequency <= segment.info.passageCount else {
            throw Self.damaged(segment, "a term occurs in more passages than there are")
        }
        if let (range, blob) = blocks {
            let expected =
                (UInt64(record.passageFrequency) + UInt64(PostingBlock.capacity) - 1) / UInt64(PostingBlock.capacity)
            let end = range.first.addingReportingOverflow(range.count)
            guard range.count == expected, !end.overflow, end.partialValue <= UInt64(blob.recordCount) else {
                throw Self.damaged(segment, "the blocks of a term do not fit its postings")
            }
            firstBlock = Int(range.first)
            blockCount = Int(range.count)
        } else {
            (firstBlock, blockCount) = (0, 0)
        }
        self.record = record
        self.blob = blob
        self.blocks = blocks?.blob
        self.segment = segment
        passageCount = segment.info.passageCount
    }

    /// Calls `body` for every passage in ascending order with the number of occurrences of the term, until it answers
    /// false.
    /// - Throws: `corrupted` when the bytes contradict the record.
    func forEachPosting(_ body: (_ passage: UInt32, _ frequency: UInt32) -> Bool) throws {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        var passage: UInt64 = 0
        var (left, isFrequency) = (record.passageFrequency, false)
        var offset = Int(record.offset)
        let end = offset + Int(record.byteCount)
        while offset < end {
            let span = min(end - offset, blob.chunkBytes - offset % blob.chunkBytes)
            let bytes = blob.address(of: offset).assumingMemoryBound(to: UInt8.self)
            for index in 0..<span {
                let byte = bytes[index]
                value |= UInt64(byte & 0x7F) << shift
                if byte >= 0x80 {
                    shift += 7
                    guard shift < 42 else { throw Self.damaged(segment, "a number in the postings is too long") }
                    continue
                }
                var frequency: UInt64 = 1
                if isFrequency {
                    frequency = value + 2
                } else {
                    passage += value >> 1
                    isFrequency = value & 1 == 0
                }
                let isComplete = frequency > 1 || !isFrequency
                (value, shift) = (0, 0)
                guard isComplete else { continue }
                guard passage < passageCount, left > 0, frequency <= UInt32.max else {
                    throw Self.damaged(segment, "the postings of a term name passages that are not there")
                }
                left -= 1
                isFrequency = false
                if !body(UInt32(passage), UInt32(frequency)) { return }
                passage += 1
            }
            offset += span
        }
        guard left == 0, shift == 0, !isFrequency else { throw Self.damaged(segment, "the postings of a term are cut") }
    }

    /// - Precondition: `number` is below `blockCount`.
    @inline(__always)
    func block(_ number: Int) -> PostingBlock {
        guard let blocks else { preconditionFailure("a term without blocks") }
        return blocks.load(firstBlock + number, as: PostingBlock.self)
    }

    /// Reads the postings of block `number` into two arrays of 128 numbers.
    ///
    /// - Returns: the number of postings.
    /// - Throws: `corrupted` when the bytes contradict the description of the block.
    func decodeBlock(
        _ number: Int, _ passages: UnsafeMutablePointer<UInt32>, _ frequencies: UnsafeMutablePointer<UInt32>
    ) throws -> Int {
        let block = block(number)
        let before = number > 0 ? self.block(number - 1) : nil
        let start = before?.end ?? 0
        let count = min(
            PostingBlock.capacity, Int(record.passageFrequency) - number * PostingBlock.capacity)
        guard start < block.end, block.end <= record.byteCount else {
            throw damagedBlocks()
        }
        let first = Int(record.offset) + Int(start)
        let byteCount = Int(block.end - start)
        let decoded: Bool
        if first % blob.chunkBytes + byteCount <= blob.chunkBytes {
            let bytes = UnsafeRawBufferPointer(start: blob.address(of: first), count: byteCount)
            decoded = decode(bytes, after: before?.last, count, passages, frequencies)
        } else {
            decoded = try blob.bytes(in: first..<first + byteCount).withUnsafeBytes {
                decode($0, after: before?.last, count, passages, frequencies)
            }
        }
        guard decoded, passages[count - 1] == block.last else { throw damagedBlocks() }
        return count
    }

    /// Whether `bytes` are `count` postings of passages that there are.
    private func decode(
        _ bytes: UnsafeRawBufferPointer, after last: UInt32?, _ count: Int, _ passages: UnsafeMutablePointer<UInt32>,
        _ frequencies: UnsafeMutablePointer<UInt32>
    ) -> Bool {
        var offset = 0
        /// The next number; nil when the bytes end, or when it is longer than any that is written.
        @inline(__always)
        func next() -> UInt64? {
            guard offset < bytes.count else { return nil }
            let byte = bytes[offset]
            offset += 1
            if byte < 0x80 { return UInt64(byte) }
            var (value, shift) = (UInt64(byte & 0x7F), UInt64(7))
            while offset < bytes.count, shift < 42 {
                let byte = bytes[offset]
                offset += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }
        var passage = last.map { UInt64($0) + 1 } ?? 0
        for index in 0..<count {
            guard let gap = next() else { return false }
            passage += gap >> 1
            var frequency: UInt64 = 1
            if gap & 1 == 0 {
                guard let more = next() else { return false }
                frequency = more + 2
            }
            guard passage < passageCount, frequency <= UInt32.max else { return false }
            passages[index] = UInt32(truncatingIfNeeded: passage)
            frequencies[index] = UInt32(truncatingIfNeeded: frequency)
            passage += 1
        }
        return offset == bytes.count
    }

    /// How often the term occurs in `passage`.
    /// - Complexity: O(log blocks) for a term with blocks, else O(postings).
    func frequency(in passage: UInt32) throws -> UInt32 {
        if blockCount > 0 {
            var cursor = try PostingCursor(self)
            return try cursor.frequency(of: passage)
        }
        var frequency: UInt32 = 0
        try forEachPosting { other, count in
            if other == passage { frequency = count }
            return other < passage
        }
        return frequency
    }

    /// The passages that hold the term and are not deleted.
    /// - Complexity: O(1) in a segment that has lost no passages, else O(postings).
    func livePassageFrequency(_ deletions: DeletionSet?) throws -> Int {
        guard let dead = deletions?.passages else { return Int(record.passageFrequency) }
        var live = 0
        try forEachPosting { passage, _ in
            if !dead.contains(Int(passage)) { live += 1 }
            return true
        }
        return live
    }

    func damagedBlocks() -> TrawlError {
        Self.damaged(segment, "the blocks of a term do not fit its postings")
    }

    static func damaged(_ segment: SegmentReader, _ what: String) -> TrawlError {
        TrawlError(
            .corrupted, "segment \(segment.info.number): \(what)", path: segment.snapshot.path,
            remedy: "build the index again")
    }
}
