import Testing
import TrawlCore

@testable import TrawlLexicalIndex

@Suite struct AnalyzerTests {
    private func terms(_ text: String, _ settings: AnalyzerSettings) throws -> [String] {
        try Analyzer(settings).terms(of: text)
    }

    @Test(arguments: [
        ("", []),
        (" \n\t — !? ", []),
        ("Don't stop-the U.S.A. (3.14, 1,000; a.m.)", ["don't", "stop", "the", "u.s.a", "3.14", "1,000", "a.m"]),
        ("O'Neill's x2 2x B-12", ["o'neill's", "x2", "2x", "b", "12"]),
        ("snake_case _ __init__ _9", ["snake_case", "__init__", "_9"]),
        ("end. next, .5 a.5 5.a 'quoted' it''s", ["end", "next", "5", "a", "5", "5", "a", "quoted", "it", "s"]),
        ("Ünïcode ΑΘΉΝΑ Привет İstanbul", ["ünïcode", "αθήνα", "привет", "istanbul"]),
        ("東京 ひら カタカナ한국어abc", ["東", "京", "ひ", "ら", "カタカナ", "한국어abc"]),
        ("e\u{301}te\u{301} so\u{AD}ft", ["e\u{301}te\u{301}", "soft"]),
        ("ab😀cd\u{200B}ef", ["ab", "cd", "ef"]),
        ("key:value 12:30 l’été", ["key:value", "12", "30", "l’été"]),
    ]) func wordsAreCutByTheUnicodeRules(text: String, expected: [String]) throws {
        #expect(
            try terms(
                text,
                AnalyzerSettings(
                    language: "xx", stemmer: nil, removesStopWords: false, folds: false, version: 1)) == expected)
    }

    @Test(arguments: [
        ("The dogs' owner's cats were RUNNING into the relational houses", "dog owner cat were run relat hous"),
        ("Obama’s it’s IT'S children's 's", "obama children s"),
        ("caresses ponies generalizations oscillators", "caress poni gener oscil"),
    ]) func englishIsTreatedAsLucenesAnalyserDoes(text: String, expected: String) throws {
        #expect(try terms(text, .english).joined(separator: " ") == expected)
    }

    @Test func otherLanguagesHaveTheirStemmers() throws {
        let french = AnalyzerSettings(try #require(TextLanguage("fr")))
        #expect(try terms("continuellement les maisons", french) == ["continuel", "maison"])
        let spanish = AnalyzerSettings(try #require(TextLanguage("spanish")))
        #expect(try terms("corriendo las casas", spanish) == ["corr", "cas"])
    }

    @Test func anUnknownStemmerIsRefusedWithTheKnownOnes() {
        do {
            _ = try Analyzer(AnalyzerSettings(language: "en", stemmer: "klingon", removesStopWords: true))
            Issue.record("nothing was thrown")
        } catch {
            #expect("\(error)".contains("'klingon'") && "\(error)".contains("porter"), "\(error)")
        }
    }

    @Test func overlongWordsAreCut() throws {
        let settings = AnalyzerSettings(
            language: "xx", stemmer: nil, removesStopWords: false, folds: false, version: 1)
        for character in ["a", "é", "한", "𐐀", "1."] {
            let pieces = try terms(String(repeating: character, count: 1000), settings)
            #expect(pieces.count > 1)
            #expect(pieces.allSatisfy { (1...Analyzer.longestTerm).contains($0.utf8.count) })
        }
        let whole = try terms(String(repeating: "a", count: 1000), settings)
        #expect(whole.joined().count == 1000)
    }

    @Test func offsetsLeadBackToTheWords() throws {
        let text = "The Ünïted  states’ “house's” 3.5. end"
        var words: [String] = []
        try Analyzer(.english).forEachTerm(of: text) { (_: String, range) in
            words.append(String(decoding: Array(text.utf8)[range], as: UTF8.self))
        }
        #expect(words == ["Ünïted", "states", "house's", "3.5", "end"])
    }

    @Test func languagesHaveTheirUsualSettings() throws {
        #expect(AnalyzerSettings(.english) == .english && AnalyzerSettings.english.stemmer == "porter")
        #expect(
            AnalyzerSettings(try #require(TextLanguage("de")))
                == AnalyzerSettings(language: "de", stemmer: "german", removesStopWords: true))
        #expect(
            AnalyzerSettings(.none, folds: false)
                == AnalyzerSettings(language: "none", stemmer: nil, removesStopWords: false, folds: false))
    }
}
