public import TrawlCore
public import TrawlTensors

/// An input of an encoder: tokens, and for each the segment (0 or 1) that it belongs to; no segments mean all 0.
public struct EncoderInput: Sendable {
    public var tokens: [TokenID]
    public var segments: [UInt8]
    /// How many of the leading tokens are seen by the others; nil: all. Those after them see, and are not seen.
    public var visibleTokens: Int?

    public init(tokens: [TokenID], segments: [UInt8] = [], visibleTokens: Int? = nil) {
        self.tokens = tokens
        self.segments = segments
        self.visibleTokens = visibleTokens
    }
}

/// A model that gives every token of an input a hidden state: what embeddings and classifiers stand on.
///
/// It holds no state between calls and may be used from several threads at once.
public protocol TokenEncoder: Sendable {
    var vocabularySize: Int { get }
    /// The length of a token's state.
    var hiddenSize: Int { get }
    /// The longest input in tokens.
    var contextLength: Int { get }

    /// Computes the last layer's hidden states of all inputs.
    ///
    /// `consume` is called once for each input, on any thread, several at a time, in no particular order, with the
    /// input's number and its states `[tokens, hiddenSize]`, which are valid during the call. It must not run an encoder
    /// itself: that would use the same thread's memory.
    /// - Throws: `TrawlError.invalidInput` for an empty input, one longer than the context, a token outside the
    ///   vocabulary or a segment that the model has not, `.unsupported` for tokens that are not seen where the model is a
    ///   decoder.
    func encode(
        _ inputs: [EncoderInput], pool: ThreadPool,
        consume: (_ input: Int, _ states: UnsafeBufferPointer<Float>) -> Void
    ) throws

    /// As `encode`, for the state of each input's first token alone, `[hiddenSize]`: the last layer need not compute others.
    func encodeFirstTokens(
        _ inputs: [EncoderInput], pool: ThreadPool,
        consume: (_ input: Int, _ state: UnsafeBufferPointer<Float>) -> Void
    ) throws

    /// An encoder whose inputs continue `prefix`, which it computes once: its states are those of the tokens behind it. nil
    /// where a token's state depends on what follows it.
    /// - Throws: `TrawlError.invalidInput` for a prefix outside the vocabulary.
    func continuing(_ prefix: [TokenID]) throws -> (any TokenEncoder)?

    /// The arithmetic operations that the products of one sequence of `tokens` take, a multiply-add being two.
    func operations(tokens: Int) -> Double
}

extension TokenEncoder {
    public func continuing(_ prefix: [TokenID]) throws -> (any TokenEncoder)? { nil }

    public func encodeFirstTokens(
        _ inputs: [EncoderInput], pool: ThreadPool,
        consume: (_ input: Int, _ state: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        try encode(inputs, pool: pool) { consume($0, UnsafeBufferPointer(rebasing: $1.prefix(hiddenSize))) }
    }
}
