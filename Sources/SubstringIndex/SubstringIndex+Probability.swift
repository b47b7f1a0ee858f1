public import TrawlCore

/// How likely the corpus makes a token behind a context: the infinity-gram estimate (Liu et al., "Infini-gram: Scaling
/// Unbounded n-gram Language Models to a Trillion Tokens", 2024), which backs off to the longest suffix of the context
/// that occurs at all, whatever its length.
public struct NGramProbability: Hashable, Sendable {
    /// The tokens at the end of the context that were used.
    public let contextLength: Int
    /// How often these occur.
    public let contextCount: Int
    /// How often the token follows them.
    public let count: Int
    /// `count` of `contextCount`; 0 when nothing occurs.
    public var probability: Double { contextCount > 0 ? Double(count) / Double(contextCount) : 0 }
}

extension SubstringIndex {
    /// The longest suffix of `tokens` that occurs, and its range; the empty one, whose range is the root, at least.
    ///
    /// - Complexity: O(length log length) extensions.
    public func longestSuffix(of tokens: [TokenID]) -> (length: Int, range: SuffixRange) {
        // What occurs is closed under suffixes, so the length can be halved in on; it is doubled up to first, since
        // long ones are rare.
        var best = (length: 0, range: root)
        var (step, bound) = (1, tokens.count)
        while best.length < bound {
            let length = min(best.length + step, bound)
            if let range = range(of: tokens.suffix(length)) {
                best = (length, range)
                step *= 2
            } else {
                bound = length - 1
                step = max(1, (bound - best.length + 1) / 2)
            }
        }
        return best
    }

    /// The probability of `token` behind `context`; see `NGramProbability`.
    public func probability(of token: TokenID, after context: [TokenID]) -> NGramProbability {
        let (length, range) = longestSuffix(of: context)
        return NGramProbability(
            contextLength: length, contextCount: range.count, count: extend(range, by: token)?.count ?? 0)
    }

    /// The `limit` most frequent tokens behind the n-gram of `range`, in descending order of their counts, equal ones
    /// ascending.
    public func topContinuations(_ range: SuffixRange, limit: Int) -> [TokenCount] {
        Array(nextTokens(range).sorted { ($1.count, $0.token) < ($0.count, $1.token) }.prefix(limit))
    }
}
