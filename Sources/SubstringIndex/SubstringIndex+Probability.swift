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

    package init(contextLength: Int, contextCount: Int, count: Int) {
        (self.contextLength, self.contextCount, self.count) = (contextLength, contextCount, count)
    }
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
        probability(of: token, afterAll: context.suffix(longestSuffix(of: context).length))
    }

    /// The probability of `token` after all of `context`, whether or not that occurs.
    public func probability(of token: TokenID, afterAll context: ArraySlice<TokenID>) -> NGramProbability {
        let range = range(of: context)
        return NGramProbability(
            contextLength: context.count, contextCount: range?.count ?? 0,
            count: range.flatMap { extend($0, by: token) }?.count ?? 0)
    }
}
