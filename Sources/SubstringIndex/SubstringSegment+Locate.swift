public import Core

// Passages: which ones an n-gram occurs in, and what they hold.
extension SubstringSegment {
    /// The passages, by number in the segment, that the n-gram of `range` occurs in and how often, ascending, the first
    /// `limit` of them. An occurrence belongs to the passage of its last token.
    ///
    /// - Complexity: O(width) sequential reads, plus a sort of what is found or a counter for each passage.
    public func passages(_ range: RowRange, limit: Int = .max) -> [(passage: UInt32, count: Int)] {
        let high = min(Int(range.high), tokenCount)
        guard range.low < high, limit > 0 else { return [] }
        let rows = Int(range.low)..<high
        var result: [(passage: UInt32, count: Int)] = []
        if rows.count > passageCount / 8 {
            var counts = [UInt32](repeating: 0, count: passageCount)
            counts.withUnsafeMutableBufferPointer { counts in
                rowPassages.forEach(in: rows) { passage in
                    if passage < counts.count { counts[Int(passage)] &+= 1 }
                }
            }
            for (passage, count) in counts.enumerated() where count > 0 {
                result.append((UInt32(passage), Int(count)))
                if result.count == limit { break }
            }
        } else {
            var found: [UInt32] = []
            found.reserveCapacity(rows.count)
            rowPassages.forEach(in: rows) { if $0 < passageCount { found.append($0) } }
            found.sort()
            var start = 0
            while start < found.count, result.count < limit {
                var end = start + 1
                while end < found.count, found[end] == found[start] { end += 1 }
                result.append((found[start], end - start))
                start = end
            }
        }
        return result
    }

    /// The tokens of `passage` (its number in the segment) in reading order, its boundary last.
    ///
    /// - Throws: `TrawlError.corrupted` when the text is damaged.
    /// - Complexity: O(length).
    public func tokens(of passage: Int) throws -> [TokenID] {
        precondition(passage >= 0 && passage < passageCount, "no such passage")
        guard let range = textRange(of: passage) else {
            throw damagedIndex("passage \(passage) lies outside the text")
        }
        return try [TokenID](unsafeUninitializedCapacity: range.count) { tokens, count in
            text.read(range, into: tokens.baseAddress.unsafelyUnwrapped)
            count = range.count
            for i in 0..<count {
                guard tokens[i] < symbolCount else {
                    throw damagedIndex("passage \(passage) has a symbol \(tokens[i])")
                }
                tokens[i] = record(of: tokens[i]).token
            }
        }
    }

    /// Where `ngram`, whose rows are `range`, occurs, in ascending order, the first `limit` places.
    ///
    /// The index keeps no positions: the passages are looked up and read.
    func positions(of ngram: [TokenID], _ range: RowRange, limit: Int) throws -> [(passage: UInt32, offset: Int)] {
        guard let last = ngram.last, limit > 0 else { return [] }
        var pattern: [UInt32] = []
        for token in ngram {
            guard let symbol = vocabulary.symbol(of: token) else { return [] }
            pattern.append(symbol)
        }
        guard let boundarySymbol = vocabulary.symbol(of: boundary) else {
            throw damagedIndex("the boundary does not occur")
        }
        // The boundary before a passage belongs to the passage before, unless something of this one follows it.
        let first = ngram.count == 1 && last == boundary ? 1 : 0
        var result: [(passage: UInt32, offset: Int)] = []
        for (passage, _) in passages(range, limit: limit) {
            guard let range = textRange(of: Int(passage)) else {
                throw damagedIndex("passage \(passage) lies outside the text")
            }
            let symbols = [UInt32](unsafeUninitializedCapacity: range.count + 1) { buffer, count in
                buffer.baseAddress.unsafelyUnwrapped.initialize(to: boundarySymbol)
                text.read(range, into: buffer.baseAddress.unsafelyUnwrapped + 1)
                count = range.count + 1
            }
            forEachOccurrence(of: pattern, in: symbols, from: first) { start in
                if result.count < limit { result.append((passage, start - 1)) }
            }
            if result.count == limit { break }
        }
        return result
    }

    /// Calls `body` with every place at or behind `first` where `pattern` stands in `symbols`.
    @inline(__always)
    private func forEachOccurrence(
        of pattern: [UInt32], in symbols: [UInt32], from first: Int, _ body: (Int) -> Void
    ) {
        pattern.withUnsafeBufferPointer { pattern in
            symbols.withUnsafeBufferPointer { symbols in
                guard let head = pattern.first, symbols.count >= pattern.count else { return }
                for start in stride(from: first, through: symbols.count &- pattern.count, by: 1)
                where symbols[start] == head {
                    var offset = 1
                    while offset < pattern.count, symbols[start &+ offset] == pattern[offset] { offset &+= 1 }
                    if offset == pattern.count { body(start) }
                }
            }
        }
    }
}
