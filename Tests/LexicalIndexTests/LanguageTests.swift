import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlLexicalIndex

@Suite struct LanguageTests {
    /// Written by eval/parity/stemmers_goldens.py.
    @Test func everyStemmerGivesTheStemsOfTheReference() throws {
        let golden = try JSONDecoder().decode(
            [String: [String: String]].self, from: Data(contentsOf: URL(filePath: TestFiles.golden("stemmers.json"))))
        #expect(Set(golden.keys) == Set(Analyzer.stemmers))
        for (stemmer, stems) in golden {
            let settings = AnalyzerSettings(language: "none", stemmer: stemmer, removesStopWords: false, folds: false)
            let analyzer = try Analyzer(settings)
            for (word, stem) in stems { #expect(analyzer.terms(of: word) == [stem], "\(stemmer): \(word)") }
        }
    }

    @Test func everyStemmerBelongsToALanguageWithStopWords() throws {
        let known = Set(TextLanguage.stemmed.compactMap(\.stemmer) + ["english"])
        #expect(Set(Analyzer.stemmers).subtracting(known).isEmpty)
        for language in TextLanguage.stemmed {
            let words = StopWords.unindexed[language.code]?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
            #expect(words.count >= 25, "\(language.name)")
            // Words are compared by their bytes, and texts are in this form.
            for word in StopWords.functionWords(language) {
                #expect(word.utf8.elementsEqual(word.precomposedStringWithCanonicalMapping.utf8), "\(word)")
                #expect(word == word.lowercased(), "\(word)")
            }
            let analyzer = try Analyzer(AnalyzerSettings(language))
            #expect(analyzer.terms(of: words.joined(separator: " ")).isEmpty, "\(language.name)")
        }
    }

    @Test func languagesAreKnownByNameAndCode() {
        #expect(TextLanguage("German") == TextLanguage("de") && TextLanguage("DE")?.stemmer == "german")
        #expect(TextLanguage("none") == TextLanguage.none && TextLanguage("klingon") == nil)
        #expect(TextLanguage("polish")?.stemmer == nil)
        #expect(Set(TextLanguage.all.map(\.code)).count == TextLanguage.all.count)
    }

    @Test(arguments: [
        ("english", "The tides are caused by the pull of the moon and of the sun on the water of the oceans."),
        (
            "german",
            "Die Gezeiten werden durch die Anziehung des Mondes und der Sonne auf das Wasser der Meere verursacht."
        ),
        ("french", "Les marées sont causées par l’attraction de la lune et du soleil sur les eaux des océans."),
        ("spanish", "Las mareas son causadas por la atracción de la luna y del sol sobre el agua de los océanos."),
        (
            "portuguese",
            "As marés são causadas pela atração da lua e do sol sobre as águas dos oceanos e não pelo vento."
        ),
        (
            "italian",
            "Le maree sono causate dalla attrazione della luna e del sole sulle acque degli oceani e non dal vento."
        ),
        (
            "dutch",
            "De getijden worden veroorzaakt door de aantrekking van de maan en de zon op het water van de oceanen."
        ),
        (
            "swedish",
            "Tidvattnet orsakas av månens och solens dragning på vattnet i haven och är inte en följd av vinden."
        ),
        (
            "danish",
            "Tidevandet skyldes månens og solens tiltrækning af vandet i havene, og det er ikke en følge af vinden."
        ),
        (
            "finnish",
            "Vuorovesi on kuun ja auringon vetovoiman aiheuttama ilmiö, joka ei ole tuulen syytä, mutta se on myös suuri."
        ),
        ("russian", "Приливы и отливы вызваны притяжением луны и солнца, а не ветром, как это было принято считать."),
        ("polish", "Pływy są spowodowane przez przyciąganie księżyca i słońca, a nie przez wiatr, jak się to mówi."),
        ("greek", "Οι παλίρροιες προκαλούνται από την έλξη της σελήνης και του ήλιου στα νερά των ωκεανών."),
        ("arabic", "المد والجزر هو من تأثير جاذبية القمر على مياه البحار في كل مكان وليس من الريح التي هي غير ذلك."),
        ("turkish", "Gelgit, ay ve güneş tarafından suya uygulanan çekim ile olan bir olaydır ve rüzgar için değil."),
        ("japanese", "潮汐は、月と太陽の引力によって海の水が引かれることで起こる現象である。"),
        ("chinese", "潮汐是由月球和太阳的引力作用于海水而产生的现象。"),
        ("korean", "조석은 달과 태양의 인력이 바닷물에 작용하여 일어나는 현상이다."),
        ("thai", "น้ำขึ้นน้ำลงเกิดจากแรงดึงดูดของดวงจันทร์และดวงอาทิตย์"),
        ("hindi", "ज्वार भाटा चंद्रमा और सूर्य के आकर्षण से समुद्र के पानी में होता है और यह हवा से नहीं होता है"),
    ]) func languagesAreToldFromASentence(name: String, text: String) {
        var detector = LanguageDetector()
        detector.add(text)
        #expect(detector.outcome == TextLanguage(name).map { .language($0) })
        // A few others among many do not change it.
        for _ in 0..<9 { detector.add(text) }
        detector.add("The moon is in the sky, and this is a text that was added to the others by a mistake.")
        #expect(detector.outcome == TextLanguage(name).map { .language($0) })
    }

    @Test func severalLanguagesAreMixedAndUnknownOnesUnknown() {
        var mixed = LanguageDetector()
        for _ in 0..<3 {
            mixed.add("The tides are caused by the pull of the moon and of the sun on the water of the oceans.")
            mixed.add(
                "Die Gezeiten werden durch die Anziehung des Mondes und der Sonne auf das Wasser der Meere verursacht.")
        }
        #expect(mixed.outcome == .mixed)
        var unknown = LanguageDetector()
        unknown.add("Ógbùgbúyélé ọ̀rọ̀ ìjìnlẹ̀ ẹ̀dá àwọn ènìyàn ṣíṣe ọmọ ẹgbẹ́")
        #expect(unknown.outcome == .unknown)
    }

    /// Names and numbers, and texts too short to tell.
    @Test func plainLettersWithoutEvidenceAreEnglish() {
        for texts in [[], ["moon"], ["Acme Widget 3000", "Gizmo Deluxe"], ["let x = foo(bar, baz) return x"]] {
            var detector = LanguageDetector()
            for text in texts { detector.add(text) }
            #expect(detector.outcome == .language(.english))
        }
    }
}
