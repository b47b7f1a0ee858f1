import TrawlCore
public import TrawlLexicalIndex

/// The free parameters of BM25.
public struct LexicalSettings: RecipeSection {
    public static let sectionName = LexicalRecipe.sectionName
    public static var entryNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// How slowly repetition saturates; at least 0.
    public var k1 = BM25Parameters().k1
    /// How much long passages are held back, from 0 to 1.
    public var b = BM25Parameters().b
    /// Whether queries are read without question words, auxiliary verbs and pronouns. False gives the scores of
    /// Lucene and Pyserini.
    public var queryStopWords = true
    /// How queries are read: as `plain` words, with operators (`full`), or with operators where a query has some that nobody
    /// writes by chance (`auto`). Evaluation reads plain words unless told otherwise.
    public var syntax = QuerySyntax.auto

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable { case k1, b, queryStopWords, syntax }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        k1 = try values.decode(.k1, default: k1)
        b = try values.decode(.b, default: b)
        syntax = try values.decode(.syntax, default: syntax)
        queryStopWords = try values.decode(.queryStopWords, default: queryStopWords)
    }

    public func validate() throws { try parameters.validate() }

    package var parameters: BM25Parameters { BM25Parameters(k1: k1, b: b) }
}

extension SearchSettings {
    public var lexical: LexicalSettings {
        get { sections[LexicalSettings.self] }
        set { sections[LexicalSettings.self] = newValue }
    }
}

extension SearchMode {
    /// BM25.
    public static let lexical = SearchMode(rawValue: "lexical")
}
