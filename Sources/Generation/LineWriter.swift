internal import Foundation
public import TrawlCore
public import TrawlModels

/// Writes the rest of a line after each of several prompts, by tokens that are drawn from what a language model expects.
public struct LineWriter {
    /// How tokens are drawn.
    public struct Sampling: Sendable {
        /// Logits are divided by it before a token is drawn; 0 takes the likeliest token.
        public var temperature = 0.7
        /// A token is drawn from this many of the likeliest.
        public var candidates = 20
        /// The most tokens of a line; a line that is not over by then is dropped.
        public var maximumTokens = 48
        public var seed: UInt64 = 1

        public init() {}
    }

    public let sampling: Sampling
    private let session: any DecodingSession
    private let isEnd: @Sendable (TokenID) -> Bool
    private let decode: @Sendable ([TokenID]) -> String

    /// - Parameters:
    ///   - isEnd: Whether a token ends a text.
    ///   - decode: The model's tokenizer, from tokens to text.
    /// - Throws: `TrawlError.invalidInput` for a sampling out of its bounds.
    public init(
        session: any DecodingSession, isEnd: @escaping @Sendable (TokenID) -> Bool, sampling: Sampling = Sampling(),
        decode: @escaping @Sendable ([TokenID]) -> String
    ) throws {
        try require(sampling.temperature, in: 0...10, "temperature")
        try require(sampling.candidates, in: 1...10_000, "candidates")
        try require(sampling.maximumTokens, in: 1...1_000, "maximumTokens")
        self.sampling = sampling
        self.session = session
        self.isEnd = isEnd
        self.decode = decode
    }

    /// The most tokens that a prompt and its line may have together.
    public var contextLength: Int { session.contextLength }
    /// The most tokens that a prompt may have.
    public var longestPrompt: Int { contextLength - sampling.maximumTokens }

    /// A line that is being written.
    private struct Draft {
        let prompt: Int
        var random: SplitMix64
        var node: CacheNode
        var tokens: [TokenID] = []
    }

    /// For each of `prompts`, up to `count` different lines with a letter; fewer where the model ended none, or wrote the same twice.
    ///
    /// All prompts are read and continued in step. What is drawn for one depends on the seed and its `number` alone, not on the
    /// others.
    ///
    /// - Parameter prompts: At most `longestPrompt` tokens each, at least one.
    public func write(_ prompts: [(number: Int, tokens: [TokenID])], count: Int) throws -> [[String]] {
        var lines = [[String]](repeating: [], count: prompts.count)
        guard !prompts.isEmpty, count > 0 else { return lines }
        session.reset()
        var drafts: [Draft] = []
        var finished: [Draft] = []
        var step = try session.prefill(prompts.map(\.tokens))
        for place in prompts.indices {
            for copy in 0..<count {
                var seeds = SplitMix64(
                    seed: sampling.seed ^ (UInt64(prompts[place].number) &* 0x9E37_79B9) &+ UInt64(copy) << 48)
                let draft = Draft(prompt: place, random: SplitMix64(seed: seeds.next()), node: step.nodes[place])
                try extend(draft, by: step.row(place), &drafts, &finished)
            }
        }
        for _ in 0..<sampling.maximumTokens where !drafts.isEmpty {
            step = try session.advance(
                drafts.map { DecodingRow(parent: $0.node, token: $0.tokens[$0.tokens.count - 1]) })
            var next: [Draft] = []
            for (row, draft) in drafts.enumerated() {
                var draft = draft
                draft.node = step.nodes[row]
                try extend(draft, by: step.row(row), &next, &finished)
            }
            drafts = next
        }
        for draft in finished {
            let line = Self.cleaned(decode(draft.tokens).prefix { !$0.isNewline })
            if line.contains(where: \.isLetter), !lines[draft.prompt].contains(line) {
                lines[draft.prompt].append(line)
            }
        }
        return lines
    }

    /// Draws the next token of `draft`, which is then unfinished or finished.
    private func extend(
        _ draft: Draft, by logits: UnsafeBufferPointer<Float>, _ unfinished: inout [Draft], _ finished: inout [Draft]
    ) throws {
        var draft = draft
        let count = sampling.temperature == 0 ? 1 : sampling.candidates
        let best = TopTokens.select(logits, count: count, behind: nil, floor: -.infinity)
        guard let first = best.first else {
            throw TrawlError(.incompatible, "the model's logits are no numbers", remedy: "check its files")
        }
        var token = first.token
        if sampling.temperature > 0 {
            let shares = best.map { exp(Double($0.logit - first.logit) / sampling.temperature) }
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
        // The token that ends the line may begin with the line's last letters.
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
