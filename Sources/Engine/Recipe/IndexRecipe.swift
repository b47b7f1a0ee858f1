import TrawlCore

/// What an index is: its corpus, how documents become passages, and what is built over them. It is stored in the index
/// and never changes; how the index is searched is another matter, see `SearchSettings`.
///
/// Each part of an index has a section of its own, such as `lexical`; the extensions that name them are in the
/// folders of the parts.
public struct IndexRecipe: Equatable, Sendable {
    /// The sentence that `trawl show` prints.
    public var description: String?
    public var corpus: CorpusRecipe
    public var passages: PassageRecipe
    /// The retrieval methods that are built, by their names in `IndexParts`.
    public var build: [String]
    public var sections = RecipeSections()

    /// - Parameter build: all that `IndexParts.default` has unless named.
    public init(
        description: String? = nil, corpus: CorpusRecipe = CorpusRecipe(), passages: PassageRecipe = PassageRecipe(),
        build: [String] = IndexParts.default.buildNames
    ) {
        self.description = description
        self.corpus = corpus
        self.passages = passages
        self.build = build
    }
}

/// Where the documents come from.
public struct CorpusRecipe: Codable, Equatable, Sendable {
    /// Files or folders; relative ones are relative to the recipe, and `${TRAWL_HOME}` is Trawl's cache folder.
    public var paths: [String] = []
    /// A format of `CorpusFormat`, or nil to detect it.
    public var format: String?
    /// The fields of a JSON document that hold the id, the title and the text, where they have unusual names.
    public var fields: [String: String] = [:]

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable { case paths, format, fields }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        paths = try values.decode(.paths, default: [])
        format = try values.decodeIfPresent(String.self, forKey: .format)
        fields = try values.decode(.fields, default: [:])
        for name in fields.keys.sorted() where !["id", "title", "text"].contains(name) {
            throw TrawlError(.invalidInput, "corpus.fields: unknown \"\(name)\"", remedy: "use id, title, text")
        }
    }
}

/// How documents are split into passages.
public struct PassageRecipe: Codable, Equatable, Sendable {
    /// The most words of a passage; nil keeps each document whole.
    public var size: Int?
    /// The words that a passage shares with the one before it.
    public var overlap = 0

    public init(size: Int? = nil, overlap: Int = 0) {
        self.size = size
        self.overlap = overlap
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case size, overlap }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        size = try values.decodeIfPresent(Int.self, forKey: .size)
        overlap = try values.decode(.overlap, default: 0)
        guard (size ?? 1) > 0, overlap >= 0, overlap < (size ?? .max) else {
            throw TrawlError(.invalidInput, "passages: size must be positive and greater than overlap")
        }
    }
}
