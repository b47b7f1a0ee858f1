import TrawlCore
public import TrawlTensors

/// The model that makes token vectors, and how they are stored.
public struct LateRecipe: RecipeSection {
    public static let sectionName = "late"
    public static var entryNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// A ColBERT checkpoint or an embedding model: the name of a model under `${TRAWL_HOME}/models`, or a path.
    public var model = ModelCatalogue.defaultEmbedder
    /// The model's arithmetic.
    public var precision = Precision.f32
    /// The bits per dimension of a stored residual: 1, 2 or 4.
    public var bits = 2

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable { case model, precision, bits }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        model = try values.decode(.model, default: model)
        precision = try values.decode(.precision, default: precision)
        bits = try values.decode(.bits, default: bits)
        try validate()
    }

    public mutating func renameModels(_ name: (String) -> String) { model = name(model) }

    public func validate() throws {
        guard [1, 2, 4].contains(bits) else {
            throw TrawlError(.invalidInput, "late.bits is \(bits)", remedy: "use 1, 2 or 4 bits per dimension")
        }
    }
}

/// How hard a search by late interaction tries.
public struct LateSettings: RecipeSection {
    public static let sectionName = LateRecipe.sectionName
    public static var entryNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// Whether every passage is scored.
    public var isExact = false
    /// The nearest centroids of each query token whose passages are candidates.
    public var probes = 16
    /// The candidates that are scored by all their tokens.
    public var candidates = 1024

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable {
        // Dense search calls its own `exact` too, in its own group.
        case isExact = "exact"
        case probes, candidates
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        isExact = try values.decode(.isExact, default: isExact)
        probes = try values.decode(.probes, default: probes)
        candidates = try values.decode(.candidates, default: candidates)
    }

    public func validate() throws {
        for (name, value) in [("probes", probes), ("candidates", candidates)] where value < 1 {
            throw TrawlError(.invalidInput, "\(name) is \(value)", remedy: "it must be at least 1")
        }
    }
}

extension IndexRecipe {
    public var late: LateRecipe {
        get { sections[LateRecipe.self] }
        set { sections[LateRecipe.self] = newValue }
    }
}

extension SearchSettings {
    public var late: LateSettings {
        get { sections[LateSettings.self] }
        set { sections[LateSettings.self] = newValue }
    }
}

extension SearchMode {
    /// Late interaction (ColBERT).
    public static let late = SearchMode(rawValue: "late")
}
