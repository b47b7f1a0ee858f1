import TrawlCore
public import TrawlTensors

/// One stage of reranking.
public struct RerankSettings: Codable, Equatable, Sendable {
    /// The name of a reranker in `Rerankers`; nil: the first that can use the model.
    public var reranker: String?
    /// The model, by name or path; nil: the reranker's default.
    public var model: String?
    /// The best hits that are reranked; the others keep their order after them.
    public var depth: Int
    /// The weight of the new scores, from 0 to 1: below 1 they are added to the old ones, both by min-max. nil: that of
    /// the reranker (`RerankerKind.weight`), and 1 after another reranker.
    public var weight: Float?
    /// The model's arithmetic.
    public var precision: Precision
    /// The most windows in which a cross-encoder reads a passage that is longer than it reads at once; the best counts.
    public var windows: Int
    /// How a language model is asked, one of `YesNoTemplate.all`; nil: by the model.
    public var template: String?
    /// The task in words, where the template has a place for it; nil: the template's own.
    public var instruction: String?

    static let windowCounts = 1...4

    public init(
        reranker: String? = nil, model: String? = nil, depth: Int = 20, weight: Float? = nil,
        precision: Precision = .f32,
        windows: Int = 4, template: String? = nil, instruction: String? = nil
    ) {
        self.reranker = reranker
        self.model = model
        self.depth = depth
        self.weight = weight
        self.precision = precision
        self.windows = windows
        self.template = template
        self.instruction = instruction
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case reranker, model, depth, weight, precision, windows, template, instruction
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        let defaults = RerankSettings()
        reranker = try values.decodeIfPresent(String.self, forKey: .reranker)
        model = try values.decodeIfPresent(String.self, forKey: .model)
        depth = try values.decode(.depth, default: defaults.depth)
        weight = try values.decodeIfPresent(Float.self, forKey: .weight)
        precision = try values.decode(.precision, default: defaults.precision)
        windows = try values.decode(.windows, default: defaults.windows)
        template = try values.decodeIfPresent(String.self, forKey: .template)
        instruction = try values.decodeIfPresent(String.self, forKey: .instruction)
    }
}
