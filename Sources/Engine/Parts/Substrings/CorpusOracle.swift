package import TrawlCore
package import TrawlGeneration
package import TrawlSubstringIndex
package import TrawlVectorIndex

/// The substring index as the generator's guide to what occurs in the corpus.
package struct CorpusOracle: SubstringOracle {
    let index: SubstringIndex
    package let tokenCount: Int
    package let passageCount: Int
    /// The passages that are ranked; nil: all.
    private let filter: PassageFilter?

    init(index: SubstringIndex, filter: PassageFilter?) {
        self.init(
            index: index, tokenCount: index.totalTokens, passageCount: index.passageCount, filter: filter)
    }

    /// One for an index that is part of a larger corpus, whose counts of tokens and passages it gives.
    package init(index: SubstringIndex, tokenCount: Int, passageCount: Int, filter: PassageFilter?) {
        (self.index, self.filter) = (index, filter)
        (self.tokenCount, self.passageCount) = (tokenCount, passageCount)
    }

    package func rank(
        _ queries: [WeighedKeys<SuffixRange>], by parameters: SEALParameters, count: Int
    ) throws -> [Ranking] {
        let scorer = SEALScorer(oracle: self, parameters: parameters)
        return try rank(queries, among: scorer.candidates(queries), by: parameters, count: count)
    }

    /// The same of given passages, ascending for each query.
    package func rank(
        _ queries: [WeighedKeys<SuffixRange>], among candidates: [[PassageID]], by parameters: SEALParameters,
        count: Int
    ) throws -> [Ranking] {
        let allowed = filter.map { filter in candidates.map { $0.filter { filter.contains($0) } } } ?? candidates
        return try SEALScorer(oracle: self, parameters: parameters).rank(queries, among: allowed, count: count)
    }

    package var boundary: TokenID { index.boundary }
    package var root: SuffixRange { index.root }

    package func extend(_ range: SuffixRange, with token: TokenID) -> SuffixRange? { index.extend(range, by: token) }

    package func count(_ range: SuffixRange) -> Int { range.count }

    package func canFollow(_ range: SuffixRange, _ token: TokenID) -> Bool { index.canFollow(range, token) }

    package func forEachNext(_ range: SuffixRange, _ body: (TokenID, Int) -> Void) { index.forEachNext(range, body) }

    package func locate(_ ranges: [SuffixRange]) -> [KeyPassages] {
        ranges.map { KeyPassages(index.passages(containing: $0).map(\.passage)) }
    }

    package func tokens(of passage: PassageID) throws -> [TokenID] {
        Array(try index.tokens(of: passage).dropLast())
    }
}
