internal import TrawlCore

/// How text becomes terms. An index keeps the settings that made it, and queries are analysed the same way.
public struct AnalyzerSettings: Codable, Hashable, Sendable {
    /// The ISO 639 code of the language, such as `en`: it decides what stop words there are and what apostrophes mean.
    public var language: String
    /// The algorithm of libstemmer, by name (`porter`, `english`, `french`) or language code; nil leaves words whole.
    public var stemmer: String?
    /// Whether the commonest words of the language are left out.
    public var removesStopWords: Bool
    /// Whether characters that are written in several ways become one: see `CharacterFolding`. Settings that do not say so,
    /// such as those of older indexes, do not.
    public var folds: Bool
    /// The version of the rules that cut text into words: see `versions`. Settings that do not name one have the first.
    public var version: Int

    /// The versions of the rules: the first has words alone. In the second, emoji are terms, and runs of Han, Hiragana, Katakana,
    /// Hangul, Thai, Lao, Khmer and Burmese become overlapping pairs of characters, as in Lucene's CJKBigramFilter.
    public static let versions = 1...2

    public init(
        language: String, stemmer: String?, removesStopWords: Bool, folds: Bool = true,
        version: Int = versions.upperBound
    ) {
        self.language = language
        self.stemmer = stemmer
        self.removesStopWords = removesStopWords
        self.folds = folds
        self.version = version
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case language, stemmer, removesStopWords, version
        case folds = "fold"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        language = try values.decode(String.self, forKey: .language)
        stemmer = try values.decodeIfPresent(String.self, forKey: .stemmer)
        removesStopWords = try values.decode(Bool.self, forKey: .removesStopWords)
        folds = try values.decode(.folds, default: false)
        version = try values.decode(.version, default: Self.versions.lowerBound)
    }

    /// The usual settings for a language: its stop words and libstemmer's algorithm for it. For English those of Lucene's
    /// EnglishAnalyzer: Porter's first algorithm, 33 stop words.
    public init(_ language: TextLanguage, folds: Bool = true) {
        self.init(
            language: language.code, stemmer: language.stemmer, removesStopWords: language.stemmer != nil, folds: folds)
    }

    public static let english = AnalyzerSettings(.english)

    /// What a person wants to know of them: `german, folded`.
    public var summary: String {
        let name = TextLanguage(language)?.name ?? language
        return (name == TextLanguage.none.name ? "no language" : name)
            + (stemmer == nil ? ", not stemmed" : "") + (folds ? ", folded" : "")
    }
}
