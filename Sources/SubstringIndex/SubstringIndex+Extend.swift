internal import CKernels
public import Core

// Growing an n-gram token by token, one range in every segment.
extension SubstringIndex {
    /// The range of the n-gram of `range` followed by `token`; nil when it does not occur.
    ///
    /// - Complexity: in each segment a pair of ranks for each digit of the token's code; the segments' cache misses
    ///   overlap.
    public func extend(_ range: SuffixRange, by token: TokenID) -> SuffixRange? {
        if steppers.count == 1 {
            let stepper = steppers[0]
            guard let rows = stepper.extend(range.first, by: token) else { return nil }
            let count = stepper.liveCount(rows)
            return count > 0 ? SuffixRange(first: rows, count: count) : nil
        }
        var result: SuffixRange?
        forEachExtension(1, { _ in (range, token) }, { result = $1 })
        return result
    }

    /// `extend` for many ranges at once, such as the beams of a search, whose cache misses overlap; `ranges` and
    /// `tokens` correspond.
    public func extend(_ ranges: [SuffixRange], by tokens: [TokenID]) -> [SuffixRange?] {
        precondition(ranges.count == tokens.count)
        if steppers.count == 1 { return extendInOneSegment(ranges, tokens) }
        var results: [SuffixRange?] = []
        results.reserveCapacity(ranges.count)
        forEachExtension(ranges.count, { (ranges[$0], tokens[$0]) }, { results.append($1) })
        return results
    }

    /// The batch without the lists that several segments need.
    private func extendInOneSegment(_ ranges: [SuffixRange], _ tokens: [TokenID]) -> [SuffixRange?] {
        let stepper = steppers[0]
        let count = ranges.count
        return withUnsafeTemporaryAllocation(of: trawl_wavelet_query.self, capacity: max(1, count)) { queries in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(1, count)) { shifts in
                for i in 0..<count {
                    let (query, shift) = stepper.question(ranges[i].first, tokens[i])
                    queries.initializeElement(at: i, to: query)
                    shifts.initializeElement(at: i, to: shift)
                }
                trawl_wavelet_follow_batch(queries.baseAddress, UInt32(count))
                return [SuffixRange?](unsafeUninitializedCapacity: count) { results, initialized in
                    for i in 0..<count {
                        let rows = stepper.rows(queries[i], shift: shifts[i])
                        let count = stepper.liveCount(rows)
                        results.initializeElement(at: i, to: count > 0 ? SuffixRange(first: rows, count: count) : nil)
                    }
                    initialized = count
                }
            }
        }
    }

    /// True when `token` follows the n-gram of `range` somewhere.
    public func canFollow(_ range: SuffixRange, _ token: TokenID) -> Bool { extend(range, by: token) != nil }

    /// Asks every segment about every range in one batch.
    @inline(__always)
    private func forEachExtension(
        _ count: Int, _ input: (Int) -> (range: SuffixRange, token: TokenID), _ body: (Int, SuffixRange?) -> Void
    ) {
        let width = steppers.count
        withUnsafeTemporaryAllocation(of: trawl_wavelet_query.self, capacity: max(1, count * width)) { queries in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(1, count * width)) { shifts in
                for i in 0..<count {
                    let (range, token) = input(i)
                    for place in 0..<width {
                        let (query, shift) = steppers[place].question(range.rows(place), token)
                        queries.initializeElement(at: i &* width &+ place, to: query)
                        shifts.initializeElement(at: i &* width &+ place, to: shift)
                    }
                }
                trawl_wavelet_follow_batch(queries.baseAddress, UInt32(count * width))
                for i in 0..<count {
                    let start = i &* width
                    var count = 0
                    func rows(_ place: Int) -> RowRange {
                        let rows = steppers[place].rows(queries[start &+ place], shift: shifts[start &+ place])
                        let live = steppers[place].liveCount(rows)
                        count &+= live
                        return live > 0 ? rows : .empty
                    }
                    let first = rows(0)
                    let others = (1..<width).map(rows)
                    body(i, count > 0 ? SuffixRange(first: first, others: others, count: count) : nil)
                }
            }
        }
    }
}
