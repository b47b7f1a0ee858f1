import TrawlCore

/// A token with its logit, ordered by logit, descending, then by token, ascending.
struct TokenLogit: Equatable {
    let logit: Float
    let token: TokenID

    @inline(__always)
    func precedes(_ other: TokenLogit) -> Bool {
        logit != other.logit ? logit > other.logit : token < other.token
    }
}

/// The best tokens of a row of logits, found without sorting the vocabulary.
enum TopTokens {
    /// The best `count` tokens that stand behind `cursor` (all, when nil) and have at least the logit `floor`, in order.
    ///
    /// - Complexity: one pass over the vocabulary, in which few tokens pass the rising floor, and a few sorts of
    ///   2 x `count` tokens.
    static func select(
        _ logits: UnsafeBufferPointer<Float>, count: Int, behind cursor: TokenLogit?, floor: Float
    ) -> [TokenLogit] {
        guard count > 0 else { return [] }
        let capacity = count > logits.count / 2 ? logits.count : 2 * count
        var best: [TokenLogit] = []
        best.reserveCapacity(capacity)
        var floor = floor
        for token in logits.indices {
            let logit = logits[token]
            guard logit >= floor, logit > -.infinity else { continue }
            let entry = TokenLogit(logit: logit, token: TokenID(truncatingIfNeeded: token))
            if let cursor, !cursor.precedes(entry) { continue }
            if best.count == capacity {
                best.sort { $0.precedes($1) }
                best.removeLast(best.count - count)
                // Later tokens lose ties, so only higher logits can still enter.
                floor = best[count - 1].logit
                if logit <= floor { continue }
            }
            best.append(entry)
        }
        best.sort { $0.precedes($1) }
        if best.count > count { best.removeLast(best.count - count) }
        return best
    }
}
