public import TrawlCore
public import TrawlGeneration
public import TrawlTensors

/// What the substring index holds: passages as tokens of the generator's tokenizer.
public struct GenerativeRecipe: RecipeSection {
    public static let sectionName = "generative"
    public static var entryNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// The generator, whose tokenizer makes the tokens: the name of a model under `${TRAWL_HOME}/models`, or a path.
    public var model = ModelCatalogue.defaultGenerator
    /// What separates a title from its text, and ends an identifier.
    public var titleEnd = " @@"
    /// The field of documents' metadata whose texts are identifiers beside title and text, such as pseudo-queries; nil
    /// for none.
    public var identifiers: String?

    /// The field that `trawl index --pseudo-queries` fills.
    public static let defaultIdentifiers = "pseudo_queries"

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable { case model, titleEnd, identifiers }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        model = try values.decode(.model, default: model)
        titleEnd = try values.decode(.titleEnd, default: titleEnd)
        identifiers = try values.decodeIfPresent(String.self, forKey: .identifiers)
        guard !titleEnd.isEmpty else {
            throw TrawlError(
                .invalidInput, "generative.titleEnd is empty", remedy: "name the mark after titles, such as \" @@\"")
        }
    }

    public mutating func renameModels(_ name: (String) -> String) { model = name(model) }
}

/// The generator that writes n-grams, what it reads, and how the n-grams are weighted.
public struct GenerativeSettings: RecipeSection {
    public static let sectionName = GenerativeRecipe.sectionName
    public static var entryNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// The generator in place of the recipe's; it must have the same tokenizer.
    public var generator: String?
    /// What the model reads before it writes; nil for what suits its kind.
    public var prompts: SEALPrompts?
    public var parameters = GenerativeSettings.defaultParameters
    /// The model's arithmetic.
    public var precision = Precision.f32
    /// Whether n-grams have fitted weights, those of the generator's folder or general ones, or SEAL's.
    public var usesLearnedWeights = true
    /// The last document that `generator` was trained on, where it follows a growing index.
    public var trainedThrough: DocumentID?

    /// SEAL's published parameters but for two: a language model that was never trained to retrieve spreads its first
    /// token widely, which makes unigrams noise, and its most confident n-grams deserve more weight.
    public static let defaultParameters: SEALParameters = {
        var parameters = SEALParameters()
        parameters.unigrams = 0
        parameters.alpha = 3
        return parameters
    }()

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable {
        case generator, prompts, parameters, precision, trainedThrough
        case usesLearnedWeights = "learnedWeights"
    }

    /// The parameters of `defaultParameters` that are not SEAL's own.
    private enum TunedKeys: String, CodingKey { case unigrams, alpha }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        generator = try values.decodeIfPresent(String.self, forKey: .generator)
        prompts = try values.decodeIfPresent(SEALPrompts.self, forKey: .prompts)
        precision = try values.decode(.precision, default: .f32)
        trainedThrough = try values.decodeIfPresent(DocumentID.self, forKey: .trainedThrough)
        usesLearnedWeights = try values.decode(.usesLearnedWeights, default: true)
        parameters = try values.decode(.parameters, default: Self.defaultParameters)
        // A file that sets one parameter keeps our defaults for the others.
        if let given = try? values.nestedContainer(keyedBy: TunedKeys.self, forKey: .parameters) {
            if !given.contains(.unigrams) { parameters.unigrams = Self.defaultParameters.unigrams }
            if !given.contains(.alpha) { parameters.alpha = Self.defaultParameters.alpha }
        }
    }

    public func validate() throws {
        try parameters.validate()
        try prompts?.validate()
    }

    public mutating func renameModels(_ name: (String) -> String) { generator = generator.map(name) }

    /// Searches with another generator, the prompts that suit it, and the weights that it has itself.
    public mutating func setGenerator(_ model: String) {
        generator = model
        prompts = nil
        parameters.keyWeights = nil
        trainedThrough = nil
    }

    /// Sets how many hypotheses beam search keeps, for bodies, titles and identifiers.
    public mutating func setBeams(_ beams: Int) {
        parameters.body.beams = beams
        parameters.title?.beams = beams
        parameters.identifier?.beams = beams
    }

    /// Allows n-grams that do not occur in the corpus, at a penalty in nats per token.
    public mutating func setSoftConstraint(_ penalty: Double) {
        parameters.body.softConstraint = penalty
        parameters.title?.softConstraint = penalty
        parameters.identifier?.softConstraint = penalty
    }
}

extension IndexRecipe {
    public var generative: GenerativeRecipe {
        get { sections[GenerativeRecipe.self] }
        set { sections[GenerativeRecipe.self] = newValue }
    }
}

extension SearchSettings {
    public var generative: GenerativeSettings {
        get { sections[GenerativeSettings.self] }
        set { sections[GenerativeSettings.self] = newValue }
    }
}

extension SearchMode {
    /// SEAL: n-grams that a model writes.
    public static let generative = SearchMode(rawValue: "generative")
}
