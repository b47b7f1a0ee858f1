public import TrawlCore
public import TrawlModels

/// Orders passages by asking a language model for a list of them, a window at a time from the end of the ranking to its
/// beginning, so that good passages move up (RankGPT: Sun et al. 2023, arXiv 2304.09542).
public struct ListwiseRanker {
    public struct Parameters: Hashable, Sendable {
        /// The passages that the model sees at once.
        public var window = 20
        /// How far the window moves.
        public var step = 10
        /// The most tokens of a passage; less where the context is too short for a window of these.
        public var passageTokens = 100

        public init() {}
    }

    /// An order of passages, and how it came about.
    public struct Order: Hashable, Sendable {
        /// The passages' indices, the best first.
        public let passages: [Int]
        public let windowCount: Int
        /// Windows whose answers did not name each passage once.
        public let repairedCount: Int
        /// The passages that the model did not read to their ends.
        public let cutCount: Int
    }

    /// What the model reads around the passages, and what its answer begins with.
    public struct Frame: Hashable, Sendable {
        public var before = ""
        public var after = "\n"

        public init() {}

        /// The turns of ChatML.
        public static var chat: Frame {
            var frame = Frame()
            frame.before = "<|im_start|>user\n"
            frame.after = "<|im_end|>\n<|im_start|>assistant\n"
            return frame
        }
    }

    public let parameters: Parameters
    private let session: any DecodingSession
    private let frame: Frame
    private let start: [TokenID]
    private let isEnd: @Sendable (TokenID) -> Bool
    private let encode: @Sendable (String) throws -> [TokenID]
    private let decode: @Sendable ([TokenID]) -> String

    /// The tokens that an answer takes for each passage, at most: "[20] > ".
    private static let answerTokens = 6

    /// - Parameters:
    ///   - start: The special tokens that begin every text of this model.
    ///   - isEnd: Whether a token ends a text.
    ///   - encode: The model's tokenizer, without special tokens, and `decode` its inverse.
    /// - Throws: `TrawlError.invalidInput` for a window of fewer than 2 passages, or a step that is not within it.
    public init(
        session: any DecodingSession, frame: Frame, parameters: Parameters = Parameters(), start: [TokenID],
        isEnd: @escaping @Sendable (TokenID) -> Bool, encode: @escaping @Sendable (String) throws -> [TokenID],
        decode: @escaping @Sendable ([TokenID]) -> String
    ) throws {
        guard parameters.window >= 2, 1...parameters.window ~= parameters.step, parameters.passageTokens >= 1 else {
            throw TrawlError(
                .invalidInput, "a window of \(parameters.window) passages that moves by \(parameters.step)",
                remedy: "take at least 2 passages, and a step of at most the window")
        }
        self.session = session
        self.frame = frame
        self.parameters = parameters
        self.start = start
        self.isEnd = isEnd
        self.encode = encode
        self.decode = decode
    }

    /// - Throws: `TrawlError.invalidInput` for an empty query, or one that leaves no space for passages.
    public func order(query: String, passages: [String]) throws -> Order {
        guard query.contains(where: { !$0.isWhitespace }) else {
            throw TrawlError(.invalidInput, "the query is empty", remedy: "ask for something")
        }
        var order = Array(passages.indices)
        guard passages.count > 1 else {
            return Order(passages: order, windowCount: 0, repairedCount: 0, cutCount: 0)
        }
        let texts = try passages.map { try encode(" " + $0.split(whereSeparator: \.isNewline).joined(separator: " ")) }
        var cut = Set<Int>()
        var repaired = 0
        let windows = Self.windows(count: passages.count, parameters)
        for window in windows {
            let numbers = order[window]
            let prompt = try prompt(query, numbers.map { texts[$0] })
            for (number, tokens) in zip(numbers, prompt.kept) where tokens < texts[number].count { cut.insert(number) }
            let answer = ListwiseAnswer("[" + (try write(prompt.tokens, count: window.count)), count: window.count)
            if !answer.isComplete { repaired += 1 }
            let before = Array(numbers)
            order.replaceSubrange(window, with: answer.order.map { before[$0] })
        }
        return Order(passages: order, windowCount: windows.count, repairedCount: repaired, cutCount: cut.count)
    }

    /// The windows in the order in which they are asked: the last passages first, and the first ones always.
    static func windows(count: Int, _ parameters: Parameters) -> [Range<Int>] {
        var end = count
        var start = max(0, count - parameters.window)
        var windows = [start..<end]
        while start > 0 {
            end -= parameters.step
            start = max(0, start - parameters.step)
            windows.append(start..<end)
        }
        return windows
    }

    /// The prompt with numbered passages, and how many tokens of each it has.
    private func prompt(_ query: String, _ texts: [[TokenID]]) throws -> (tokens: [TokenID], kept: [Int]) {
        let count = texts.count
        let opening = try encode(
            frame.before
                + "I will provide you with \(count) passages, each indicated by a numerical identifier []. Rank the "
                + "passages based on their relevance to the search query: \(query).\n")
        let closing = try encode(
            "\n\nSearch Query: \(query).\nRank the \(count) passages above based on their relevance to the search query. All "
                + "the passages should be included and listed using identifiers, in descending order of relevance. The "
                + "output format should be [] > [], e.g., [2] > [1]. Only respond with the ranking results, do not say any "
                + "word or explain." + frame.after + "[")
        let labels = try (1...count).map { try encode("\n[\($0)]") }
        let used = start.count + opening.count + closing.count + labels.reduce(0) { $0 + $1.count }
        let space = session.contextLength - used - count * Self.answerTokens
        guard space >= count else {
            throw TrawlError(
                .invalidInput, "the context of \(session.contextLength) tokens has no space for \(count) passages",
                remedy: "shorten the query, or take a model with a longer context")
        }
        let most = min(parameters.passageTokens, space / count)
        var tokens = start + opening
        for (label, text) in zip(labels, texts) { tokens += label + text.prefix(most) }
        return (tokens + closing, texts.map { min($0.count, most) })
    }

    /// The likeliest answer, up to the end of the text or of the line.
    private func write(_ prompt: [TokenID], count: Int) throws -> String {
        session.reset()
        defer { session.reset() }
        var step = try session.prefill([prompt])
        var tokens: [TokenID] = []
        while tokens.count < count * Self.answerTokens {
            let logits = step.row(0)
            var best = 0
            for token in logits.indices where logits[token] > logits[best] { best = token }
            let token = TokenID(best)
            if isEnd(token) { break }
            tokens.append(token)
            if decode([token]).contains(where: \.isNewline) { break }
            step = try session.advance([DecodingRow(parent: step.nodes[0], token: token)])
        }
        return decode(tokens)
    }
}
