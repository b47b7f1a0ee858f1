public import TrawlCore
public import TrawlModels
internal import TrawlTensors

/// Scores a passage by how much likelier a language model says yes than no when it is asked whether the passage answers the
/// query: the logit of one word less that of the other.
public struct YesNoScorer: PairScorer {
    public let template: YesNoTemplate
    /// nil: the template's own.
    public let instruction: String?
    /// The most tokens of a prompt; the context's length where that is shorter.
    public let maximumTokens: Int
    /// The path of the model, for messages.
    public var model: String?
    private let choice: TokenChoice
    private let start: [TokenID]
    private let encode: @Sendable (String) throws -> [TokenID]

    /// - Parameters:
    ///   - start: The special tokens that begin every text of this model.
    ///   - encode: The model's tokenizer, without special tokens.
    /// - Throws: `TrawlError.incompatible` for a tokenizer that has no tokens for the answers, or the same for both.
    public init(
        model: DecoderModel, template: YesNoTemplate, instruction: String? = nil, maximumTokens: Int = 1024,
        start: [TokenID] = [], encode: @escaping @Sendable (String) throws -> [TokenID]
    ) throws {
        let words = [template.yes] + (template.no.map { [$0] } ?? [])
        let tokens = try words.map { word in
            guard let token = try encode(word).first else {
                throw TrawlError(.incompatible, "the model's tokenizer has no token for '\(word)'")
            }
            return token
        }
        guard Set(tokens).count == tokens.count else {
            throw TrawlError(
                .incompatible,
                "the model's tokens for \(words.map { "'\($0)'" }.joined(separator: " and ")) begin alike",
                remedy: "use another template")
        }
        choice = try TokenChoice(model, tokens: tokens)
        self.template = template
        self.instruction = instruction
        self.maximumTokens = min(maximumTokens, choice.contextLength)
        self.start = start
        self.encode = encode
    }

    /// - Throws: `TrawlError.invalidInput` for an empty query, or one that leaves no space for a passage.
    public func judge(query: String, passages: [String]) throws -> PairScores {
        let fitted = try prompts(query: query, passages: passages)
        let logits = try choice.logits(after: fitted.map(\.tokens))
        let width = choice.tokens.count
        let scores = passages.indices.map { index in
            width == 1 ? logits[index] : logits[index * width] - logits[index * width + 1]
        }
        return PairScores(scores, cutCount: fitted.count { $0.isCut }, model: model)
    }

    /// The prompt of each passage.
    func prompts(query: String, passages: [String]) throws -> [(tokens: [TokenID], isCut: Bool)] {
        guard query.contains(where: { !$0.isWhitespace }) else {
            throw TrawlError(.invalidInput, "the query is empty", remedy: "ask for something")
        }
        let (before, after) = template.frame(query: query, instruction: instruction)
        let prompt = try PassagePrompt(before: before, after: after, start: start, encode: encode)
        return try passages.map {
            try prompt.fitted($0, room: maximumTokens, remedy: "shorten the query, which takes tokens too")
        }
    }
}
