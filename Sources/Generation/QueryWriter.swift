internal import Foundation
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
        /// Logits are divided by it before a token is drawn; 0 takes the likeliest token.
        public var temperature = 0.7
        /// A token is drawn from this many of the likeliest.
        public var candidates = 20
        /// The most tokens of a query; what goes on is dropped.
        public var maximumTokens = 48
        /// The most tokens of a passage; longer ones are cut.
        public var passageTokens = 256
        public var seed: UInt64 = 1

        public init() {}
    }

    public let parameters: Parameters
    private let session: any DecodingSession
    private let prompt: PassagePrompt
    private let isEnd: @Sendable (TokenID) -> Bool
    private let decode: @Sendable ([TokenID]) -> String

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
        try require(parameters.temperature, in: 0...10, "temperature")
        try require(parameters.candidates, in: 1...10_000, "candidates")
        try require(parameters.maximumTokens, in: 1...1_000, "maximumTokens")
        try require(parameters.passageTokens, in: 1...Int(Int32.max), "passageTokens")
        prompt = try PassagePrompt(parameters.prompt, start: start, encode: encode)
        self.parameters = parameters
        self.session = session
        self.isEnd = isEnd
        self.decode = decode
    }

    /// A query that is being written.
    private struct Draft {
        let passage: Int
        var random: SplitMix64
        var node: CacheNode
        var tokens: [TokenID] = []
    }

    /// For each of `passages`, up to `count` different queries; fewer where the model ended none, or the same twice.
    ///
    /// All passages are read and written for in step. What is drawn for a passage depends on the seed and its `number`
    /// alone, not on the others.
    public func write(_ passages: [(number: Int, text: String)], count: Int) throws -> [[String]] {
        var queries = [[String]](repeating: [], count: passages.count)
        guard !passages.isEmpty, count > 0 else { return queries }
        session.reset()
        let context = session.contextLength
        let room = min(prompt.frameLength + parameters.passageTokens, context - parameters.maximumTokens)
        let prompts = try passages.map {
            try prompt.tokens(
                for: $0.text, room: room, remedy: "shorten the prompt; the model's context has \(context)")
        }
        var drafts: [Draft] = []
        var finished: [Draft] = []
        var step = try session.prefill(prompts)
        for place in passages.indices {
            for copy in 0..<count {
                var seeds = SplitMix64(
                    seed: parameters.seed ^ (UInt64(passages[place].number) &* 0x9E37_79B9) &+ UInt64(copy) << 48)
                let draft = Draft(passage: place, random: SplitMix64(seed: seeds.next()), node: step.nodes[place])
                try continued(draft, behind: step.row(place), &drafts, &finished)
            }
        }
        for _ in 0..<parameters.maximumTokens where !drafts.isEmpty {
            step = try session.advance(
                drafts.map { DecodingRow(parent: $0.node, token: $0.tokens[$0.tokens.count - 1]) })
            var next: [Draft] = []
            for (row, draft) in drafts.enumerated() {
                var draft = draft
                draft.node = step.nodes[row]
                try continued(draft, behind: step.row(row), &next, &finished)
            }
            drafts = next
        }
        for draft in finished {
            let query = Self.cleaned(decode(draft.tokens).prefix { !$0.isNewline })
            if query.contains(where: \.isLetter), !queries[draft.passage].contains(query) {
                queries[draft.passage].append(query)
            }
        }
        return queries
    }

    /// Draws the next token of `draft`, which then goes on or is finished.
    private func continued(
        _ draft: Draft, behind logits: UnsafeBufferPointer<Float>, _ unfinished: inout [Draft],
        _ finished: inout [Draft]
    ) throws {
        var draft = draft
        let count = parameters.temperature == 0 ? 1 : parameters.candidates
        let best = TopTokens.select(logits, count: count, behind: nil, floor: -.infinity)
        guard let first = best.first else {
            throw TrawlError(.incompatible, "the model's logits are no numbers", remedy: "check its files")
        }
        var token = first.token
        if parameters.temperature > 0 {
            let shares = best.map { exp(Double($0.logit - first.logit) / parameters.temperature) }
            var place = Double(draft.random.next() >> 11) / Double(1 << 53) * shares.reduce(0, +)
            for (entry, share) in zip(best, shares) {
                token = entry.token
                place -= share
                if place < 0 { break }
            }
        }
        if isEnd(token) {
            finished.append(draft)
            return
        }
        draft.tokens.append(token)
        // What stands before the end of the line may be part of the same token.
        if decode([token]).contains(where: \.isNewline) { finished.append(draft) } else { unfinished.append(draft) }
    }

    /// Without white space and quotation marks around it.
    private static func cleaned(_ text: Substring) -> String {
        let marks: Set<Character> = ["\"", "“", "”", "'", "`", "*"]
        let rest = text.drop { $0.isWhitespace || marks.contains($0) }
        guard let last = rest.lastIndex(where: { !$0.isWhitespace && !marks.contains($0) }) else { return "" }
        return String(rest[...last])
    }
}
