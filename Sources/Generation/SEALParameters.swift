import TrawlCore

/// How a passage is scored by the n-grams that it contains (SEAL, section 3.3 of arXiv 2204.10628).
public enum SEALScoring: String, Codable, CaseIterable, Hashable, Sendable {
    /// The probability of the passage's best complete n-gram ("LM").
    case likelihood = "lm"
    /// The highest weight of the passage's n-grams; weights fall with the count in the corpus ("LM+FM").
    case frequency = "lm+fm"
    /// All n-grams of the passage that do not overlap, discounted by the words that they repeat, and unigrams.
    case intersective
    /// As `intersective`, with weights that do not look at counts.
    case intersectiveLikelihood = "intersective-lm"

    var usesFrequency: Bool { self == .frequency || self == .intersective }
    var isIntersective: Bool { self == .intersective || self == .intersectiveLikelihood }
}

/// Everything that can be set in generative search. The defaults are SEAL's published ones, in their correct form.
public struct SEALParameters: Codable, Hashable, Sendable {
    public var body = BeamSearchParameters()
    /// Nil when passages have no titles to be generated.
    public var title: BeamSearchParameters? = BeamSearchParameters(beams: 15, length: 15)
    /// Nil when passages have no identifiers beside title and text to be generated.
    public var identifier: BeamSearchParameters? = BeamSearchParameters(beams: 15, length: 15)
    /// What stands before each identifier of a passage, behind its text: pseudo-queries (MINDER, arXiv 2305.16675).
    public static let identifierMark = " ||"
    /// The longest span of the query's words that is taken as a key as it stands; 0 for none.
    public var queryNGrams = 3
    /// Whether body keys are scored anew behind the rescoring prompt.
    public var rescores = true
    public var scoring = SEALScoring.intersective
    /// The exponent of key weights.
    public var alpha = 2.0
    /// Weights that were fitted to judged queries, in place of SEAL's; they weigh n-grams, not unigrams.
    public var keyWeights: LearnedKeyWeights?
    /// The exponent of unigram weights. 1 in the published code, where it was forgotten.
    public var unigramAlpha = 2.0
    /// How much of a key's weight it loses when all its words have been seen.
    public var beta = 0.8
    /// The share of the best key in the final score.
    public var gamma = 0.0
    /// How many unigrams, by probability, take part.
    public var unigrams = 5000
    /// A key that occurs more often is not located.
    public var maximumOccurrences = 1500
    /// How many passages get the full pass.
    public var maximumPassages = 1500
    /// How many queries decode together.
    public var batchSize = 8

    public init() {}

    /// As `SEALParameters()`, with the quirk of the published code that costs nothing to keep.
    public static var compatible: SEALParameters {
        var parameters = SEALParameters()
        parameters.unigramAlpha = 1
        return parameters
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        func take<Value: Decodable>(_ key: CodingKeys, _ path: WritableKeyPath<Self, Value>) throws {
            if let value = try container.decodeIfPresent(Value.self, forKey: key) { self[keyPath: path] = value }
        }
        try take(.body, \.body)
        // An explicit null switches titles off; a missing key keeps the default.
        if container.contains(.title) {
            title = try container.decodeIfPresent(TitleParameters.self, forKey: .title)?.parameters
        }
        if container.contains(.identifier) {
            identifier = try container.decodeIfPresent(TitleParameters.self, forKey: .identifier)?.parameters
        }
        try take(.queryNGrams, \.queryNGrams)
        try take(.rescores, \.rescores)
        try take(.scoring, \.scoring)
        try take(.alpha, \.alpha)
        keyWeights = try container.decodeIfPresent(LearnedKeyWeights.self, forKey: .keyWeights)
        try take(.unigramAlpha, \.unigramAlpha)
        try take(.beta, \.beta)
        try take(.gamma, \.gamma)
        try take(.unigrams, \.unigrams)
        try take(.maximumOccurrences, \.maximumOccurrences)
        try take(.maximumPassages, \.maximumPassages)
        try take(.batchSize, \.batchSize)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(body, forKey: .body)
        try container.encode(title, forKey: .title)
        try container.encode(identifier, forKey: .identifier)
        try container.encode(queryNGrams, forKey: .queryNGrams)
        try container.encode(rescores, forKey: .rescores)
        try container.encode(scoring, forKey: .scoring)
        try container.encode(alpha, forKey: .alpha)
        try container.encodeIfPresent(keyWeights, forKey: .keyWeights)
        try container.encode(unigramAlpha, forKey: .unigramAlpha)
        try container.encode(beta, forKey: .beta)
        try container.encode(gamma, forKey: .gamma)
        try container.encode(unigrams, forKey: .unigrams)
        try container.encode(maximumOccurrences, forKey: .maximumOccurrences)
        try container.encode(maximumPassages, forKey: .maximumPassages)
        try container.encode(batchSize, forKey: .batchSize)
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case body, title, identifier, queryNGrams, rescores
        case scoring, alpha, keyWeights, unigramAlpha, beta, gamma, unigrams
        case maximumOccurrences, maximumPassages, batchSize
    }

    /// Titles and identifiers are longer than bodies by default.
    private struct TitleParameters: Decodable {
        let parameters: BeamSearchParameters
        private enum CodingKeys: String, CodingKey { case length }

        init(from decoder: any Decoder) throws {
            var parameters = try BeamSearchParameters(from: decoder)
            if try !decoder.container(keyedBy: CodingKeys.self).contains(.length) { parameters.length = 15 }
            self.parameters = parameters
        }
    }

    /// - Throws: `TrawlError.invalidInput` for a setting out of its bounds.
    public func validate() throws {
        try body.validate()
        try title?.validate()
        try identifier?.validate()
        try require(queryNGrams, in: 0...16, "queryNGrams")
        try require(alpha, in: 0...16, "alpha")
        try require(unigramAlpha, in: 0...16, "unigramAlpha")
        try require(beta, in: 0...1, "beta")
        try require(gamma, in: 0...1, "gamma")
        try require(unigrams, in: 0...Int(Int32.max), "unigrams")
        try require(maximumOccurrences, in: 0...Int(Int32.max), "maximumOccurrences")
        try require(maximumPassages, in: 1...Int(Int32.max), "maximumPassages")
        try require(batchSize, in: 1...1024, "batchSize")
    }
}

/// What the generator reads before it writes; `{query}` stands for the query. Part of an index's recipe.
public struct SEALPrompts: Codable, Hashable, Sendable {
    /// Before an n-gram of a passage is generated.
    public var body: String
    /// Before a title is generated, and before titles are scored; nil when the generator writes no titles.
    public var title: String?
    /// Before an identifier is generated, and before identifiers are scored; nil when the generator writes none of
    /// their own.
    public var identifier: String?
    /// Before body and query n-grams are scored.
    public var rescoring: String

    /// SEAL's own, for a generator that was trained on them.
    public init(
        body: String = "{query} || body", title: String? = "{query} || title", identifier: String? = nil,
        rescoring: String = "{query}"
    ) {
        self.body = body
        self.title = title
        self.identifier = identifier
        self.rescoring = rescoring
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case body, title, identifier, rescoring }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        body = try values.decode(String.self, forKey: .body)
        title = try values.decodeIfPresent(String.self, forKey: .title)
        identifier = try values.decodeIfPresent(String.self, forKey: .identifier)
        rescoring = try values.decode(String.self, forKey: .rescoring)
    }
}

func require<Value: Comparable>(_ value: Value, in bounds: ClosedRange<Value>, _ name: String) throws {
    guard bounds.contains(value) else {
        throw TrawlError(
            .invalidInput, "\(name) is \(value)",
            remedy: "set it between \(bounds.lowerBound) and \(bounds.upperBound)")
    }
}
