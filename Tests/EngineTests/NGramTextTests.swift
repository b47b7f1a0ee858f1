import Testing
import TrawlCore
import TrawlGeneration
import TrawlLexicalIndex
import TrawlTokenizers

@testable import TrawlEngine

@Suite struct NGramTextTests {
    private let tokenizer: Tokenizer
    private let ngrams: NGramText

    init() throws {
        tokenizer = try Tokenizer(contentsOf: ModelCatalogue.path(of: "all-MiniLM-L6-v2") + "/tokenizer.json")
        ngrams = NGramText(
            tokenizer: tokenizer, words: QueryWords(.english, tokenizer), titleEnd: " @@")
    }

    @Test(arguments: [
        ("photosynthesis @@", "title: photosynthesis"),
        ("photosynthesis @", "title: photosynthesis"),
        ("photosynthesis @@ plants make", "title: photosynthesis … plants make"),
        ("@ plants make", "plants make"),
        ("@@ plants make", "plants make"),
        ("plants make sugar", "plants make sugar"),
        ("of light || why are leaves green @@", "of light … query: why are leaves green"),
        ("|| why are leaves", "query: why are leaves"),
        ("of light |", "of light"),
        ("@@", ""), ("||", ""),
    ])
    func marksBecomeWords(passage: String, expected: String) {
        #expect(ngrams.text(of: tokenizer.encodeIDs(" " + passage, addSpecialTokens: false)) == expected)
    }

    @Test func titlesOfTheirOwnAreNamed() {
        let tokens = tokenizer.encodeIDs(" Tides", addSpecialTokens: false)
        #expect(ngrams.text(of: tokens, isTitle: true) == "title: tides")
    }

    @Test func piecesGrowToWords() throws {
        let tokens = tokenizer.encodeIDs(" the photosynthesis of plants", addSpecialTokens: false)
        let word = 1..<(tokens.count - 2)
        try #require(word.count > 2)
        for piece in word {
            #expect(ngrams.wholeWords(piece..<piece + 1, in: tokens) == word)
        }
        #expect(ngrams.wholeWords(0..<1, in: tokens) == 0..<1)
        #expect(ngrams.wholeWords(0..<2, in: tokens) == 0..<word.upperBound)
        #expect(ngrams.text(of: tokens[word]) == "photosynthesis")
        #expect(ngrams.text(of: tokens[(word.lowerBound + 1)..<word.upperBound]).hasPrefix("…"))
        // A place that the passage does not have, as of an identifier.
        #expect(ngrams.wholeWords(tokens.count..<tokens.count + 2, in: tokens) == tokens.count..<tokens.count + 2)
    }
}
