import TrawlCore
public import TrawlEmbeddings
public import TrawlTensors

/// The embedding model, what it reads of passages, and how vectors are stored.
public struct DenseRecipe: RecipeSection {
    public static let sectionName = "dense"
    public static var entryNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// The name of a model under `${TRAWL_HOME}/models`, or a path.
    public var model = ModelCatalogue.defaultEmbedder
    /// Text before each passage; nil takes what the model's own files say.
    public var passagePrompt: String?
    /// The model's arithmetic.
    public var precision = Precision.f32
    public var vectors = VectorRecipe()

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable { case model, passagePrompt, precision, vectors }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        model = try values.decode(.model, default: model)
        passagePrompt = try values.decodeIfPresent(String.self, forKey: .passagePrompt)
        precision = try values.decode(.precision, default: .f32)
        vectors = try values.decode(.vectors, default: VectorRecipe())
    }

    public mutating func renameModels(_ name: (String) -> String) { model = name(model) }
}

/// What the embedding model reads of queries, and how hard nearest neighbours are searched.
public struct DenseSettings: RecipeSection {
    public static let sectionName = DenseRecipe.sectionName
    public static var entryNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// Text before each query; nil takes what the model's own files say.
    public var queryPrompt: String?
    /// The task that the model is told with each query, and examples of it, for models that are made for that.
    public var instruction: String?
    public var examples: [InstructionExample] = []
    /// The model's arithmetic for queries; nil: the recipe's.
    public var queryPrecision: Precision?
    /// Whether every vector is compared, whatever structure there is.
    public var isExact = false
    /// The vectors that a search through a graph keeps (efSearch): more is more accurate and slower. nil: what the limit
    /// asks for.
    public var searchWidth: Int?
    /// The passages found first whose vectors move that of the query, before it searches again; 0 for none.
    public var feedback = 0
    /// What the mean of their vectors counts beside that of the query.
    public var feedbackWeight = DenseSettings.defaultFeedbackWeight

    public static let defaultFeedbackWeight: Float = 0.4

    /// Whether the vectors of queries go through the adapter that was fitted to the index.
    public var usesAdapter = false

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable {
        case queryPrompt, instruction, examples, queryPrecision
        case isExact = "exact"
        case searchWidth = "efSearch"
        case feedback, feedbackWeight
        case usesAdapter = "adapter"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        queryPrompt = try values.decodeIfPresent(String.self, forKey: .queryPrompt)
        instruction = try values.decodeIfPresent(String.self, forKey: .instruction)
        examples = try values.decode(.examples, default: [])
        queryPrecision = try values.decodeIfPresent(Precision.self, forKey: .queryPrecision)
        isExact = try values.decode(.isExact, default: false)
        searchWidth = try values.decodeIfPresent(Int.self, forKey: .searchWidth)
        feedback = try values.decode(.feedback, default: 0)
        feedbackWeight = try values.decode(.feedbackWeight, default: Self.defaultFeedbackWeight)
        usesAdapter = try values.decode(.usesAdapter, default: false)
    }

    public func validate() throws {
        guard queryPrompt == nil || (instruction == nil && examples.isEmpty) else {
            throw TrawlError(
                .invalidInput, "a query prompt excludes an instruction and examples",
                remedy: "give either queryPrompt, or instruction and examples")
        }
        if let searchWidth, searchWidth < 1 {
            throw TrawlError(.invalidInput, "efSearch is \(searchWidth)", remedy: "it must be at least 1")
        }
        guard feedback >= 0, feedbackWeight >= 0, feedbackWeight.isFinite else {
            throw TrawlError(
                .invalidInput, "feedback is \(feedback), its weight \(feedbackWeight)",
                remedy: "give numbers from 0 up")
        }
    }
}

extension IndexRecipe {
    public var dense: DenseRecipe {
        get { sections[DenseRecipe.self] }
        set { sections[DenseRecipe.self] = newValue }
    }
}

extension SearchSettings {
    public var dense: DenseSettings {
        get { sections[DenseSettings.self] }
        set { sections[DenseSettings.self] = newValue }
    }
}

extension SearchMode {
    /// Nearest neighbours of the query's embedding.
    public static let dense = SearchMode(rawValue: "dense")
}
