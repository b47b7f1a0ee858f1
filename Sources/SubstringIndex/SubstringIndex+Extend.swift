internal import CTrawlKernels
public import TrawlCore

// Growing an n-gram token by token, one range in every segment that it occurs in.
extension SubstringIndex {
    /// The range of the n-gram of `range` followed by `token`; nil when it does not occur.
    ///
    /// - Complexity: in each segment a pair of ranks for each digit of the token's code; the segments' cache misses
    ///   overlap.
    public func extend(_ range: SuffixRange, by token: TokenID) -> SuffixRange? {
        guard range.count > 0 else { return nil }
        if range.others.isEmpty {
            let stepper = steppers[Int(range.first.segment)]
            guard let rows = stepper.extend(range.first.rows, by: token) else { return nil }
            let count = stepper.liveCount(rows)
            return count > 0 ? SuffixRange(first: .init(segment: range.first.segment, rows: rows), count: count) : nil
        }
        var result: SuffixRange?
        forEachExtension(1, range.partCount, { _ in (range, token) }, { result = $1 })
        return result
    }

    /// `extend` for many ranges at once, such as the beams of a search, whose cache misses overlap; `ranges` and
    /// `tokens` correspond.
    public func extend(_ ranges: [SuffixRange], by tokens: [TokenID]) -> [SuffixRange?] {
        precondition(ranges.count == tokens.count)
        guard totalTokens > 0 else { return ranges.map { _ in nil } }
        let parts = ranges.reduce(0) { $0 + $1.partCount }
        return [SuffixRange?](unsafeUninitializedCapacity: ranges.count) { results, initialized in
            forEachExtension(ranges.count, parts, { (ranges[$0], tokens[$0]) }) { i, range in
                results.initializeElement(at: i, to: range)
                initialized = i + 1
            }
        }
    }

    /// True when `token` follows the n-gram of `range` somewhere.
    public func canFollow(_ range: SuffixRange, _ token: TokenID) -> Bool { extend(range, by: token) != nil }

    /// Asks about all ranges, which have `parts` parts together, in one batch.
    @inline(__always)
    private func forEachExtension(
        _ count: Int, _ parts: Int, _ input: (Int) -> (range: SuffixRange, token: TokenID),
        _ body: (Int, SuffixRange?) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: trawl_wavelet_query.self, capacity: max(1, parts)) { queries in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(1, parts)) { shifts in
                // Symbols first, so that the cache misses of their codes overlap too.
                var asked = 0
                for i in 0..<count {
                    let (range, token) = input(i)
                    range.forEachPart { part in
                        let symbol = steppers[Int(part.segment)].prefetchedSymbol(of: token)
                        shifts.initializeElement(at: asked, to: symbol ?? .max)
                        asked &+= 1
                    }
                }
                asked = 0
                for i in 0..<count {
                    input(i).range.forEachPart { part in
                        let symbol = shifts[asked] == .max ? nil : shifts[asked]
                        let (query, shift) = steppers[Int(part.segment)].question(part.rows, symbol)
                        queries.initializeElement(at: asked, to: query)
                        shifts[asked] = shift
                        asked &+= 1
                    }
                }
                trawl_wavelet_follow_batch(queries.baseAddress, UInt32(asked))
                var answered = 0
                for i in 0..<count {
                    var (total, first): (Int, SuffixRange.Part?) = (0, nil)
                    var others: [SuffixRange.Part] = []
                    input(i).range.forEachPart { part in
                        let stepper = steppers[Int(part.segment)]
                        let rows = stepper.rows(queries[answered], shift: shifts[answered])
                        answered &+= 1
                        let live = stepper.liveCount(rows)
                        guard live > 0 else { return }
                        total &+= live
                        let found = SuffixRange.Part(segment: part.segment, rows: rows)
                        if first == nil { first = found } else { others.append(found) }
                    }
                    body(i, first.map { SuffixRange(first: $0, others: others, count: total) })
                }
            }
        }
    }
}
