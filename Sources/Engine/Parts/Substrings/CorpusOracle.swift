package import TrawlCore
package import TrawlGeneration
package import TrawlSubstringIndex

/// The substring index as the generator's guide to what occurs in the corpus.
package struct CorpusOracle: SubstringOracle {
    let index: SubstringIndex
    package let tokenCount: Int
    package let passageCount: Int

    init(index: SubstringIndex) {
        self.init(index: index, tokenCount: index.totalTokens, passageCount: index.passageCount)
    }

    /// One for an index that is part of a larger corpus, whose counts of tokens and passages it gives.
    package init(index: SubstringIndex, tokenCount: Int, passageCount: Int) {
        (self.index, self.tokenCount, self.passageCount) = (index, tokenCount, passageCount)
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
