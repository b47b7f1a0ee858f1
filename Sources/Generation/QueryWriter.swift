public import TrawlCore
public import TrawlModels

/// Writes queries that passages answer, by a language model that reads the passages (doc2query: Nogueira et al. 2019, arXiv
/// 1904.08375; as training data: Bonifacio et al. 2022, arXiv 2202.05144).
public struct QueryWriter {
    public struct Parameters: Sendable {
        /// What the model reads; `{passage}` stands for the passage. It goes on to the end of the line.
        public var prompt = """
            Passage: Honey bees returning to the hive dance to tell others where food is. The angle of the dance to the vertical \
            gives the direction relative to the sun, and its length the distance.
            Question: how do bees tell each other where flowers are

            Passage: The canal lock was rebuilt in 1822 after a flood had carried away its upper gates. Its stone walls are \
            still those of that year.
            Question: why was the canal lock rebuilt

            Passage: {passage}
            Question:
            """
        /// The most tokens of a passage; longer ones are cut.
        public var passageTokens = 256
        public var sampling = LineWriter.Sampling()

        public init() {}
    }

    public let parameters: Parameters
    private let lines: LineWriter
    private let prompt: PassagePrompt

    /// - Parameters:
    ///   - start: The special tokens that begin every text of the model.
    ///   - isEnd: Whether a token ends a text.
    ///   - encode: The model's tokenizer, without special tokens, and `decode` its inverse.
    /// - Throws: `TrawlError.invalidInput` for parameters out of their bounds, or a prompt without a place for the passage.
    public init(
        session: any DecodingSession, start: [TokenID], isEnd: @escaping @Sendable (TokenID) -> Bool,
        parameters: Parameters = Parameters(),
        encode: @escaping @Sendable (String) throws -> [TokenID], decode: @escaping @Sendable ([TokenID]) -> String
    ) throws {
        try require(parameters.passageTokens, in: 1...Int(Int32.max), "passageTokens")
        lines = try LineWriter(session: session, isEnd: isEnd, sampling: parameters.sampling, decode: decode)
        prompt = try PassagePrompt(parameters.prompt, start: start, encode: encode)
        self.parameters = parameters
    }

    /// For each of `passages`, up to `count` different queries: see `LineWriter.write`.
    public func write(_ passages: [(number: Int, text: String)], count: Int) throws -> [[String]] {
        guard !passages.isEmpty, count > 0 else { return [[String]](repeating: [], count: passages.count) }
        let room = min(prompt.frameLength + parameters.passageTokens, lines.longestPrompt)
        let prompts = try passages.map { passage in
            (
                number: passage.number,
                tokens: try prompt.tokens(
                    for: passage.text, room: room,
                    remedy: "shorten the prompt; the model's context has \(lines.contextLength)")
            )
        }
        return try lines.write(prompts, count: count)
    }
}
