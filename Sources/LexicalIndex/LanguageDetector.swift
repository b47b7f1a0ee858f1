/// Tells the language of a corpus from some of its texts: by the script, and among languages of one script by their function
/// words. Each text has a vote if it is clear; four votes of five decide.
public struct LanguageDetector: Sendable {
    /// The language, or none where texts are in several languages or in an unknown one.
    public enum Outcome: Hashable, Sendable {
        case language(TextLanguage)
        case mixed
        case unknown
    }

    /// The most characters that are read of a text.
    public static let longestText = 2000

    private var votes: [TextLanguage: Int] = [:]
    private var total = Sample()
    private let index = WordIndex.shared

    public init() {}

    public mutating func add(_ text: String) {
        let sample = Sample(text, index)
        total.add(sample)
        if let language = sample.language(fewestWords: 8) { votes[language, default: 0] += 1 }
    }

    /// Texts without a clear language count as English if their letters are ASCII: too short, or lists of names.
    public var outcome: Outcome {
        let count = votes.values.reduce(0, +)
        guard let (language, most) = votes.max(by: { ($0.value, $1.key.code) < ($1.value, $0.key.code) }) else {
            if let language = total.language(fewestWords: 20) { return .language(language) }
            return total.isASCII ? .language(.english) : .unknown
        }
        return most * 5 >= count * 4 ? .language(language) : .mixed
    }

    /// The function words of all languages, and in how many each is.
    private struct WordIndex: Sendable {
        /// The numbers in `TextLanguage.all` of the languages of a word.
        private(set) var languages: [String: [Int]] = [:]

        static let shared = WordIndex()

        init() {
            for (number, language) in TextLanguage.all.enumerated() {
                for word in Set(StopWords.functionWords(language)) { languages[word, default: []].append(number) }
            }
        }
    }

    private enum Script: Int, CaseIterable {
        case latin, greek, cyrillic, armenian, hebrew, arabic, devanagari, tamil, thai, hangul, kana, han, other

        init(_ value: UInt32) {
            switch value {
            case ..<0x250, 0x1E00..<0x1F00: self = .latin
            case 0x370..<0x400, 0x1F00..<0x2000: self = .greek
            case 0x400..<0x530: self = .cyrillic
            case 0x531..<0x590: self = .armenian
            case 0x590..<0x600: self = .hebrew
            case 0x600..<0x780: self = .arabic
            case 0x900..<0x980: self = .devanagari
            case 0xB80..<0xC00: self = .tamil
            case 0xE00..<0xE80: self = .thai
            case 0xAC00..<0xD7B0, 0x1100..<0x1200: self = .hangul
            case 0x3041..<0x3100: self = .kana
            case 0x3400..<0xA000, 0x2_0000..<0x3_0000: self = .han
            default: self = .other
            }
        }
    }

    /// What was counted in texts.
    private struct Sample {
        var letters = [Int](repeating: 0, count: Script.allCases.count)
        var asciiLetters = 0
        var words = 0
        /// For each language the function words met, each divided by the languages that share it.
        var evidence = [Double](repeating: 0, count: TextLanguage.all.count)

        init() {}

        init(_ text: String, _ index: WordIndex) {
            var word = String.UnicodeScalarView()
            func end() {
                guard !word.isEmpty else { return }
                words += 1
                if let languages = index.languages[String(word).lowercased()] {
                    for number in languages { evidence[number] += 1 / Double(languages.count) }
                }
                word.removeAll(keepingCapacity: true)
            }
            for scalar in text.unicodeScalars.prefix(LanguageDetector.longestText) {
                let properties = scalar.properties
                guard
                    properties.isAlphabetic || properties.generalCategory == .nonspacingMark
                        || properties.generalCategory == .spacingMark
                else {
                    end()
                    continue
                }
                word.append(scalar)
                letters[Script(scalar.value).rawValue] += 1
                if scalar.value < 0x80 { asciiLetters += 1 }
            }
            end()
        }

        mutating func add(_ other: Sample) {
            for script in letters.indices { letters[script] += other.letters[script] }
            for number in evidence.indices { evidence[number] += other.evidence[number] }
            words += other.words
            asciiLetters += other.asciiLetters
        }

        var isASCII: Bool { asciiLetters * 50 >= letters.reduce(0, +) * 49 }

        /// The language, if it is clear.
        func language(fewestWords: Int) -> TextLanguage? {
            func count(_ script: Script) -> Int { letters[script.rawValue] }
            let all = letters.reduce(0, +)
            let east = count(.kana) + count(.han)
            // One character of these scripts says as much as several letters.
            if east * 2 > all, east >= 8 {
                return TextLanguage(count(.kana) * 20 > east ? "japanese" : "chinese")
            }
            for (script, name) in [
                (Script.hangul, "korean"), (.thai, "thai"), (.greek, "greek"), (.armenian, "armenian"),
                (.tamil, "tamil"),
            ] where count(script) * 2 > all && count(script) >= 16 {
                return TextLanguage(name)
            }
            guard words >= fewestWords else { return nil }
            let order = evidence.indices.sorted { evidence[$0] != evidence[$1] ? evidence[$0] > evidence[$1] : $0 < $1 }
            let (best, next) = (evidence[order[0]], evidence[order[1]])
            guard best >= 0.06 * Double(words), best >= 1.2 * next else { return nil }
            return TextLanguage.all[order[0]]
        }
    }
}
