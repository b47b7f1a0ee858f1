import TrawlCore
import TrawlGeneration
import TrawlSubstringIndex

/// The substring index as the generator's guide to what occurs in the corpus.
struct CorpusOracle: SubstringOracle {
    let index: SubstringIndex

    var boundary: TokenID { index.boundary }
    var tokenCount: Int { index.totalTokens }
    var passageCount: Int { index.passageCount }
    var root: SuffixRange { index.root }

    func extend(_ range: SuffixRange, with token: TokenID) -> SuffixRange? { index.extend(range, by: token) }

    func count(_ range: SuffixRange) -> Int { range.count }

    func canFollow(_ range: SuffixRange, _ token: TokenID) -> Bool { index.canFollow(range, token) }

    func forEachNext(_ range: SuffixRange, _ body: (TokenID, Int) -> Void) { index.forEachNext(range, body) }

    func passages(containing range: SuffixRange) -> [PassageID] {
        index.passages(containing: range).map(\.passage)
    }

    func tokens(of passage: PassageID) throws -> [TokenID] {
        Array(try index.tokens(of: passage).dropLast())
    }
}
