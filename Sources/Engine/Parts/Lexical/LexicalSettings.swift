import TrawlCore
import TrawlLexicalIndex

/// The free parameters of BM25.
public struct LexicalSettings: RecipeSection {
    public static let sectionName = LexicalRecipe.sectionName
    public static var entryNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// How slowly repetition saturates; at least 0.
    public var k1 = BM25Parameters().k1
    /// How much long passages are held back, from 0 to 1.
    public var b = BM25Parameters().b
    /// Whether queries are read without question words, auxiliary verbs and pronouns (English only). False gives the scores of
    /// Lucene and Pyserini.
    public var queryStopWords = true

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable { case k1, b, queryStopWords }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        k1 = try values.decode(.k1, default: k1)
        b = try values.decode(.b, default: b)
        queryStopWords = try values.decode(.queryStopWords, default: queryStopWords)
    }

    public func validate() throws { try parameters.validate() }

    var parameters: BM25Parameters { BM25Parameters(k1: k1, b: b) }
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
