internal import TrawlCore
public import TrawlStore

extension SubstringDeletions {
    /// Proves that the bitmap of dead rows of `segment` is what its dead passages give.
    ///
    /// - Throws: `TrawlError.corrupted`.
    /// - Complexity: O(tokens), sequential.
    public static func check(_ segment: SegmentReader) throws {
        let index = try SubstringSegment(segment)
        guard let deletions = index.deletions else { return }
        do {
            try deletions.check(index)
        } catch let error as TrawlError {
            throw error.at(path: segment.snapshot.path)
        }
    }

    private func check(_ segment: SubstringSegment) throws {
        try reader.verifyChecksums(Self.deadRows)
        var number = 0
        func compare(_ expected: UnsafeRawBufferPointer) throws {
            let stored = UnsafeRawBufferPointer(start: rows.blocks.address(number, shift: 6), count: Self.blockBytes)
            guard stored.elementsEqual(expected) else {
                throw damagedIndex("block \(number) of the dead rows does not fit the dead passages")
            }
            number += 1
        }
        try Self.forEachBlock(of: segment, isDead: { passages.contains($0) }, compare)
    }
}
