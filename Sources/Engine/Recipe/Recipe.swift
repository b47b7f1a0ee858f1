import TrawlCore
public import TrawlEmbeddings
public import TrawlGeneration
public import TrawlLexicalIndex
public import TrawlTensors

/// What an index is made of: corpus, passages, models and parameters. Recipes are YAML files in `indexes/`; flags of
/// `trawl index` overrule them, and an index keeps the recipe that made it.
public struct Recipe: Codable, Equatable, Sendable {
    /// The sentence that `trawl ls` shows.
    public var description: String?
    public var corpus: CorpusRecipe
    public var passages: PassageRecipe
    /// Which ways of finding are built.
    public var build: [IndexComponent]
    public var lexical: LexicalRecipe
    public var dense: DenseRecipe
    public var generative: GenerativeRecipe
    public var fusion: FusionRecipe

    public init(
        description: String? = nil, corpus: CorpusRecipe = CorpusRecipe(), passages: PassageRecipe = PassageRecipe(),
        build: [IndexComponent] = IndexComponent.allCases, lexical: LexicalRecipe = LexicalRecipe(),
        dense: DenseRecipe = DenseRecipe(), generative: GenerativeRecipe = GenerativeRecipe(),
        fusion: FusionRecipe = FusionRecipe()
    ) {
        self.description = description
        self.corpus = corpus
        self.passages = passages
        self.build = build
        self.lexical = lexical
        self.dense = dense
        self.generative = generative
        self.fusion = fusion
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case description, corpus, passages, build, lexical, dense, generative, fusion
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        let standard = Recipe()
        description = try values.decodeIfPresent(String.self, forKey: .description)
        corpus = try values.decode(.corpus, default: standard.corpus)
        passages = try values.decode(.passages, default: standard.passages)
        build = try values.decode(.build, default: standard.build)
        lexical = try values.decode(.lexical, default: standard.lexical)
        dense = try values.decode(.dense, default: standard.dense)
        generative = try values.decode(.generative, default: standard.generative)
        fusion = try values.decode(.fusion, default: standard.fusion)
    }
}

extension Recipe {
    /// The field of metadata that `trawl index --pseudo-queries` fills.
    public static let standardIdentifiers = "pseudo_queries"
}

/// One of the three ways of finding.
public enum IndexComponent: String, Codable, CaseIterable, Sendable {
    case lexical, dense, generative
}

/// Where the documents come from.
public struct CorpusRecipe: Codable, Equatable, Sendable {
    /// Files or folders; relative ones are relative to the recipe, and `${TRAWL_HOME}` is Trawl's cache folder.
    public var paths: [String] = []
    /// A format of `CorpusFormat`, or nil to detect it.
    public var format: String?
    /// Which fields of a JSON document hold the id, the title and the text, where they have unusual names.
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

/// How documents are cut into passages.
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

/// BM25 and the analysis before it.
public struct LexicalRecipe: Codable, Equatable, Sendable {
    public var analysis = AnalyzerSettings.english
    public var k1: Float = 0.9
    public var b: Float = 0.4

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable { case analysis, k1, b }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        let standard = LexicalRecipe()
        analysis = try values.decode(.analysis, default: standard.analysis)
        k1 = try values.decode(.k1, default: standard.k1)
        b = try values.decode(.b, default: standard.b)
    }
}

/// The embedding model and its prompts.
public struct DenseRecipe: Codable, Equatable, Sendable {
    /// The name of a model under `${TRAWL_HOME}/models`, or a path.
    public var model = ModelCatalogue.defaultEmbedder
    /// Text put before each query and each passage; nil takes what the model's own files say.
    public var queryPrompt: String?
    public var passagePrompt: String?
    /// The task that a model is told with each query, and examples of it, for models that are made for that.
    public var instruction: String?
    public var examples: [InstructionExample] = []
    /// The model's arithmetic.
    public var precision = Precision.f32
    public var vectors = VectorRecipe()

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable {
        case model, queryPrompt, passagePrompt, instruction, examples, precision, vectors
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        model = try values.decode(.model, default: ModelCatalogue.defaultEmbedder)
        queryPrompt = try values.decodeIfPresent(String.self, forKey: .queryPrompt)
        passagePrompt = try values.decodeIfPresent(String.self, forKey: .passagePrompt)
        instruction = try values.decodeIfPresent(String.self, forKey: .instruction)
        examples = try values.decode(.examples, default: [])
        guard queryPrompt == nil || (instruction == nil && examples.isEmpty) else {
            throw TrawlError(
                .invalidInput, "dense: a query prompt leaves no room for an instruction or examples",
                remedy: "give either queryPrompt, or instruction and examples")
        }
        precision = try values.decode(.precision, default: .f32)
        vectors = try values.decode(.vectors, default: VectorRecipe())
    }
}

/// The model that writes n-grams, its prompts and the parameters of SEAL.
public struct GenerativeRecipe: Codable, Equatable, Sendable {
    public var model = ModelCatalogue.defaultGenerator
    /// What the model reads before it writes; nil for what suits its kind.
    public var prompts: SEALPrompts?
    public var parameters = GenerativeRecipe.standardParameters
    /// The model's arithmetic.
    public var precision = Precision.f32
    /// Whether n-grams are weighed as the generator's folder says, where it has fitted weights, or by SEAL's formula.
    public var usesLearnedWeights = true
    /// The field of documents' metadata whose texts are identifiers beside title and text, such as pseudo-queries; nil
    /// for none. It takes part in building.
    public var identifiers: String?

    /// SEAL's published parameters but for two: a language model that was never trained to retrieve spreads its first
    /// token widely, which makes unigrams noise, and its surest n-grams deserve more weight.
    public static let standardParameters: SEALParameters = {
        var parameters = SEALParameters()
        parameters.unigrams = 0
        parameters.alpha = 3
        return parameters
    }()

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable {
        case model, prompts, parameters, precision, identifiers
        case usesLearnedWeights = "learnedWeights"
    }

    /// The parameters of `standardParameters` that are not SEAL's own.
    private enum TunedKeys: String, CodingKey { case unigrams, alpha }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        model = try values.decode(.model, default: ModelCatalogue.defaultGenerator)
        prompts = try values.decodeIfPresent(SEALPrompts.self, forKey: .prompts)
        precision = try values.decode(.precision, default: .f32)
        usesLearnedWeights = try values.decode(.usesLearnedWeights, default: true)
        identifiers = try values.decodeIfPresent(String.self, forKey: .identifiers)
        parameters = try values.decode(.parameters, default: Self.standardParameters)
        // A recipe that sets one parameter keeps our standard for the others.
        if let given = try? values.nestedContainer(keyedBy: TunedKeys.self, forKey: .parameters) {
            if !given.contains(.unigrams) { parameters.unigrams = Self.standardParameters.unigrams }
            if !given.contains(.alpha) { parameters.alpha = Self.standardParameters.alpha }
        }
    }
}

/// How the rankings of several retrievers become one.
public struct FusionRecipe: Codable, Equatable, Sendable {
    public var method = FusionMethod.minMax
    /// The weight of each retriever; one that is missing or 0 does not run.
    public var weights: [String: Float] = ["dense": 1, "lexical": 1]
    /// The constant of reciprocal rank fusion.
    public var constant: Float = 60
    /// How many passages of each retriever are fused.
    public var depth = 1000

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable { case method, weights, constant, depth }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        let standard = FusionRecipe()
        method = try values.decode(.method, default: standard.method)
        weights = try values.decode(.weights, default: standard.weights)
        constant = try values.decode(.constant, default: standard.constant)
        depth = try values.decode(.depth, default: standard.depth)
        for name in weights.keys.sorted() where IndexComponent(rawValue: name) == nil {
            throw TrawlError(
                .invalidInput, "fusion: unknown retriever \"\(name)\"",
                remedy: "use \(IndexComponent.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard weights.values.allSatisfy({ $0 >= 0 && $0.isFinite }), constant >= 0, constant.isFinite, depth > 0 else {
            throw TrawlError(
                .invalidInput, "fusion: weights and constant must be numbers from 0 up, depth at least 1")
        }
    }
}
