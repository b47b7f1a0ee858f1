internal import CKernels
public import Core

// Ranges: the rows of an n-gram, grown token by token, and what may come next.
extension SubstringSegment {
    /// The rows of the empty n-gram: all.
    public var root: RowRange { RowRange(0, UInt32(tokenCount)) }

    /// The rows of the n-gram of `range` followed by `token`; nil when it does not occur.
    ///
    /// - Complexity: one pair of ranks, O(log sigma).
    public func extend(_ range: RowRange, by token: TokenID) -> RowRange? {
        guard let symbol = vocabulary.symbol(of: token) else { return nil }
        let record = record(of: symbol)
        if range == root { return checked(record.first, record.end) }
        var (low, high) = (range.low, range.high)
        guard trawl_quad_follow(matrix.kernel, symbol, &low, &high) else { return nil }
        return checked(low &+ record.shift, high &+ record.shift)
    }

    /// `extend` for many ranges at once, whose cache misses overlap; `tokens` and `ranges` correspond.
    public func extend(_ ranges: [RowRange], by tokens: [TokenID]) -> [RowRange?] {
        precondition(ranges.count == tokens.count)
        let count = ranges.count
        var results = [RowRange?](repeating: nil, count: count)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(1, 3 * count)) { memory in
            let symbols = memory.baseAddress.unsafelyUnwrapped
            let (lows, highs) = (symbols + count, symbols + 2 * count)
            for i in 0..<count {
                let symbol = vocabulary.symbol(of: tokens[i])
                symbols[i] = symbol ?? 0
                lows[i] = ranges[i].low
                highs[i] = symbol == nil ? ranges[i].low : ranges[i].high
            }
            trawl_quad_follow_batch(matrix.kernel, UInt32(count), symbols, lows, highs)
            for i in 0..<count where lows[i] < highs[i] {
                let shift = record(of: symbols[i]).shift
                results[i] = checked(lows[i] &+ shift, highs[i] &+ shift)
            }
        }
        return results
    }

    /// True when `token` follows the n-gram of `range` somewhere.
    public func canFollow(_ range: RowRange, _ token: TokenID) -> Bool { extend(range, by: token) != nil }

    /// Calls `body` with every token that follows the n-gram of `range` and how often, in ascending order of tokens.
    ///
    /// - Complexity: O(k log sigma) for k distinct tokens; one walk down the matrix when the n-gram occurs once.
    @inline(__always)
    func forEachNext(_ range: RowRange, _ body: (TokenID, Int) -> Void) {
        let high = min(range.high, UInt32(tokenCount))
        guard range.low < high else { return }
        if range == root {
            for symbol in 0..<UInt32(symbolCount) {
                let record = record(of: symbol)
                body(record.token, Int(record.end &- record.first))
            }
        } else if high &- range.low == 1 {
            let symbol = trawl_quad_access(matrix.kernel, 0, 0, range.low)
            if symbol < symbolCount { body(record(of: symbol).token, 1) }
        } else {
            // The symbols of a damaged matrix may be any.
            matrix.forEachSymbol(range.low, high) { symbol, count in
                if symbol < symbolCount { body(record(of: symbol).token, Int(count)) }
            }
        }
    }

    /// The tokens that follow the n-gram of `range`, ascending, and how often each does; the counts add up to the
    /// range's. Complexity as `forEachNext`.
    public func nextTokens(_ range: RowRange) -> [TokenCount] {
        var result: [TokenCount] = []
        forEachNext(range) { result.append(TokenCount($0, $1)) }
        return result
    }

    /// Sets the bit of every token that follows the n-gram of `range`: bit `token % 64` of word `token / 64`.
    /// Tokens beyond the mask are left out.
    public func allow(_ range: RowRange, in mask: UnsafeMutableBufferPointer<UInt64>) {
        forEachNext(range) { token, _ in
            let word = Int(token >> 6)
            if word < mask.count { mask[word] |= 1 << UInt64(token & 63) }
        }
    }

    /// The rows `low..<high` when they are such.
    @inline(__always)
    private func checked(_ low: UInt32, _ high: UInt32) -> RowRange? {
        low < high && high <= tokenCount ? RowRange(low, high) : nil
    }
}
