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

    /// - Parameter build: unless named, the parts of `IndexParts.default` that are built by default.
    public init(
        description: String? = nil, corpus: CorpusRecipe = CorpusRecipe(), passages: PassageRecipe = PassageRecipe(),
        build: [String] = IndexParts.default.defaultBuild
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
    /// Patterns of gitignore(5) for files and folders that are left out.
    public var exclude: [String] = []
    /// Whether what the `.gitignore` and `.ignore` files in folders name is left out.
    public var usesIgnoreFiles = true

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable {
        case paths, format, fields, exclude
        case usesIgnoreFiles = "ignoreFiles"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        paths = try values.decode(.paths, default: [])
        format = try values.decodeIfPresent(String.self, forKey: .format)
        fields = try values.decode(.fields, default: [:])
        exclude = try values.decode(.exclude, default: [])
        usesIgnoreFiles = try values.decode(.usesIgnoreFiles, default: true)
        for name in fields.keys.sorted() where !["id", "title", "text"].contains(name) {
            throw TrawlError(.invalidInput, "corpus.fields: unknown \"\(name)\"", remedy: "use id, title, text")
        }
    }
}

/// How documents are split into passages.
public struct PassageRecipe: Codable, Equatable, Sendable {
    public enum Size: Hashable, Sendable {
        /// The most that the embedding model reads; whole documents in an index without one.
        case auto
        /// Each document is one passage.
        case whole
        /// The most words of a passage.
        case words(Int)
    }

    public var size: Size
    /// The words that a passage shares with the one before it, where the size is one in words.
    public var overlap: Int

    public init(size: Size = .auto, overlap: Int = 0) {
        self.size = size
        self.overlap = overlap
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case size, overlap }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        size = try values.decode(.size, default: .auto)
        overlap = try values.decode(.overlap, default: 0)
        try validate()
    }

    /// - Throws: `TrawlError.invalidInput` unless the overlap is less than a size in words, or 0.
    public func validate() throws {
        if overlap == 0 { return }
        guard case .words(let words) = size, 0..<words ~= overlap else {
            throw TrawlError(
                .invalidInput, "passages that share \(overlap) words must have a size of more words than that",
                remedy: "give a size in words, or no overlap", topic: .passages)
        }
    }
}

/// As in a recipe: `auto`, `none` or a number of words.
extension PassageRecipe.Size: Codable {
    public init?(_ text: String) {
        switch text {
        case "auto": self = .auto
        case "none", "0": self = .whole
        default:
            guard let words = Int(text), words > 0 else { return nil }
            self = .words(words)
        }
    }

    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        let text = try (try? value.decode(Int.self)).map { "\($0)" } ?? value.decode(String.self)
        guard let size = Self(text) else {
            throw TrawlError(
                .invalidInput, "passages: the size \(text) is not known", remedy: "use auto, none, or a number of words"
            )
        }
        self = size
    }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .auto: try value.encode("auto")
        case .whole: try value.encode("none")
        case .words(let words): try value.encode(words)
        }
    }
}
