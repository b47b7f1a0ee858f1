import Testing

@testable import TrawlLexicalIndex

@Suite struct LanguageWordsTests {
    @Test(arguments: [
        ("flag", ["flags", "flagged", "flagging"]),
        ("flagged", ["flag", "flags", "flagging"]),
        ("studies", ["study", "studied", "studying"]),
        ("making", ["make", "makes"]),
        ("connection", ["connect", "connected", "connections"]),
    ])
    func formsOfOneStemAreFound(word: String, expected: [String]) {
        let found = LanguageWords(.english).inflections(of: word)
        #expect(Set(expected).isSubset(of: found), "\(found)")
        #expect(!found.contains(word))
    }

    /// "news" is no form of "new" to a stemmer that cuts the s off both; what counts is that no other stem gets in.
    @Test func allFormsHaveTheStem() throws {
        let analyzer = try Analyzer(.english)
        for word in ["general", "universe", "caring", "policy", "planned", "organ"] {
            for form in LanguageWords(.english).inflections(of: word) {
                #expect(analyzer.terms(of: form) == analyzer.terms(of: word), "\(word), \(form)")
            }
        }
    }

    @Test func otherLanguagesHaveStopWordsButNoForms() throws {
        let german = LanguageWords(AnalyzerSettings(try #require(TextLanguage("de"))))
        #expect(german.inflections(of: "flag").isEmpty && !german.isStopWord("what"))
        #expect(german.isStopWord("und") && german.isStopWord("warum"))
        let earlier = AnalyzerSettings(
            language: "de", stemmer: "de", removesStopWords: false, folds: false, version: 1)
        #expect(!LanguageWords(earlier).isStopWord("und"))
        #expect(LanguageWords(.english).isStopWord("what") && LanguageWords(.english).isStopWord("the"))
        #expect(!LanguageWords(.english).isStopWord("moon"))
        #expect(
            LanguageWords(AnalyzerSettings(language: "en", stemmer: nil, removesStopWords: true)).inflections(
                of: "flag"
            ).isEmpty)
        for odd in ["", "a", "c3po", "naïve", "x-ray"] { #expect(LanguageWords(.english).inflections(of: odd).isEmpty) }
    }

    /// Words that ask are indexed, so that a text can be asked for by them alone, and are left out of queries that have others.
    @Test func askingWordsAreLeftOutOfQueriesOnly() throws {
        #expect(try Analyzer(.english).terms(of: "what does the moon do") == ["what", "doe", "moon", "do"])
        #expect(try Analyzer(.english, dropsAskingWords: true).terms(of: "what does the moon do") == ["moon"])
        #expect(try Analyzer(.english, dropsAskingWords: true).terms(of: "who was he").isEmpty)
        let german = AnalyzerSettings(try #require(TextLanguage("de")))
        #expect(try Analyzer(german, dropsAskingWords: true).terms(of: "what") == Analyzer(german).terms(of: "what"))
        #expect(
            try Analyzer(german, dropsAskingWords: true).terms(of: "Warum scheint der Mond") == ["scheint", "mond"])
    }
}
