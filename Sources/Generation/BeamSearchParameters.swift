internal import TrawlCore

/// How n-grams are generated. The defaults are those that SEAL published for passage bodies.
public struct BeamSearchParameters: Codable, Hashable, Sendable {
    /// How many hypotheses go on at each step. Twice as many candidates are looked at, and all of them become keys.
    public var beams = 15
    /// The most tokens of an n-gram. Neither the prompt nor a forced prefix counts.
    public var length = 10
    /// The fewest tokens before the end token is allowed.
    public var minimumLength = 1
    /// The sum of log-probabilities is divided by length to this power. 0 leaves it a sum.
    public var lengthPenalty = 0.0
    /// Once an n-gram occurs at most this often, only the end token may follow it. 0 switches it off. Bodies only.
    public var stopAtCount = 0
    /// Allows the end token where no passage ends. Bodies only.
    public var alwaysAllowEnd = false
    /// Whether only tokens that continue the n-gram in the corpus are allowed. When false, generation is free, and the
    /// n-grams that do not occur are dropped afterwards.
    public var isConstrained = true
    /// The price, in nats for each token, of going on outside the corpus, if that is constrained: the constraint is
    /// soft. Such n-grams take beams from others and are no keys. Nil forbids it.
    public var softConstraint: Double?
    /// How the best candidates are found; all ways give the same ones.
    public var selection = CandidateSelection.adaptive

    public init(beams: Int = 15, length: Int = 10) {
        self.beams = beams
        self.length = length
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        func take<Value: Decodable>(_ key: CodingKeys, _ path: WritableKeyPath<Self, Value>) throws {
            if let value = try container.decodeIfPresent(Value.self, forKey: key) { self[keyPath: path] = value }
        }
        try take(.beams, \.beams)
        try take(.length, \.length)
        try take(.minimumLength, \.minimumLength)
        try take(.lengthPenalty, \.lengthPenalty)
        try take(.stopAtCount, \.stopAtCount)
        try take(.alwaysAllowEnd, \.alwaysAllowEnd)
        try take(.isConstrained, \.isConstrained)
        softConstraint = try container.decodeIfPresent(Double.self, forKey: .softConstraint)
        try take(.selection, \.selection)
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case beams, length, minimumLength, lengthPenalty, stopAtCount, alwaysAllowEnd, isConstrained, softConstraint,
            selection
    }

    /// - Throws: `TrawlError.invalidInput` for a setting out of its bounds.
    func validate() throws {
        try require(beams, in: 1...1024, "beams")
        try require(length, in: 1...256, "length")
        try require(minimumLength, in: 0...length, "minimumLength")
        try require(stopAtCount, in: 0...Int.max, "stopAtCount")
        if let softConstraint { try require(softConstraint, in: 0...1e6, "softConstraint") }
        try require(lengthPenalty, in: -10...10, "lengthPenalty")
    }
}

/// How the best continuations of the beams are found. The results are equal; the work is not.
public enum CandidateSelection: String, Codable, Hashable, Sendable {
    /// Lists the continuations of narrow ranges and walks wide ones lazily.
    case adaptive
    /// Walks each beam's tokens in descending probability and tests each until no better one can come.
    case lazy
    /// Lists all continuations of every range.
    case fullMask
}
