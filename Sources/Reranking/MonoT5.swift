internal import Glibc
public import TrawlCore
public import TrawlModels

/// Scores a passage by the probability that an encoder-decoder writes "true" rather than "false" after query and passage
/// (Nogueira et al. 2020, arXiv 2003.06713).
public struct MonoT5: PairScorer {
    /// The most tokens of a prompt; the context's length where that is shorter.
    public let maximumTokens: Int
    /// The path of the model, for messages.
    public var model: String?
    private let session: any DecodingSession
    private let answers: (yes: TokenID, no: TokenID)
    private let end: [TokenID]
    private let encode: @Sendable (String) throws -> [TokenID]

    /// The tokens of prompts that are read together, at most, unless one prompt has more.
    private static let batchTokens = 2048

    /// The words that such models were trained to write, as SentencePiece has them: monoT5's, and those of its
    /// multilingual form.
    public static let words = [(yes: "▁true", no: "▁false"), (yes: "▁yes", no: "▁no")]

    /// - Parameters:
    ///   - answers: the tokens of the two answers.
    ///   - end: The special tokens that end every text of this model.
    ///   - encode: The model's tokenizer, without special tokens.
    /// - Throws: `TrawlError.invalidInput` for answers outside the vocabulary.
    public init(
        session: any DecodingSession, answers: (yes: TokenID, no: TokenID), end: [TokenID], maximumTokens: Int = 512,
        encode: @escaping @Sendable (String) throws -> [TokenID]
    ) throws {
        for token in [answers.yes, answers.no] where Int(token) >= session.vocabularySize {
            throw TrawlError(.invalidInput, "the token \(token) is not one of \(session.vocabularySize)")
        }
        self.session = session
        self.answers = answers
        self.end = end
        self.maximumTokens = min(maximumTokens, session.contextLength)
        self.encode = encode
    }

    /// - Throws: `TrawlError.invalidInput` for an empty query, or one that leaves no space for a passage.
    public func judge(query: String, passages: [String]) throws -> PairScores {
        let fitted = try prompts(query: query, passages: passages)
        var scores = [Float](repeating: 0, count: passages.count)
        let order = fitted.indices.sorted { (fitted[$1].tokens.count, $0) < (fitted[$0].tokens.count, $1) }
        var first = 0
        while first < order.count {
            var next = first
            var tokens = 0
            while next < order.count {
                tokens += fitted[order[next]].tokens.count
                if next > first, tokens > Self.batchTokens { break }
                next += 1
            }
            session.reset()
            let step = try session.prefill(order[first..<next].map { fitted[$0].tokens })
            for (row, index) in order[first..<next].enumerated() {
                let logits = step.row(row)
                // The logarithm of the softmax over the two.
                scores[index] = -log1pf(expf(logits[Int(answers.no)] - logits[Int(answers.yes)]))
            }
            first = next
        }
        session.reset()
        return PairScores(scores, cutCount: fitted.count { $0.isCut }, model: model)
    }

    /// The prompt of each passage.
    func prompts(query: String, passages: [String]) throws -> [(tokens: [TokenID], isCut: Bool)] {
        guard query.contains(where: { !$0.isWhitespace }) else {
            throw TrawlError(.invalidInput, "the query is empty", remedy: "ask for something")
        }
        let prompt = try PassagePrompt(
            before: "Query: \(query) Document: ", after: " Relevant:", start: [], encode: encode)
        return try passages.map {
            let (tokens, isCut) = try prompt.fitted(
                $0, room: maximumTokens - end.count, remedy: "shorten the query, which takes tokens too")
            return (tokens + end, isCut)
        }
    }
}
