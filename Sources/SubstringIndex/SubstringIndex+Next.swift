public import TrawlCore

// What follows an n-gram, over all segments.
extension SubstringIndex {
    /// The tokens that follow the n-gram of `range`, ascending, and how often each does; the counts add up to the
    /// range's.
    ///
    /// - Complexity: O(k log sigma) for k distinct tokens in each segment.
    public func nextTokens(_ range: SuffixRange) -> [TokenCount] {
        var all: [TokenCount] = []
        forEachNext(range) { all.append(TokenCount($0, $1)) }
        return ascending(all)
    }

    /// Calls `body` with what `nextTokens` lists, each token once, in an order that depends on the index alone: faster,
    /// since nothing is sorted.
    public func forEachNext(_ range: SuffixRange, _ body: (TokenID, Int) -> Void) {
        guard range.count > 0 else { return }
        if range.others.isEmpty {
            return segments[Int(range.first.segment)].forEachLiveNext(range.first.rows, body)
        }
        var all: [TokenCount] = []
        range.forEachPart { part in
            segments[Int(part.segment)].forEachLiveNext(part.rows) { all.append(TokenCount($0, $1)) }
        }
        for next in summed(all) { body(next.token, next.count) }
    }

    /// Sets the bit of every token that follows the n-gram of `range`: bit `token % 64` of word `token / 64`.
    /// Other bits stay as they are; tokens beyond the mask are left out.
    public func allow(_ range: SuffixRange, in mask: inout [UInt64]) {
        guard range.count > 0 else { return }
        mask.withUnsafeMutableBufferPointer { mask in
            range.forEachPart { part in
                segments[Int(part.segment)].forEachLiveNext(part.rows) { token, _ in
                    let word = Int(token >> 6)
                    if word < mask.count { mask[word] |= 1 << UInt64(token & 63) }
                }
            }
        }
    }

    /// One more than the largest token.
    private var vocabularyBound: Int { steppers.reduce(0) { max($0, $1.vocabulary.bound) } }

    /// `counts` with those of one token added up, in the order in which tokens come first.
    private func summed(_ counts: [TokenCount]) -> [TokenCount] {
        // Twice as many slots as entries, but no more than one for each token.
        let bits = Int.bitWidth - (2 * counts.count).leadingZeroBitCount
        let isDirect = 1 << bits >= vocabularyBound
        let slots = isDirect ? vocabularyBound : 1 << bits
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(1, slots)) { places in
            places.initialize(repeating: .max)
            return [TokenCount](unsafeUninitializedCapacity: counts.count) { result, found in
                for next in counts {
                    // Fibonacci hashing; only the tokens of a damaged index reach beyond the bound.
                    var slot = isDirect ? Int(next.token) : Int((next.token &* 0x9E37_79B1) >> UInt32(32 - bits))
                    guard slot < slots else { continue }
                    while places[slot] != .max, result[Int(places[slot])].token != next.token {
                        slot = (slot &+ 1) & (slots &- 1)
                    }
                    if places[slot] == .max {
                        places[slot] = UInt32(truncatingIfNeeded: found)
                        result.initializeElement(at: found, to: next)
                        found &+= 1
                    } else {
                        let place = Int(places[slot])
                        result[place] = TokenCount(next.token, result[place].count &+ next.count)
                    }
                }
            }
        }
    }

    /// `counts` of different tokens ascending by token.
    private func ascending(_ counts: [TokenCount]) -> [TokenCount] {
        // Sorting takes about log k steps a token; a table of the vocabulary takes a step for each of its tokens.
        let bound = vocabularyBound
        guard counts.count > bound / 16 else { return counts.sorted { $0.token < $1.token } }
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: bound) { table in
            table.initialize(repeating: 0)
            for next in counts where next.token < bound { table[Int(next.token)] = next.count }
            var result: [TokenCount] = []
            result.reserveCapacity(counts.count)
            for token in 0..<bound where table[token] > 0 { result.append(TokenCount(TokenID(token), table[token])) }
            return result
        }
    }
}
