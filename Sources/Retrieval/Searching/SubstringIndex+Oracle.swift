import Core
import Generation
import SubstringIndex

/// The substring index as the generator's guide to what occurs in the corpus.
struct CorpusOracle: SubstringOracle {
    /// A suffix range with the n-gram that it stands for, which locating needs.
    struct NGramRange: Sendable {
        let range: SuffixRange
        let tokens: [TokenID]
    }

    let index: SubstringIndex

    var boundary: TokenID { index.boundary }
    var tokenCount: Int { index.totalTokens }
    var passageCount: Int { index.passageCount }
    var root: NGramRange { NGramRange(range: index.root, tokens: []) }

    func extend(_ range: NGramRange, with token: TokenID) -> NGramRange? {
        index.extend(range.range, by: token).map { NGramRange(range: $0, tokens: range.tokens + [token]) }
    }

    func count(_ range: NGramRange) -> Int { range.range.count }

    func canFollow(_ range: NGramRange, _ token: TokenID) -> Bool { index.canFollow(range.range, token) }

    func forEachNext(_ range: NGramRange, _ body: (TokenID, Int) -> Void) {
        index.forEachNext(range.range, body)
    }

    func forEachOccurrence(
        of range: NGramRange, length: Int, limit: Int, _ body: (PassageID, Int) -> Void
    ) throws {
        // The generator counts a passage's boundary as position 0; the index calls it -1.
        for place in try index.positions(of: range.tokens, limit: limit) { body(place.passage, place.offset + 1) }
    }

    func tokens(of passage: PassageID) throws -> [TokenID] {
        Array(try index.tokens(of: passage).dropLast())
    }
}
