public import Core
internal import Tensors

/// What an encoder-decoder learns from at once: texts, and for each what the decoder shall write behind it.
///
/// All continuations of a source stand behind one encoding of it.
public struct GenerationBatch: Sendable {
    public struct Target: Sendable {
        /// What the decoder writes. Every token is predicted from those before it and the start token.
        public let tokens: [TokenID]
        /// What its losses are multiplied by.
        public let weight: Float

        public init(tokens: [TokenID], weight: Float = 1) {
            self.tokens = tokens
            self.weight = weight
        }
    }

    public struct Item: Sendable {
        /// With the special tokens that the encoder expects.
        public let source: [TokenID]
        public let targets: [Target]

        public init(source: [TokenID], targets: [Target]) {
            self.source = source
            self.targets = targets
        }
    }

    public let items: [Item]

    public init(_ items: [Item]) { self.items = items.filter { item in item.targets.contains { !$0.tokens.isEmpty } } }

    /// The tokens that are predicted.
    public var targetTokens: Int { items.reduce(0) { $0 + $1.targets.reduce(0) { $0 + $1.tokens.count } } }
}

/// A BERT encoder and a BERT decoder that attends to it (Rothe et al. 2020, arXiv 1907.12461), with gradients; the
/// network that transformers calls `EncoderDecoderModel`.
public final class EncoderDecoderNetwork {
    public let sizes: EncoderDecoderSizes
    /// All weights, in a fixed order.
    public let parameters: [Parameter]
    private let encoderEmbedding, decoderEmbedding: TrainedEmbedding
    private let encoderLayers, decoderLayers: [TrainedLayer]
    private let transform: TrainedLinear
    private let transformNorm: TrainedNorm
    private let outputBias: Parameter
    private let outputTable: Parameter

    init(
        sizes: EncoderDecoderSizes, parameters: [Parameter], encoder: (TrainedEmbedding, [TrainedLayer]),
        decoder: (TrainedEmbedding, [TrainedLayer]), transform: (TrainedLinear, TrainedNorm),
        output: (Parameter, Parameter)
    ) {
        self.sizes = sizes
        self.parameters = parameters
        (encoderEmbedding, encoderLayers) = encoder
        (decoderEmbedding, decoderLayers) = decoder
        (self.transform, transformNorm) = transform
        (outputTable, outputBias) = output
    }

    /// The word vectors, when encoder and decoder share them.
    var sharedWords: Parameter? { encoderEmbedding.words === outputTable ? outputTable : nil }

    /// The sum of the batch's losses over all predicted tokens. Gradients of `scale` times it are added to the parameters'.
    ///
    /// The batch runs in parts of at most `rowsAtOnce` tokens of sources and targets (or one item, if that has more), so that
    /// memory is bounded whatever its size. Every token must be in the vocabulary, and no sequence longer than the positions.
    public func accumulateGradients(
        _ batch: GenerationBatch, smoothing: Float, scale: Float, rowsAtOnce: Int = 1024, tape: Tape
    ) -> Double {
        var loss = 0.0
        var part: [GenerationBatch.Item] = []
        var rows = 0
        for item in batch.items {
            let count = item.targets.reduce(item.source.count) { $0 + $1.tokens.count }
            if !part.isEmpty && rows + count > rowsAtOnce {
                loss += run(part, smoothing: smoothing, scale: scale, tape)
                (part, rows) = ([], 0)
            }
            part.append(item)
            rows += count
        }
        if !part.isEmpty { loss += run(part, smoothing: smoothing, scale: scale, tape) }
        return loss
    }

    private func run(_ items: [GenerationBatch.Item], smoothing: Float, scale: Float, _ tape: Tape) -> Double {
        tape.clear()
        let states = encode(items.map(\.source), tape)
        var inputs: [[TokenID]] = []
        var targets: [TokenID] = []
        var weights: [Float] = []
        var cross: [AttentionSpan] = []
        var source = 0
        var row = 0
        for item in items {
            let first = row
            for target in item.targets where !target.tokens.isEmpty {
                inputs.append([sizes.startToken] + target.tokens.dropLast())
                targets += target.tokens
                weights += [Float](repeating: target.weight, count: target.tokens.count)
                row += target.tokens.count
            }
            cross.append(AttentionSpan(queries: first..<row, keys: source..<source + item.source.count))
            source += item.source.count
        }
        var x = decoderEmbedding(inputs, tape)
        let spans = Self.spans(inputs, isCausal: true)
        for layer in decoderLayers {
            x = layer.attention(x, memory: x, spans: spans, tape)
            if let crossAttention = layer.crossAttention { x = crossAttention(x, memory: states, spans: cross, tape) }
            x = layer.feedForward(x, tape)
        }
        let final = transformNorm(tape.gelu(transform(x, tape)), tape)
        let loss = tape.crossEntropy(
            final, table: outputTable, bias: outputBias, targets: targets, weights: weights, smoothing: smoothing,
            scale: scale)
        tape.backward()
        return loss
    }

    private func encode(_ sources: [[TokenID]], _ tape: Tape) -> Variable {
        var x = encoderEmbedding(sources, tape)
        let spans = Self.spans(sources, isCausal: false)
        for layer in encoderLayers {
            x = layer.feedForward(layer.attention(x, memory: x, spans: spans, tape), tape)
        }
        return x
    }

    private static func spans(_ sequences: [[TokenID]], isCausal: Bool) -> [AttentionSpan] {
        var start = 0
        return sequences.map { sequence in
            defer { start += sequence.count }
            let rows = start..<start + sequence.count
            return AttentionSpan(queries: rows, keys: rows, isCausal: isCausal)
        }
    }
}

/// The sizes of an encoder-decoder of BERT layers.
public struct EncoderDecoderSizes: Sendable, Equatable {
    public var vocabulary: Int
    public var hidden: Int
    public var heads: Int
    public var feedForward: Int
    public var encoderLayers: Int
    public var decoderLayers: Int
    public var positions: Int
    public var segments: Int
    public var epsilon: Float
    /// What the decoder reads first.
    public var startToken: TokenID
    /// What ends a passage.
    public var endToken: TokenID
    /// What transformers fills batches with.
    public var paddingToken: TokenID
}
