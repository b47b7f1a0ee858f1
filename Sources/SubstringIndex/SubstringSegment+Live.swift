internal import Core
internal import Store

// What is left of a segment when passages were deleted from it.
extension SubstringSegment {
    /// The tokens of live passages, boundaries included.
    public var liveTokenCount: Int { liveCount(root) }

    public var livePassageCount: Int { reader?.info.livePassageCount ?? passageCount }

    /// How many of the rows of `range` lie in live passages.
    @inline(__always)
    func liveCount(_ range: RowRange) -> Int {
        guard let deletions else { return range.count }
        return range.count &- Int(deletions.deadRows(range.low, range.high))
    }

    /// `forEachNext` for the live occurrences alone, with their number.
    @inline(__always)
    func forEachLiveNext(_ range: RowRange, _ body: (TokenID, Int) -> Void) {
        guard deletions != nil else { return forEachNext(range) { body($0, $1.count) } }
        forEachNext(range) { token, rows in
            let count = liveCount(rows)
            if count > 0 { body(token, count) }
        }
    }
}
