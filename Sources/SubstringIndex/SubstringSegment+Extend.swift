internal import CKernels
public import Core

// Ranges: the rows of an n-gram, grown token by token, and what may come next.
extension SubstringSegment {
    /// The rows of the empty n-gram: all.
    public var root: RowRange { RowRange(0, UInt32(tokenCount)) }

    /// The rows of the n-gram of `range` followed by `token`; nil when it does not occur.
    ///
    /// - Complexity: one pair of ranks for each digit of the token's code, few for frequent tokens.
    public func extend(_ range: RowRange, by token: TokenID) -> RowRange? {
        guard let symbol = vocabulary.symbol(of: token) else { return nil }
        if range == root {
            let rows = rows(of: symbol)
            return checked(rows.low, rows.high)
        }
        let code = code(of: symbol)
        guard let run = matrix.follow(code.code, range.low, range.high) else { return nil }
        return checked(run.low &+ code.shift, run.high &+ code.shift)
    }

    /// What `extend` asks the matrix, for a batch over ranges and segments, and what leads from its answer to rows.
    @inline(__always)
    func question(_ range: RowRange, _ token: TokenID) -> (query: trawl_wavelet_query, shift: UInt32) {
        guard !range.isEmpty, let symbol = vocabulary.symbol(of: token) else {
            return (trawl_wavelet_query(matrix: matrix.kernel, code: TRAWL_WAVELET_CODE_END, low: 0, high: 0), 0)
        }
        let code = code(of: symbol)
        return (
            trawl_wavelet_query(matrix: matrix.kernel, code: code.code, low: range.low, high: range.high), code.shift
        )
    }

    /// The rows that the answer to a question stands for, empty when it has none.
    @inline(__always)
    func rows(_ answer: trawl_wavelet_query, shift: UInt32) -> RowRange {
        answer.low < answer.high ? checked(answer.low &+ shift, answer.high &+ shift) ?? .empty : .empty
    }

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
                if let rows = checked(rows.low, rows.high) { body(token(of: symbol), rows) }
            }
        } else {
            matrix.forEachToken(range.low, high) { token, low, high in
                if let rows = checked(low, high), token != HuffmanCode.noSymbol { body(token, rows) }
            }
        }
    }

    /// The rows `low..<high` when they are such.
    @inline(__always)
    private func checked(_ low: UInt32, _ high: UInt32) -> RowRange? {
        low < high && high <= tokenCount ? RowRange(low, high) : nil
    }
}
