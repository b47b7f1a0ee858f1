public import TrawlCore

/// The special tokens and segments that a model expects around two texts, for texts that are tokens already.
public struct PairTemplate: Sendable {
    /// Two texts as one input; the arrays are parallel.
    public struct Input: Sendable, Equatable {
        public var tokens: [TokenID]
        public var segments: [UInt8]
    }

    private let start, middle, end: (tokens: [TokenID], segments: [UInt8])
    private let firstSegment, secondSegment: UInt8

    /// The number of special tokens.
    public var frameLength: Int { start.tokens.count + middle.tokens.count + end.tokens.count }

    /// - Throws: `TrawlError.unsupported` for a tokenizer that puts the second text before the first, or none at all.
    public init(_ tokenizer: Tokenizer) throws {
        let sample = tokenizer.encode(pair: ("a", "b"))
        let (first, second) = (
            tokenizer.encodeIDs("a", addSpecialTokens: false), tokenizer.encodeIDs("b", addSpecialTokens: false)
        )
        func part(_ range: Range<Int>) -> (tokens: [TokenID], segments: [UInt8]) {
            (Array(sample.ids[range]), Array(sample.typeIDs[range]))
        }
        let begin = sample.specialTokens.firstIndex(of: false) ?? 0
        let close = (sample.specialTokens.lastIndex(of: false) ?? sample.count - 1) + 1
        let (firstEnd, secondBegin) = (begin + first.count, close - second.count)
        guard firstEnd <= secondBegin, sample.ids[begin..<firstEnd].elementsEqual(first),
            sample.ids[secondBegin..<close].elementsEqual(second), !first.isEmpty, !second.isEmpty
        else {
            throw TrawlError(
                .unsupported, "the tokenizer makes no input of two texts",
                remedy: "use the tokenizer of a model that reads pairs, such as BERT's")
        }
        start = part(0..<begin)
        middle = part(firstEnd..<secondBegin)
        end = part(close..<sample.count)
        (firstSegment, secondSegment) = (sample.typeIDs[begin], sample.typeIDs[secondBegin])
    }

    /// Both texts with their special tokens. Where they are too long together, the longer one is cut first, at its end, as the
    /// `tokenizers` package's `longest_first` does.
    ///
    /// - Parameter maximum: The most tokens of the input, special ones included.
    public func input(_ first: [TokenID], _ second: [TokenID], maximum: Int) -> Input {
        let (keptFirst, keptSecond) = Self.longestFirst(
            first.count, second.count, budget: max(0, maximum - frameLength))
        var input = Input(tokens: [], segments: [])
        input.tokens.reserveCapacity(frameLength + keptFirst + keptSecond)
        input.segments.reserveCapacity(frameLength + keptFirst + keptSecond)
        input.tokens += start.tokens
        input.segments += start.segments
        input.tokens += first.prefix(keptFirst)
        input.segments += repeatElement(firstSegment, count: keptFirst)
        input.tokens += middle.tokens
        input.segments += middle.segments
        input.tokens += second.prefix(keptSecond)
        input.segments += repeatElement(secondSegment, count: keptSecond)
        input.tokens += end.tokens
        input.segments += end.segments
        return input
    }

    /// How many tokens of two texts are kept.
    static func longestFirst(_ first: Int, _ second: Int, budget: Int) -> (Int, Int) {
        guard first + second > budget else { return (first, second) }
        let half = budget / 2
        if first <= half { return (first, budget - first) }
        if second <= half { return (budget - second, second) }
        // The shorter one gets the smaller half.
        return first <= second ? (half, budget - half) : (budget - half, half)
    }
}
