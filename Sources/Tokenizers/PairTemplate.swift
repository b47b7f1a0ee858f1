public import TrawlCore

/// Puts two texts that are tokens already together as a model reads them, within a number of tokens.
public struct PairTemplate: Sendable {
    /// nil for texts without special tokens.
    private let tokenizer: Tokenizer?

    /// Both texts between the special tokens that the tokenizer's model has for pairs.
    public init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

    private init() { tokenizer = nil }

    /// Both texts end to end, without special tokens: the first in segment 0, the second in segment 1.
    public static let plain = PairTemplate()

    /// How many special tokens an input has.
    public var specialCount: Int { tokenizer?.pairSpecialCount ?? 0 }

    /// Both texts as one input, and the segment of each token.
    public func input(
        _ first: ArraySlice<TokenID>, _ second: ArraySlice<TokenID>
    ) -> (tokens: [TokenID], segments: [UInt8]) {
        if let tokenizer {
            let (ids, segments) = tokenizer.assemble(pair: first, second)
            return (ids, segments)
        }
        return (
            Array(first) + second,
            [UInt8](repeating: 0, count: first.count) + [UInt8](repeating: 1, count: second.count)
        )
    }

    /// Both texts as one input, and the segment of each token. Where they are too long together, the longer one is cut first, at
    /// its end, as the `tokenizers` package's `longest_first` does.
    ///
    /// - Parameter maximum: The most tokens of the input, special ones included.
    public func input(
        _ first: [TokenID], _ second: [TokenID], maximum: Int
    ) -> (tokens: [TokenID], segments: [UInt8]) {
        let kept = Self.longestFirst(first.count, second.count, budget: max(0, maximum - specialCount))
        return input(first[..<kept.first], second[..<kept.second])
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
