public import TrawlCore
public import TrawlModels

/// Scores a passage by how probable a language model finds the query behind it: log P(query | passage).
///
/// The query-likelihood model of Ponte and Croft (1998), with a neural language model reading the passage as a prompt
/// (Sachan et al. 2022, arXiv 2204.07496).
public struct QueryLikelihood: PairScorer {
    public struct Parameters: Codable, Hashable, Sendable {
        /// What the model reads first; `{passage}` stands for the passage.
        public var prompt = "Passage: {passage}\nA question that this passage answers:"
        /// What is scored behind it; `{query}` stands for the query.
        public var continuation = " {query}"
        /// Whether the score is the mean over the query's tokens or their sum. The ranking is the same for one query;
        /// a mean compares over queries.
        public var isMean = true
        /// The most tokens of a prompt and the query together; the context's length when that is shorter.
        public var maximumTokens = 512
        /// How many tokens one pass of the model packs together.
        public var tokensPerPass = 4096

        public init() {}

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            prompt = try container.decodeIfPresent(String.self, forKey: .prompt) ?? prompt
            continuation = try container.decodeIfPresent(String.self, forKey: .continuation) ?? continuation
            isMean = try container.decodeIfPresent(Bool.self, forKey: .isMean) ?? isMean
            maximumTokens = try container.decodeIfPresent(Int.self, forKey: .maximumTokens) ?? maximumTokens
            tokensPerPass = try container.decodeIfPresent(Int.self, forKey: .tokensPerPass) ?? tokensPerPass
        }
    }

    public let parameters: Parameters
    /// The path of the model, for messages.
    public var model: String?
    private let session: any DecodingSession
    private let prompt: PassagePrompt
    private let encode: @Sendable (String) throws -> [TokenID]

    /// - Parameters:
    ///   - start: The special tokens that begin every text of this model.
    ///   - encode: The model's tokenizer, without special tokens.
    /// - Throws: `TrawlError.invalidInput` for templates without their places, or bounds below 1.
    public init(
        session: any DecodingSession, start: [TokenID] = [], parameters: Parameters = Parameters(),
        encode: @escaping @Sendable (String) throws -> [TokenID]
    ) throws {
        guard parameters.continuation.contains("{query}") else {
            throw TrawlError(
                .invalidInput, "the continuation \"\(parameters.continuation)\" has no place for the query",
                remedy: "write {query} where the query goes")
        }
        guard parameters.maximumTokens > 0, parameters.tokensPerPass > 0 else {
            throw TrawlError(.invalidInput, "maximumTokens and tokensPerPass must be at least 1")
        }
        prompt = try PassagePrompt(parameters.prompt, start: start, encode: encode)
        self.session = session
        self.parameters = parameters
        self.encode = encode
    }

    /// - Throws: `TrawlError.invalidInput` for a query without tokens, or one that leaves no room for a passage.
    public func judge(query: String, passages: [String]) throws -> PairScores {
        let continuation = try encode(parameters.continuation.replacing("{query}", with: query))
        guard query.contains(where: { !$0.isWhitespace }), !continuation.isEmpty else {
            throw TrawlError(.invalidInput, "the query is empty", remedy: "ask for something")
        }
        let room = min(parameters.maximumTokens, session.contextLength) - continuation.count
        let fitted = try passages.map { try self.fitted($0, room: room) }
        let prompts = fitted.map(\.tokens)
        var scores: [Float] = []
        scores.reserveCapacity(passages.count)
        var first = 0
        while first < prompts.count {
            var end = first
            var tokens = 0
            while end < prompts.count {
                tokens += prompts[end].count + continuation.count
                if end > first && tokens > parameters.tokensPerPass { break }
                end += 1
            }
            let rows = try session.logProbabilities(
                of: Array(repeating: continuation, count: end - first), after: Array(prompts[first..<end]))
            for row in rows {
                let sum = row.reduce(0) { $0 + Double($1) }
                scores.append(Float(parameters.isMean ? sum / Double(continuation.count) : sum))
            }
            first = end
        }
        return PairScores(scores, cutCount: fitted.count { $0.isCut }, model: model)
    }

    /// The prompt's tokens, the passage cut at its end so that there are at most `room`.
    func fitted(_ passage: String, room: Int) throws -> (tokens: [TokenID], isCut: Bool) {
        try prompt.fitted(
            passage, room: room,
            remedy:
                "shorten the query, which takes tokens too, or raise maximumTokens (the context has \(session.contextLength))"
        )
    }
}
