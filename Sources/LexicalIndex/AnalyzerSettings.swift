internal import TrawlCore

/// How text becomes terms. An index keeps the settings that made it, and queries are analysed the same way.
public struct AnalyzerSettings: Codable, Hashable, Sendable {
    /// The ISO 639 code of the language, such as `en`: it decides what stop words there are and what apostrophes mean.
    public var language: String
    /// The algorithm of libstemmer, by name (`porter`, `english`, `french`) or language code; nil leaves words whole.
    public var stemmer: String?
    /// Whether the commonest words of the language (English only) are left out.
    public var removesStopWords: Bool

    public init(language: String, stemmer: String?, removesStopWords: Bool) {
        self.language = language
        self.stemmer = stemmer
        self.removesStopWords = removesStopWords
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case language, stemmer, removesStopWords }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        language = try values.decode(String.self, forKey: .language)
        stemmer = try values.decodeIfPresent(String.self, forKey: .stemmer)
        removesStopWords = try values.decode(Bool.self, forKey: .removesStopWords)
    }

    /// The usual settings for a language: libstemmer's algorithm for it, and for English those of Lucene's
    /// EnglishAnalyzer (Porter's first algorithm, 33 stop words).
    public init(language: String) {
        let english = language == "en"
        self.init(language: language, stemmer: english ? "porter" : language, removesStopWords: english)
    }

    public static let english = AnalyzerSettings(language: "en")
}
