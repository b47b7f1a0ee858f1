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

    /// The postings of `term`, whose record is `record`.
    ///
    /// - Parameter blocks: the blocks of all terms; nil in a segment of an earlier format.
    init(_ record: TermRecord, of term: [UInt8], _ blob: Blob, blocks: Blob?, _ segment: SegmentReader) throws {
        var range: BlockRange?
        if blocks != nil, record.passageFrequency > PostingBlock.capacity {
            range = try segment.record(LexicalSegment.blockRanges, term)
            if range == nil { throw Self.damaged(segment, "a term has no blocks") }
        }
        let end = record.offset.addingReportingOverflow(UInt64(record.byteCount))
        guard !end.overflow, end.partialValue <= UInt64(blob.byteCount) else {
            throw Self.damaged(segment, "the postings of a term lie outside their blob")
        }
        guard record.passageFrequency <= segment.info.passageCount else {
            throw Self.damaged(segment, "a term occurs in more passages than there are")
        }
        if let range, let blocks {
            let expected =
                (UInt64(record.passageFrequency) + UInt64(PostingBlock.capacity) - 1) / UInt64(PostingBlock.capacity)
            let end = range.first.addingReportingOverflow(range.count)
            guard range.count == expected, !end.overflow, end.partialValue <= UInt64(blocks.recordCount) else {
                throw Self.damaged(segment, "the blocks of a term do not fit its postings")
            }
            firstBlock = Int(range.first)
            blockCount = Int(range.count)
        } else {
            (firstBlock, blockCount) = (0, 0)
        }
        self.record = record
        self.blob = blob
        self.blocks = blocks
        self.segment = segment
        passageCount = segment.info.passageCount
    }

    /// Calls `body` for every passage in ascending order with the number of occurrences of the term, until it answers
    /// false.
    /// - Throws: `corrupted` when the bytes contradict the record.
    func forEachPosting(_ body: (_ passage: UInt32, _ frequency: UInt32) -> Bool) throws {
        if blockCount == 0 { return try forEachVariableByte(body) }
        try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * PostingBlock.capacity) { numbers in
            guard let passages = numbers.baseAddress else { return }
            let frequencies = passages + PostingBlock.capacity
            for number in 0..<blockCount {
                let count = try readPassages(number, into: passages)
                try readFrequencies(number, into: frequencies)
                for index in 0..<count where !body(passages[index], frequencies[index]) { return }
            }
        }
    }

    private func forEachVariableByte(_ body: (_ passage: UInt32, _ frequency: UInt32) -> Bool) throws {
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

    /// Reads the passages of block `number` into an array of 128 numbers.
    ///
    /// - Returns: how many there are.
    /// - Throws: `corrupted` when the bytes contradict the description of the block.
    func readPassages(_ number: Int, into passages: UnsafeMutablePointer<UInt32>) throws -> Int {
        let (block, count) = (self.block(number), count(ofBlock: number))
        let first = number > 0 ? UInt64(self.block(number - 1).last) + 1 : 0
        guard block.last < passageCount, UInt64(block.last) >= first else { throw damagedBlocks() }
        try withBytes(ofBlock: number) { bytes, widths in
            PackedNumbers.read(bytes, count: count, width: widths.gaps, into: passages)
            // Sums of narrower gaps cannot wrap around and still end at the last passage.
            if widths.gaps > 24 {
                let sum = (0..<count).reduce(first + UInt64(count - 1)) { $0 + UInt64(passages[$1]) }
                guard sum == block.last else { throw damagedBlocks() }
            }
        }
        PackedNumbers.addUp(passages, count: count, from: UInt32(first))
        guard passages[count - 1] == block.last else { throw damagedBlocks() }
        return count
    }

    /// Reads how often the term occurs in each passage of block `number` into an array of 128 numbers.
    /// - Throws: `corrupted` when the bytes contradict the description of the block.
    func readFrequencies(_ number: Int, into frequencies: UnsafeMutablePointer<UInt32>) throws {
        let count = count(ofBlock: number)
        try withBytes(ofBlock: number) { bytes, widths in
            let start = bytes + PackedNumbers.byteCount(count, width: widths.gaps)
            PackedNumbers.read(start, count: count, width: widths.repetitions, into: frequencies)
        }
        for index in 0..<count { frequencies[index] &+= 1 }
    }

    private func count(ofBlock number: Int) -> Int {
        min(PostingBlock.capacity, Int(record.passageFrequency) - number * PostingBlock.capacity)
    }

    /// Calls `body` with the packed numbers of block `number` and their widths.
    @inline(__always)
    private func withBytes(
        ofBlock number: Int, _ body: (UnsafeRawPointer, (gaps: Int, repetitions: Int)) throws -> Void
    ) throws {
        let start = number > 0 ? block(number - 1).end : 0
        let end = block(number).end
        guard start < end, end <= record.byteCount else { throw damagedBlocks() }
        let first = Int(record.offset) + Int(start)
        let byteCount = Int(end - start)
        func call(_ bytes: UnsafeRawPointer) throws {
            guard byteCount >= 2 else { throw damagedBlocks() }
            let widths = (
                gaps: Int(bytes.load(as: UInt8.self)), repetitions: Int(bytes.load(fromByteOffset: 1, as: UInt8.self))
            )
            let count = count(ofBlock: number)
            guard widths.gaps <= 32, widths.repetitions <= 32,
                byteCount == 2 + PackedNumbers.byteCount(count, width: widths.gaps)
                    + PackedNumbers.byteCount(count, width: widths.repetitions)
            else { throw damagedBlocks() }
            try body(bytes + 2, widths)
        }
        if first % blob.chunkBytes + byteCount <= blob.chunkBytes {
            try call(blob.address(of: first))
        } else {
            try blob.bytes(in: first..<first + byteCount).withUnsafeBytes { bytes in
                if let start = bytes.baseAddress { try call(start) }
            }
        }
    }

    /// How often the term occurs in `passage`.
    /// - Complexity: O(log blocks) for a term with blocks, else O(postings).
    func frequency(in passage: UInt32) throws -> UInt32 {
        var cursor = try PostingCursor(self)
        return try cursor.frequency(of: passage)
    }

    /// How many passages the segment has lost.
    var deadPassageCount: Int { Int(segment.info.passageCount) - segment.info.livePassageCount }

    func damagedBlocks() -> TrawlError {
        Self.damaged(segment, "the blocks of a term do not fit its postings")
    }

    static func damaged(_ segment: SegmentReader, _ what: String) -> TrawlError {
        TrawlError(
            .corrupted, "segment \(segment.info.number): \(what)", path: segment.snapshot.path,
            remedy: "build the index again")
    }
}
