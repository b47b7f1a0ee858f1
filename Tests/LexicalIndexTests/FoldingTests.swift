import Foundation
import Testing
import TrawlCore

@testable import TrawlLexicalIndex

@Suite struct FoldingTests {
    static let plain = AnalyzerSettings(language: "none", stemmer: nil, removesStopWords: false)

    private func terms(_ text: String, _ settings: AnalyzerSettings = plain) throws -> [String] {
        try Analyzer(settings).terms(of: text)
    }

    @Test(arguments: [
        ("don’t don't donʼt don＇t don´t", Array(repeating: "don't", count: 5)),
        ("“quoted” «words» „too“", ["quoted", "words", "too"]),
        ("ﬁnd eﬃcient ĳs", ["find", "efficient", "ijs"]),
        ("ＡＢＣ１２ 𝐛𝐨𝐥𝐝", ["abc12", "bold"]),
        ("école Über naïve ÅNGSTRÖM señor São Łódź", ["ecole", "uber", "naive", "angstrom", "senor", "sao", "lodz"]),
        (
            "Straße Æsir cœur øl þorn ðe đak ħal ıspanak",
            [
                "strasse", "aesir", "coeur", "ol", "thorn", "de", "dak", "hal", "ispanak",
            ]
        ),
        ("Ελλάς ΑΘΉΝΑ ᾳ", ["ελλασ", "αθηνα", "α"]),
        ("ещё Ёлка йод їжак", ["еще", "елка", "йод", "їжак"]),
        (
            "e\u{301}te\u{301} so\u{AD}ft ze\u{200B}ro wi\u{200D}dth \u{FEFF}mark",
            ["ete", "soft", "zero", "width", "mark"]
        ),
        ("שָׁלוֹם مُحَمَّد أحمد", ["שלום", "محمد", "احمد"]),
        ("हिन्दी தமிழ்", ["हिन्दी", "தமிழ்"]),
    ]) func spellingsOfOneCharacterAreOne(text: String, expected: [String]) throws {
        #expect(try terms(text.precomposedStringWithCanonicalMapping) == expected)
    }

    @Test func withoutFoldingCharactersStayAsTheyAre() throws {
        let settings = AnalyzerSettings(language: "none", stemmer: nil, removesStopWords: false, folds: false)
        #expect(try terms("don’t école ﬁnd Ｆ", settings) == ["don’t", "école", "ﬁnd", "ｆ"])
    }

    /// English stemmers know no accents, so "cafés" is folded before it is stemmed; French ones need them.
    @Test func accentsAreDroppedWhereTheStemmerCanBearIt() throws {
        for (accented, plain) in [("café", "cafe"), ("Cafés", "cafes"), ("naïvely", "naively"), ("résumés", "resumes")]
        {
            #expect(try terms(accented, .english) == terms(plain, .english))
        }
        let french = AnalyzerSettings(try #require(TextLanguage("french")))
        let whole = AnalyzerSettings(try #require(TextLanguage("french")), folds: false)
        for word in ["élevés", "répétition", "continuellement", "déjà"] {
            let stem = try terms(word, whole)[0]
            let folded = stem.folding(options: .diacriticInsensitive, locale: nil)
            #expect(try terms(word, french) == [folded])
        }
    }

    @Test(arguments: [
        ("🎉 launch", ["🎉", "launch"]),
        ("🎉🎉", ["🎉", "🎉"]),
        ("ok👍🏽ok", ["ok", "👍", "ok"]),
        ("❤️ and ❤", ["❤", "and", "❤"]),
        ("🇩🇪🇫🇷 🇯", ["🇩🇪", "🇫🇷", "🇯"]),
        ("👩‍💻s", ["👩‍💻", "s"]),
        ("© ™ → 1️⃣", ["1"]),
    ]) func emojiAreTerms(text: String, expected: [String]) throws {
        let found = try terms(text)
        #expect(found.map { Array($0.unicodeScalars) } == expected.map { Array($0.unicodeScalars) })
    }

    /// As Lucene's CJKAnalyzer: overlapping pairs, one character alone stays one.
    @Test(arguments: [
        ("東京都に", ["東京", "京都", "都に"]),
        ("東 abc京都", ["東", "abc", "京都"]),
        ("カタカナ", ["カタ", "タカ", "カナ"]),
        ("ｶﾞｲﾄﾞ", ["ガイ", "イド"]),
        ("한국어 뉴스", ["한국", "국어", "뉴스"]),
        ("東京。大阪", ["東京", "大阪"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("ប្រទេស", ["ប្រ", "រទេ", "ទេស"]),
    ]) func scriptsWithoutSpacesBecomePairs(text: String, expected: [String]) throws {
        #expect(try terms(text) == expected)
    }

    @Test func longRunsOfPairsAndEmojiStayWithinATerm() throws {
        for text in [
            String(repeating: "東", count: 2000), String(repeating: "👩\u{200D}", count: 300) + "👩",
            "ก" + String(repeating: "\u{E49}", count: 500) + "ข",
        ] {
            let found = try terms(text)
            #expect(found.filter { $0.utf8.count > Analyzer.longestTerm + Analyzer.longestCharacter }.isEmpty)
            #expect(!found.isEmpty)
        }
    }

    @Test func offsetsOfPairsLeadBackToTheText() throws {
        let text = "x 東京都 👍🏽."
        var words: [String] = []
        try Analyzer(Self.plain).forEachTerm(of: text) { (_: String, range) in
            words.append(String(decoding: Array(text.utf8)[range], as: UTF8.self))
        }
        #expect(words == ["x", "東京", "京都", "👍🏽"])
    }

    @Test(arguments: [
        ("fr", "L’homme qu’il aujourd’hui d'eau", ["homm", "aujourd'hui", "eau"]),
        ("it", "dell'acqua l’uomo", ["acqua", "uom"]),
        ("ca", "l'aigua d’hivern", ["aigu", "hivern"]),
        ("tr", "Türkiye’de IRMAK İSTANBUL'un", ["turki", "irmak", "istanbul"]),
        ("ro", "naționalitate naţionalitate", ["national", "national"]),
        ("de", "Die Müller und das Mädchen", ["mull", "madch"]),
    ]) func languagesHaveTheirApostrophesAndLetters(language: String, text: String, expected: [String]) throws {
        #expect(try terms(text, AnalyzerSettings(try #require(TextLanguage(language)))) == expected)
    }

    /// What indexes were made with before there was a version.
    @Test func settingsThatSayNothingOfItKeepTheFirstRules() throws {
        let stored = #"{"language": "en", "stemmer": "porter", "removesStopWords": true}"#
        let settings = try JSONDecoder().decode(AnalyzerSettings.self, from: Data(stored.utf8))
        #expect(!settings.folds && settings.version == 1)
        #expect(try terms("don’t Café 東京 🎉", settings) == ["don’t", "café", "東", "京"])
        let again = try JSONDecoder().decode(
            AnalyzerSettings.self, from: JSONEncoder().encode(AnalyzerSettings.english))
        #expect(again == .english && again.folds && again.version == 2)
        var later = settings
        later.version = 3
        #expect(throws: TrawlError.self) { try Analyzer(later) }
    }
}
