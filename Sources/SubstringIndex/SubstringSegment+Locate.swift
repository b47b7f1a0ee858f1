public import TrawlCore

// Passages: which ones an n-gram occurs in, and what they hold.
extension SubstringSegment {
    /// The live passages, by number in the segment, that the n-gram of `range` occurs in and how often, ascending, the first
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
            for (passage, count) in counts.enumerated() where count > 0 && !isDead(UInt32(passage)) {
                result.append((UInt32(passage), Int(count)))
                if result.count == limit { break }
            }
        } else {
            var found: [UInt32] = []
            found.reserveCapacity(rows.count)
            rowPassages.forEach(in: rows) { if $0 < passageCount, !isDead($0) { found.append($0) } }
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

    /// True when `passage`, which must be one of the segment, is deleted.
    @inline(__always)
    func isDead(_ passage: UInt32) -> Bool { deletions?.isDead(passage) ?? false }

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
            count = try decode(passage, range, into: tokens.baseAddress.unsafelyUnwrapped)
        }
    }

    /// Stores the tokens of `passage`, whose digits are `range`, at `target`; returns how many.
    private func decode(_ passage: Int, _ range: Range<Int>, into target: UnsafeMutablePointer<TokenID>) throws -> Int {
        guard let count = matrix.decode(range, of: text, into: target), count > 0, target[count - 1] == boundary else {
            throw damagedIndex("the text of passage \(passage) does not end with the boundary")
        }
        return count
    }

    /// Where `ngram`, whose rows are `range`, occurs, in ascending order, the first `limit` places.
    ///
    /// The index keeps no positions: the passages are looked up and read.
    func positions(of ngram: [TokenID], _ range: RowRange, limit: Int) throws -> [(passage: UInt32, offset: Int)] {
        guard let last = ngram.last, limit > 0 else { return [] }
        // The boundary before a passage belongs to the passage before, unless something of this one follows it.
        let first = ngram.count == 1 && last == boundary ? 1 : 0
        var result: [(passage: UInt32, offset: Int)] = []
        for (passage, _) in passages(range, limit: limit) {
            guard let range = textRange(of: Int(passage)) else {
                throw damagedIndex("passage \(passage) lies outside the text")
            }
            let tokens = try [TokenID](unsafeUninitializedCapacity: range.count + 1) { buffer, count in
                let start = buffer.baseAddress.unsafelyUnwrapped
                start.initialize(to: boundary)
                count = try 1 + decode(Int(passage), range, into: start + 1)
            }
            forEachOccurrence(of: ngram, in: tokens, from: first) { start in
                if result.count < limit { result.append((passage, start - 1)) }
            }
            if result.count == limit { break }
        }
        return result
    }

    /// Calls `body` with every place at or behind `first` where `pattern` stands in `tokens`.
    @inline(__always)
    private func forEachOccurrence(
        of pattern: [TokenID], in tokens: [TokenID], from first: Int, _ body: (Int) -> Void
    ) {
        pattern.withUnsafeBufferPointer { pattern in
            tokens.withUnsafeBufferPointer { tokens in
                guard let head = pattern.first, tokens.count >= pattern.count else { return }
                for start in stride(from: first, through: tokens.count &- pattern.count, by: 1)
                where tokens[start] == head {
                    var offset = 1
                    while offset < pattern.count, tokens[start &+ offset] == pattern[offset] { offset &+= 1 }
                    if offset == pattern.count { body(start) }
                }
            }
        }
    }
}
