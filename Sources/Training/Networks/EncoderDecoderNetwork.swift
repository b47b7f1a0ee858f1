public import Core
public import Models
internal import Tensors

/// What a generator learns from at once: texts, and for each what shall be written behind it.
///
/// All continuations of a source stand behind one encoding of it.
public struct GenerationBatch: Sendable {
    public struct Target: Sendable {
        /// What is written. Every token is predicted from those before it; the first from an encoder-decoder's start token, or
        /// from a decoder's source alone.
        public let tokens: [TokenID]
        /// What its losses are multiplied by.
        public let weight: Float

        public init(tokens: [TokenID], weight: Float = 1) {
            self.tokens = tokens
            self.weight = weight
        }
    }

    public struct Item: Sendable {
        /// With the special tokens, and the words around it, that the model expects.
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
public final class EncoderDecoderNetwork: GeneratorNetwork {
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

    public var vocabularySize: Int { sizes.vocabulary }
    public var positions: Int { sizes.positions }
    public var sharesPositions: Bool { false }

    public func write(to checkpoint: GeneratorCheckpoint, beginningWith model: ModelFolder) throws {
        try checkpoint.write(self, tokenizerFrom: model)
    }

    /// The word vectors, when encoder and decoder share them.
    var sharedWords: Parameter? { encoderEmbedding.words === outputTable ? outputTable : nil }

    public func accumulateGradients(
        _ items: [GenerationBatch.Item], smoothing: Float, scale: Float, tape: Tape
    ) -> Double {
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
