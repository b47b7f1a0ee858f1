import TrawlCore
public import TrawlTensors

/// How to search.
public enum SearchMode: String, CaseIterable, Codable, Sendable {
    case generative, dense, lexical, hybrid
}

/// What to rerank with, and how deep.
public struct RerankOptions: Sendable {
    /// A cross-encoder's folder or a language model: a name or a path.
    public var model: String
    /// How many of the best passages are reranked; the others keep their order behind them.
    public var depth: Int
    /// The model's arithmetic.
    public var precision: Precision

    public init(model: String, depth: Int, precision: Precision = .f32) {
        self.model = model
        self.depth = depth
        self.precision = precision
    }
}

/// One way to search an index.
public struct SearchOptions: Sendable {
    public var mode: SearchMode
    /// The index's recipe with whatever the user changed: parameters of BM25, SEAL and fusion.
    public var recipe: Recipe
    /// How many hits to answer.
    public var limit = 10
    /// Whether a document stands in the answer once, with its best passage.
    public var collapsesDocuments = true
    /// Whether hits say which words and n-grams found them.
    public var explains = false
    public var reranking: RerankOptions?
    /// What documents must meet to be found.
    public var conditions: [DocumentCondition] = []
    /// Whether dense search compares all vectors, whatever structure there is.
    public var isExact = false
    /// The vectors that a walk through a graph keeps; nil: what the limit asks for.
    public var walkWidth: Int?

    public init(mode: SearchMode, recipe: Recipe) {
        self.mode = mode
        self.recipe = recipe
    }
}

extension Recipe {
    /// The mode of a search that names none: hybrid, or the only part that was built.
    public var standardMode: SearchMode {
        if build.count == 1, let only = build.first { return SearchMode(only) }
        return build.contains(.dense) && build.contains(.lexical)
            ? .hybrid : SearchMode(build.contains(.dense) ? .dense : .lexical)
    }
}

extension SearchMode {
    init(_ component: IndexComponent) {
        self =
            switch component {
            case .lexical: .lexical
            case .dense: .dense
            case .generative: .generative
            }
    }
}
