public import Core

// What follows an n-gram, over all segments.
extension SubstringIndex {
    /// The tokens that follow the n-gram of `range`, ascending, and how often each does; the counts add up to the
    /// range's.
    ///
    /// - Complexity: O(k log sigma) for k distinct tokens in each segment.
    public func nextTokens(_ range: SuffixRange) -> [TokenCount] {
        var all: [TokenCount] = []
        for (place, segment) in segments.enumerated() {
            segment.forEachLiveNext(range.rows(place)) { all.append(TokenCount($0, $1)) }
        }
        return merged(all)
    }

    /// Calls `body` with what `nextTokens` lists, each token once, in an order that depends on the index alone: faster,
    /// since an index of one segment need not sort.
    public func forEachNext(_ range: SuffixRange, _ body: (TokenID, Int) -> Void) {
        if segments.count == 1 { return segments[0].forEachLiveNext(range.first, body) }
        for next in nextTokens(range) { body(next.token, next.count) }
    }

    /// Sets the bit of every token that follows the n-gram of `range`: bit `token % 64` of word `token / 64`.
    /// Other bits stay as they are; tokens beyond the mask are left out.
    public func allow(_ range: SuffixRange, in mask: inout [UInt64]) {
        mask.withUnsafeMutableBufferPointer { mask in
            for (place, segment) in segments.enumerated() {
                segment.forEachLiveNext(range.rows(place)) { token, _ in
                    let word = Int(token >> 6)
                    if word < mask.count { mask[word] |= 1 << UInt64(token & 63) }
                }
            }
        }
    }

    /// `counts` ascending by token, those of one token added up.
    private func merged(_ counts: [TokenCount]) -> [TokenCount] {
        // Sorting takes about log k steps a token; a table of the vocabulary takes a step for each of its tokens.
        let bound = segments.reduce(0) { max($0, $1.vocabulary.bound) }
        return counts.count > bound / 16 ? counted(counts, bound) : sorted(counts)
    }

    private func sorted(_ counts: [TokenCount]) -> [TokenCount] {
        var result: [TokenCount] = []
        result.reserveCapacity(counts.count)
        for next in counts.sorted(by: { $0.token < $1.token }) {
            if let last = result.last, last.token == next.token {
                result[result.count - 1] = TokenCount(next.token, last.count + next.count)
            } else {
                result.append(next)
            }
        }
        return result
    }

    private func counted(_ counts: [TokenCount], _ bound: Int) -> [TokenCount] {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: bound) { table in
            table.initialize(repeating: 0)
            // Only the tokens of a damaged index reach beyond the bound.
            for next in counts where next.token < bound { table[Int(next.token)] += next.count }
            var result: [TokenCount] = []
            result.reserveCapacity(min(bound, counts.count))
            for token in 0..<bound where table[token] > 0 { result.append(TokenCount(TokenID(token), table[token])) }
            return result
        }
    }
}
