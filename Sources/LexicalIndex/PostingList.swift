import TrawlCore
import TrawlStore

/// The postings of one term in one segment, read in place.
struct PostingList {
    let record: TermRecord
    private let blob: Blob
    private let passageCount: UInt32
    private let segment: SegmentReader

    init(_ record: TermRecord, _ blob: Blob, _ segment: SegmentReader) throws {
        let end = record.offset.addingReportingOverflow(UInt64(record.byteCount))
        guard !end.overflow, end.partialValue <= UInt64(blob.byteCount) else {
            throw Self.damaged(segment, "the postings of a term lie outside their blob")
        }
        guard record.passageFrequency <= segment.info.passageCount else {
            throw Self.damaged(segment, "a term occurs in more passages than there are")
        }
        self.record = record
        self.blob = blob
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

    /// The passages that hold the term and are not deleted.
    /// - Complexity: O(postings) in a segment that has lost passages, else O(1).
    func livePassageFrequency(_ deletions: DeletionSet?) throws -> Int {
        guard let dead = deletions?.passages else { return Int(record.passageFrequency) }
        var live = 0
        try forEachPosting { passage, _ in
            if !dead.contains(Int(passage)) { live += 1 }
            return true
        }
        return live
    }

    static func damaged(_ segment: SegmentReader, _ what: String) -> TrawlError {
        TrawlError(
            .corrupted, "segment \(segment.info.number): \(what)", path: segment.snapshot.path,
            remedy: "build the index again")
    }
}
