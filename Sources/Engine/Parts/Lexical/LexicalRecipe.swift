import TrawlCore
public import TrawlLexicalIndex

/// How text becomes the terms of the lexical index.
public struct LexicalRecipe: RecipeSection {
    public static let sectionName = "lexical"
    public static var entryNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// What `language` is for a corpus whose language is to be found out.
    public static let automatic = "auto"

    /// A language by name or ISO 639 code (`german`, `de`); `none` for texts in several or in one that Trawl does not know:
    /// words are neither stemmed nor left out; `auto` (the default) for that of the first documents.
    public var language = LexicalRecipe.automatic
    /// Whether characters that are written in several ways become one: accents are dropped, typographic apostrophes become
    /// straight, ligatures and full-width forms common letters. On by default.
    public var folds = true
    /// Every setting of the analysis, in place of `language` and `fold`. An index stores these.
    private var stated: AnalyzerSettings?

    public init() {}

    /// The analysis. Until the language is known, that of English.
    public var analysis: AnalyzerSettings {
        get { stated ?? AnalyzerSettings(TextLanguage(language) ?? .english, folds: folds) }
        set {
            self = LexicalRecipe()
            stated = newValue
        }
    }

    /// Names the language in place of whatever the recipe said of the analysis.
    ///
    /// - Throws: `TrawlError.invalidInput` for a language that Trawl does not know.
    public mutating func set(language: String) throws {
        folds = stated?.folds ?? folds
        self.language = language
        stated = nil
        try validate()
    }

    /// The names of the languages with a stemmer, for messages.
    public static var languages: String { TextLanguage.nameList }

    /// Whether the language is still to be found out.
    var isAutomatic: Bool { stated == nil && language == Self.automatic }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case language
        case folds = "fold"
        case analysis
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        stated = try values.decodeIfPresent(AnalyzerSettings.self, forKey: .analysis)
        if stated != nil, values.contains(.language) || values.contains(.folds) {
            throw TrawlError(
                .invalidInput, "lexical: analysis stands for language and fold", remedy: "give either it or those")
        }
        language = try values.decode(.language, default: language)
        folds = try values.decode(.folds, default: folds)
        try validate()
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        if let stated {
            try values.encode(stated, forKey: .analysis)
        } else {
            try values.encode(language, forKey: .language)
            try values.encode(folds, forKey: .folds)
        }
    }

    public func validate() throws {
        guard language != Self.automatic, TextLanguage(language) == nil else { return }
        throw TrawlError(
            .invalidInput, "unknown language \"\(language)\"",
            remedy: "use auto, none, or one of \(TextLanguage.nameList)")
    }
}

extension IndexRecipe {
    public var lexical: LexicalRecipe {
        get { sections[LexicalRecipe.self] }
        set { sections[LexicalRecipe.self] = newValue }
    }
}
