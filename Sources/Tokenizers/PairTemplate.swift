public import TrawlCore

/// Puts two texts that are tokens already together as a model reads them, within a number of tokens.
public struct PairTemplate: Sendable {
    private let tokenizer: Tokenizer

    public init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

    /// Both texts with their special tokens, and the segment of each token. Where they are too long together, the longer one is
    /// cut first, at its end, as the `tokenizers` package's `longest_first` does.
    ///
    /// - Parameter maximum: The most tokens of the input, special ones included.
    public func input(
        _ first: [TokenID], _ second: [TokenID], maximum: Int
    ) -> (tokens: [TokenID], segments: [UInt8]) {
        let kept = Self.longestFirst(
            first.count, second.count, budget: max(0, maximum - tokenizer.pairSpecialCount))
        let (ids, segments) = tokenizer.assemble(pair: first[..<kept.first], second[..<kept.second])
        return (ids, segments)
    }

    /// How many tokens of two texts are kept.
    public static func longestFirst(_ first: Int, _ second: Int, budget: Int) -> (first: Int, second: Int) {
        guard first + second > budget else { return (first, second) }
        let half = budget / 2
        if first <= half { return (first, budget - first) }
        if second <= half { return (budget - second, second) }
        // The shorter one gets the smaller half.
        return first <= second ? (half, budget - half) : (budget - half, half)
    }
}
