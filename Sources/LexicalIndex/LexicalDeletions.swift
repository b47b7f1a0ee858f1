internal import TrawlCore
public import TrawlStore

/// What LexicalIndex keeps of a deletion set: how many terms the dead passages have, which the mean length leaves out.
public enum LexicalDeletions {
    static let deadTokens = Table<UInt64>(number: 40, name: "dead terms")
    static let key: [UInt8] = [0]

    /// Writes the lexical part of a deletion set of `segment` whose dead passages are `dead`.
    ///
    /// - Throws: `corrupted` when the segment's lengths are.
    /// - Complexity: O(passages).
    public static func write(for segment: SegmentReader, dead: BitSet, into writer: SegmentWriter) throws {
        try writer.put(deadTokens, key, try count(segment) { dead.contains($0) })
    }

    /// Proves that the lexical part of the deletion set of `segment` fits its passages.
    /// - Throws: `corrupted`.
    public static func check(_ segment: SegmentReader) throws {
        guard let deletions = try DeletionSet(segment) else { return }
        guard try deletions.reader.record(deadTokens, key) == count(segment, { deletions.passages.contains($0) }) else {
            throw PostingList.damaged(segment, "the deletion set counts the terms of dead passages differently")
        }
    }

    /// The terms of the dead passages of `segment`.
    static func deadTokenCount(_ segment: SegmentReader, of totals: TotalsRecord) throws -> UInt64 {
        guard let reader = segment.deletionReader else { return 0 }
        guard let count = try reader.record(deadTokens, key), count <= totals.tokenCount else {
            throw PostingList.damaged(segment, "the deletion set does not fit the lexical index")
        }
        return count
    }

    private static func count(_ segment: SegmentReader, _ isDead: (Int) -> Bool) throws -> UInt64 {
        let lengths = try segment.blob(LexicalSegment.lengths, recordSize: 4)
        guard lengths.recordCount == segment.info.passageCount else {
            throw PostingList.damaged(segment, "the lexical index has another number of passages than the segment")
        }
        var count: UInt64 = 0
        for passage in 0..<lengths.recordCount where isDead(passage) {
            count += UInt64(lengths.load(passage, as: UInt32.self))
        }
        return count
    }
}
