public import TrawlCore

/// What constrained generation needs to know about a corpus: which n-grams occur, how often, where, and what follows.
///
/// The text is every passage's tokens, with `boundary` before the first, between any two and after the last. A suffix
/// range stands for an n-gram together with all its occurrences (in an FM-index, an interval of the suffix array for
/// each segment); a beam carries its range and extends it by one token, so no n-gram is ever searched for twice.
///
/// Generic code uses it by specialisation. `extend`, `count`, `canFollow` and `forEachNext` stand in hot loops.
public protocol SubstringOracle: Sendable {
    /// The occurrences of one n-gram.
    associatedtype SuffixRange: Sendable

    /// The token between passages. It is the generator's end-of-text token and, before a passage, begins its title.
    var boundary: TokenID { get }

    /// How many tokens the text has, boundaries included.
    var tokenCount: Int { get }

    /// How many passages there are.
    var passageCount: Int { get }

    /// The range of the empty n-gram.
    var root: SuffixRange { get }

    /// The range of the n-gram followed by `token`, or nil when that does not occur. A token that no passage has, and a
    /// token outside the vocabulary, do not occur.
    func extend(_ range: SuffixRange, with token: TokenID) -> SuffixRange?

    /// How often the n-gram occurs.
    func count(_ range: SuffixRange) -> Int

    /// Whether `token` follows the n-gram anywhere.
    func canFollow(_ range: SuffixRange, _ token: TokenID) -> Bool

    /// Calls `body` once for each token that follows the n-gram, with its count, in any order.
    func forEachNext(_ range: SuffixRange, _ body: (TokenID, Int) -> Void)

    /// The live passages in which each n-gram occurs. An n-gram that begins with a boundary belongs to the passage after the
    /// boundary.
    func locate(_ ranges: [SuffixRange]) throws -> [KeyPassages]

    /// The tokens of a passage, without boundaries.
    func tokens(of passage: PassageID) throws -> [TokenID]

    /// Says that what follows these n-grams is asked next. An oracle whose corpus is elsewhere fetches it all at once; others
    /// need not do anything.
    func prepare(_ ranges: [SuffixRange]) throws

    /// The range of each of some n-grams; nil for one that does not occur.
    func ranges(of ngrams: [[TokenID]]) throws -> [SuffixRange?]

    /// The best `count` passages for each query by the keys that they contain; see `SEALScorer`. An oracle whose corpus is
    /// elsewhere has them scored there.
    func rank(
        _ queries: [WeighedKeys<SuffixRange>], by parameters: SEALParameters, count: Int
    ) throws -> [Ranking]
}

extension SubstringOracle {
    public func prepare(_ ranges: [SuffixRange]) throws {}

    public func ranges(of ngrams: [[TokenID]]) throws -> [SuffixRange?] { ngrams.map { range(of: $0) } }

    public func rank(
        _ queries: [WeighedKeys<SuffixRange>], by parameters: SEALParameters, count: Int
    ) throws -> [Ranking] {
        try SEALScorer(oracle: self, parameters: parameters).rank(queries, count: count)
    }

    public func canFollow(_ range: SuffixRange, _ token: TokenID) -> Bool { extend(range, with: token) != nil }

    /// The range of an n-gram from its start, or nil when it does not occur. O(tokens).
    public func range(of tokens: some Sequence<TokenID>) -> SuffixRange? {
        var range = root
        for token in tokens {
            guard let next = extend(range, with: token) else { return nil }
            range = next
        }
        return range
    }
}
