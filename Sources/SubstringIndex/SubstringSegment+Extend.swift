public import TrawlCore
internal import TrawlStore

// Ranges: the rows of an n-gram, grown token by token, and what may come next.
extension SubstringSegment {
    /// The rows of the empty n-gram: all.
    public var root: RowRange { stepper.root }

    /// The rows of the n-gram of `range` followed by `token`; nil when it does not occur.
    ///
    /// - Complexity: one pair of ranks for each digit of the token's code, few for frequent tokens.
    public func extend(_ range: RowRange, by token: TokenID) -> RowRange? { stepper.extend(range, by: token) }

    /// Calls `body` with every token that follows the n-gram of `range` and the rows of the n-gram that it makes, in an
    /// order that depends on the segment alone.
    ///
    /// - Complexity: O(k log sigma) for k distinct tokens; one walk down the matrix when the n-gram occurs once.
    @inline(__always)
    func forEachNext(_ range: RowRange, _ body: (TokenID, RowRange) -> Void) {
        let high = min(range.high, UInt32(tokenCount))
        guard range.low < high else { return }
        if range == root {
            for symbol in 0..<UInt32(symbolCount) {
                let rows = rows(of: symbol)
                if let rows = stepper.checked(rows.low, rows.high) { body(token(of: symbol), rows) }
            }
        } else {
            matrix.forEachToken(range.low, high) { token, low, high in
                if let rows = stepper.checked(low, high), token != HuffmanCode.noSymbol { body(token, rows) }
            }
        }
    }

    /// The tokens of live passages, boundaries included.
    public var liveTokenCount: Int { stepper.liveCount(root) }

    public var livePassageCount: Int { reader?.info.livePassageCount ?? passageCount }

    /// `forEachNext` for the live occurrences alone, with their number.
    @inline(__always)
    func forEachLiveNext(_ range: RowRange, _ body: (TokenID, Int) -> Void) {
        guard deletions != nil else { return forEachNext(range) { body($0, $1.count) } }
        let stepper = stepper
        forEachNext(range) { token, rows in
            let count = stepper.liveCount(rows)
            if count > 0 { body(token, count) }
        }
    }
}
