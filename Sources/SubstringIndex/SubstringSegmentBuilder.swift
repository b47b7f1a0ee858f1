internal import CTrawlKernels
public import TrawlCore
public import TrawlStore

/// Builds the substring index of one segment: collects passages, sorts, and writes everything into blobs.
///
/// ```
/// let builder = try SubstringSegmentBuilder(boundary: tokenizer.endOfSequence)
/// for passage in passages { try builder.add(tokens(of: passage) + [tokenizer.endOfSequence]) }
/// try builder.finish(into: segment, progress: reporter)
/// ```
///
/// Memory: 4 bytes a token while collecting; in `finish` 8, and up to 3 more while suffixes are sorted.
public final class SubstringSegmentBuilder {
    /// Token ids must be below this, which bounds the tables by token.
    public static let vocabularyLimit = 1 << 24
    /// The tokens, boundaries included, that one segment can hold.
    ///
    /// So many that the digits of their codes, of which no token has more than five, can be counted in 32 bits.
    public static let tokenLimit = Int(UInt32.max) / WaveletMatrix.maxLevels

    public let boundary: TokenID
    private let forward: TokenBuffer
    private var starts: [UInt32] = [0]
    private var counts: [UInt32] = []
    private var isFinished = false

    /// - Parameter boundary: the token that ends each passage, such as EOS.
    public init(boundary: TokenID) throws {
        guard boundary < Self.vocabularyLimit else {
            throw TrawlError(.invalidInput, "the boundary token \(boundary) is not below \(Self.vocabularyLimit)")
        }
        self.boundary = boundary
        forward = try TokenBuffer()
    }

    /// The tokens added so far, boundaries included.
    public var tokenCount: Int { forward.count }
    public var passageCount: Int { starts.count - 1 }

    /// Adds the next passage.
    ///
    /// - Parameter tokens: the passage's tokens in reading order, the last of them the boundary.
    /// - Throws: `TrawlError.invalidInput` when they do not end with the boundary or a token is out of range,
    ///   `.full` when the segment is; the builder is as it was then.
    public func add(_ tokens: [TokenID]) throws {
        precondition(!isFinished, "the builder has finished")
        guard tokens.last == boundary else {
            throw TrawlError(
                .invalidInput, "passage \(passageCount) does not end with the boundary token \(boundary)",
                remedy: "append the boundary to the tokens of every passage")
        }
        guard let largest = tokens.max(), largest < Self.vocabularyLimit else {
            throw TrawlError(
                .invalidInput, "passage \(passageCount) has a token that is not below \(Self.vocabularyLimit)")
        }
        guard tokenCount + tokens.count <= Self.tokenLimit else {
            throw TrawlError(
                .full, "a segment holds at most \(Self.tokenLimit) tokens",
                remedy: "spread the documents over several segments")
        }
        try tokens.withUnsafeBufferPointer { try forward.append($0) }
        starts.append(UInt32(tokenCount))
        if Int(largest) >= counts.count {
            counts.append(contentsOf: repeatElement(0, count: Int(largest) + 1 - counts.count))
        }
        for token in tokens { counts[Int(token)] += 1 }
    }

    /// Sorts what was added and writes it to `segment`. The builder is used up.
    ///
    /// - Throws: what writing throws, `TrawlError.full` when memory runs out.
    /// - Complexity: O(n log sigma) time for n tokens, sigma of them distinct.
    public func finish(into segment: SegmentWriter, progress: any ProgressReporter = .silent) throws {
        precondition(!isFinished, "a builder finishes once")
        isFinished = true
        let text = forward.buffer
        let present = counts.indices.filter { counts[$0] > 0 }
        let symbolCounts = present.map { counts[$0] }
        let code = HuffmanCode(counts: symbolCounts)
        let shape = SegmentShape(
            format: SegmentShape.currentFormat, boundary: boundary, tokenCount: UInt32(text.count),
            passageCount: UInt32(passageCount), symbolCount: UInt32(present.count),
            vocabularyBound: UInt32(counts.count))

        progress.begin("packing text", total: text.count, unit: "tokens")
        try mapToSymbols(present)
        try writeForwardText(code, to: segment)
        progress.advance(text.count)
        progress.end()

        progress.begin("sorting suffixes", total: text.count, unit: "tokens")
        let cut = CircularText.reverseAndCut(text, starts: starts)
        let rows = try TokenBuffer(count: text.count)
        SuffixSorter.sort(
            forward.base, into: rows.base, count: text.count, alphabet: present.count, advance: progress.advance)
        progress.end()

        progress.begin("mapping rows to passages", total: text.count, unit: "tokens")
        try writeRowPassages(shape, rows: rows.buffer, cut: cut, to: segment)
        progress.advance(text.count)
        progress.end()

        progress.begin("writing wavelet matrix", total: code.digitCount(symbolCounts), unit: "digits")
        let blobs = WaveletMatrix.Blobs(
            blocks: segment.blob(SegmentLayout.blocks, recordSize: WaveletMatrix.blockBytes),
            superblocks: segment.blob(SegmentLayout.superblocks, recordSize: WaveletMatrix.superblockBytes),
            levels: segment.blob(SegmentLayout.levels, recordSize: WaveletMatrix.levelBytes))
        let runs = try WaveletMatrix.write(
            rows.buffer, scratch: text, counts: symbolCounts, code: code, to: blobs, advance: progress.advance)
        try writeSymbols(present, symbolCounts, code, runs, to: segment)
        try segment.put(SegmentLayout.shapes, SegmentLayout.shapeKey, shape)
        progress.end()
    }

    /// Replaces every token by its symbol.
    private func mapToSymbols(_ present: [Int]) throws {
        var symbols = [Int32](repeating: 0, count: counts.count)
        for (symbol, token) in present.enumerated() { symbols[token] = Int32(symbol) }
        let text = forward.buffer
        symbols.withUnsafeBufferPointer { symbols in
            for i in text.indices { text[i] = symbols[Int(text[i])] }
        }
    }

    private func writeForwardText(_ code: HuffmanCode, to segment: SegmentWriter) throws {
        try VocabularyMap.write(
            counts, to: segment.blob(SegmentLayout.vocabulary, recordSize: VocabularyMap.blockBytes))
        var packed = PackedIntegers.Writer(
            segment.blob(SegmentLayout.text, recordSize: PackedIntegers.blockBytes), width: HuffmanCode.digitBits)
        let blob = segment.blob(SegmentLayout.passageStarts, recordSize: 4)
        let text = forward.buffer
        var digits: UInt32 = 0
        try code.codes.withUnsafeBufferPointer { codes in
            for (start, end) in zip(starts, starts.dropFirst()) {
                try blob.append(digits)
                for i in Int(start)..<Int(end) {
                    var code = codes[Int(text[i])]
                    repeat {
                        try packed.append(code & (TRAWL_WAVELET_CODE_END - 1) == 0 ? 0 : code >> Self.topDigit)
                        digits += 1
                        code <<= UInt32(HuffmanCode.digitBits)
                    } while code & (TRAWL_WAVELET_CODE_END - 1) != 0
                }
            }
        }
        try blob.append(digits)
        try packed.finish()
        try blob.finish()
    }

    /// The lowest bit of a code's first digit.
    private static let topDigit = UInt32(32 - HuffmanCode.digitBits)

    /// Writes the passage of every row and replaces the row by the symbol before it, the BWT.
    private func writeRowPassages(
        _ shape: SegmentShape, rows: UnsafeMutableBufferPointer<Int32>, cut: Int, to segment: SegmentWriter
    ) throws {
        let text = forward.buffer
        let lookup = PassageLookup(starts: starts)
        var packed = PackedIntegers.Writer(
            segment.blob(SegmentLayout.rowPassages, recordSize: PackedIntegers.blockBytes), width: shape.passageWidth)
        // Rows lie all over the text: what they need is fetched this many rows ahead.
        let lookahead = 32
        for row in rows.indices {
            if row &+ lookahead < rows.count {
                let ahead = Int(rows[row &+ lookahead])
                trawl_prefetch(forward.base + max(0, ahead &- 1))
                let original = ahead &+ cut
                lookup.prefetch(original < text.count ? original : original &- text.count)
            }
            let position = Int(rows[row])
            let original = position &+ cut
            try packed.append(lookup.passage(of: original < text.count ? original : original &- text.count))
            rows[row] = text[position == 0 ? text.count &- 1 : position &- 1]
        }
        try packed.finish()
    }

    private func writeSymbols(
        _ present: [Int], _ symbolCounts: [UInt32], _ code: HuffmanCode, _ runs: [UInt32],
        to segment: SegmentWriter
    ) throws {
        let symbols = segment.blob(SegmentLayout.symbols, recordSize: SymbolRows.bytes)
        let codes = segment.blob(SegmentLayout.codes, recordSize: SymbolCode.bytes)
        var shifts: [UInt32] = []
        var first: UInt32 = 0
        for (symbol, token) in present.enumerated() {
            try symbols.append(SymbolRows(token: TokenID(token), first: first))
            shifts.append(first &- runs[symbol])
            try codes.append(SymbolCode(code: code.codes[symbol], shift: shifts[symbol]))
            first += symbolCounts[symbol]
        }
        try symbols.append(SymbolRows(token: .max, first: first))
        try symbols.finish()
        try codes.finish()
        let leaves = segment.blob(SegmentLayout.leaves, recordSize: WaveletMatrix.leafBytes)
        for symbol in code.leaves {
            let hasSymbol = symbol != HuffmanCode.noSymbol
            try leaves.append(
                trawl_wavelet_leaf(
                    token: hasSymbol ? TokenID(present[Int(symbol)]) : HuffmanCode.noSymbol,
                    shift: hasSymbol ? shifts[Int(symbol)] : 0))
        }
        try leaves.finish()
    }
}

/// Which passage a position of the text lies in: a bit for each position, set where a passage starts, with counts.
private final class PassageLookup {
    private struct Group {
        var starts: UInt64 = 0
        /// The passages that start before the group.
        var rank: UInt32 = 0
    }

    private let groups: UnsafeMutableBufferPointer<Group>

    init(starts: [UInt32]) {
        let count = Int(starts.last ?? 0)
        groups = .allocate(capacity: count / 64 + 1)
        groups.initialize(repeating: Group())
        for start in starts.dropLast() { groups[Int(start) / 64].starts |= 1 << UInt64(start % 64) }
        var rank: UInt32 = 0
        for group in groups.indices {
            groups[group].rank = rank
            rank += UInt32(groups[group].starts.nonzeroBitCount)
        }
    }

    deinit { groups.deallocate() }

    @inline(__always)
    func passage(of position: Int) -> UInt32 {
        let group = groups[position &>> 6]
        // The bits up to and including the position; the first passage has number 0.
        let upTo = group.starts &<< UInt64(truncatingIfNeeded: 63 &- position & 63)
        return group.rank &+ UInt32(truncatingIfNeeded: upTo.nonzeroBitCount) &- 1
    }

    @inline(__always)
    func prefetch(_ position: Int) {
        trawl_prefetch(groups.baseAddress.unsafelyUnwrapped + position &>> 6)
    }
}
