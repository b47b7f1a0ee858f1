internal import CTrawlKernels
internal import TrawlCore

/// What growing an n-gram reads of a segment. It holds addresses and no references, so that hot loops retain nothing;
/// they live as long as the `SubstringSegment` that it comes from.
struct SuffixStepper: @unchecked Sendable {
    // @unchecked: addresses of read-only memory.
    let matrix: UnsafePointer<trawl_wavelet_matrix>
    let vocabulary: VocabularyMap
    let codes: ChunkTable
    let symbols: ChunkTable
    let deadRows: DeadRows?
    let rowCount: UInt32

    /// The rows of the empty n-gram: all.
    var root: RowRange { RowRange(0, rowCount) }

    /// The rows of the n-gram of `range` followed by `token`; nil when it does not occur.
    ///
    /// - Complexity: one pair of ranks for each digit of the token's code, few for frequent tokens.
    @inline(__always)
    func extend(_ range: RowRange, by token: TokenID) -> RowRange? {
        guard let symbol = vocabulary.symbol(of: token) else { return nil }
        if range == root {
            let rows = rows(of: symbol)
            return checked(rows.low, rows.high)
        }
        let code = code(of: symbol)
        var (low, high) = (range.low, range.high)
        guard trawl_wavelet_follow(matrix, code.code, &low, &high) else { return nil }
        return checked(low &+ code.shift, high &+ code.shift)
    }

    /// The symbol of `token`, whose code is fetched into the cache; nil when it does not occur.
    @inline(__always)
    func prefetchedSymbol(of token: TokenID) -> UInt32? {
        guard let symbol = vocabulary.symbol(of: token) else { return nil }
        trawl_prefetch(codes.address(Int(symbol), shift: 3))
        return symbol
    }

    /// What `extend` asks the matrix, for a batch over ranges and segments, and what leads from its answer to rows.
    @inline(__always)
    func question(_ range: RowRange, _ symbol: UInt32?) -> (query: trawl_wavelet_query, shift: UInt32) {
        guard !range.isEmpty, let symbol else {
            return (trawl_wavelet_query(matrix: matrix, code: TRAWL_WAVELET_CODE_END, low: 0, high: 0), 0)
        }
        if range == root {
            // The answer is known already.
            let rows = rows(of: symbol)
            return (
                trawl_wavelet_query(matrix: matrix, code: TRAWL_WAVELET_CODE_END, low: rows.low, high: rows.high), 0
            )
        }
        let code = code(of: symbol)
        return (trawl_wavelet_query(matrix: matrix, code: code.code, low: range.low, high: range.high), code.shift)
    }

    /// The rows that the answer to a question stands for, empty when it has none.
    @inline(__always)
    func rows(_ answer: trawl_wavelet_query, shift: UInt32) -> RowRange {
        answer.low < answer.high ? checked(answer.low &+ shift, answer.high &+ shift) ?? .empty : .empty
    }

    /// How many of the rows of `range` lie in live passages.
    @inline(__always)
    func liveCount(_ range: RowRange) -> Int {
        guard let deadRows else { return range.count }
        return range.count &- Int(deadRows.count(range.low, range.high))
    }

    /// The code of `symbol`, which must be one of the segment.
    @inline(__always)
    func code(of symbol: UInt32) -> SymbolCode {
        codes.address(Int(symbol), shift: 3).load(as: SymbolCode.self)
    }

    /// The rows of `symbol`, which must be one of the segment: of a damaged segment any.
    @inline(__always)
    func rows(of symbol: UInt32) -> (low: UInt32, high: UInt32) {
        let next = symbols.address(Int(symbol) &+ 1, shift: 3).load(as: SymbolRows.self)
        return (symbols.address(Int(symbol), shift: 3).load(as: SymbolRows.self).first, next.first)
    }

    /// The rows `low..<high` when they are such.
    @inline(__always)
    func checked(_ low: UInt32, _ high: UInt32) -> RowRange? {
        low < high && high <= rowCount ? RowRange(low, high) : nil
    }
}

/// The ranked bitmap of the rows whose passage is dead.
struct DeadRows: @unchecked Sendable {
    // @unchecked: addresses of read-only memory.
    let blocks: ChunkTable
    let rowCount: Int

    /// How many of the rows `low..<high` lie in dead passages: at most all, whatever the blocks hold.
    @inline(__always)
    func count(_ low: UInt32, _ high: UInt32) -> UInt32 {
        guard low < high, Int(high) <= rowCount else { return 0 }
        let dead = Int64(rank(high)) - Int64(rank(low))
        return UInt32(max(0, min(dead, Int64(high &- low))))
    }

    @inline(__always)
    private func rank(_ row: UInt32) -> UInt32 {
        let (block, bit) = row.quotientAndRemainder(dividingBy: UInt32(TRAWL_BITMAP_BITS))
        return trawl_bitmap_rank(blocks.address(Int(block), shift: 6), bit)
    }
}
