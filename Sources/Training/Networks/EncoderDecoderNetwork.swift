internal import TrawlCore
public import TrawlModels
internal import TrawlTensors

/// A BERT encoder and a BERT decoder that attends to it (Rothe et al. 2020, arXiv 1907.12461), with gradients; the
/// network that transformers calls `EncoderDecoderModel`.
public final class EncoderDecoderNetwork: GeneratorNetwork {
    /// The same as that of inference.
    public let configuration: EncoderDecoderConfiguration
    /// All weights, in a fixed order, under the names of the checkpoint.
    public let parameters: [Parameter]
    private let encoder: TrainedEncoder
    private let decoderEmbedding: TrainedEmbedding
    private let decoderLayers: [TrainedLayer]
    private let transform: TrainedLinear
    private let transformNorm: TrainedNorm
    private let outputBias: Parameter
    private let outputTable: Parameter

    init(
        configuration: EncoderDecoderConfiguration, parameters: [Parameter],
        encoder: TrainedEncoder,
        decoder: (TrainedEmbedding, [TrainedLayer]), transform: (TrainedLinear, TrainedNorm),
        output: (Parameter, Parameter)
    ) {
        self.configuration = configuration
        self.parameters = parameters
        self.encoder = encoder
        (decoderEmbedding, decoderLayers) = decoder
        (self.transform, transformNorm) = transform
        (outputTable, outputBias) = output
    }

    public var vocabularySize: Int { configuration.decoder.vocabularySize }
    public var positions: Int { min(configuration.encoder.contextLength, configuration.decoder.contextLength) }
    public var sharesPositions: Bool { false }

    /// The word vectors, where encoder and decoder share them.
    var sharedWords: Parameter? { encoder.embedding.words === outputTable ? outputTable : nil }

    public func accumulateGradients(_ ranking: GenerationBatch.Ranking, scale: Float, tape: Tape) -> Double {
        let (states, targets) = run([ranking.item], tape)
        let loss = tape.loss(of: states, table: outputTable, bias: outputBias, targets: targets, scale: scale) {
            ranking.loss($0)
        }
        tape.backward()
        return loss
    }

    public func accumulateGradients(
        _ items: [GenerationBatch.Item], smoothing: Float, scale: Float, in pass: GradientPass
    ) -> Double {
        let tape = pass.tape
        let (states, targets) = run(items, tape)
        let weights = items.flatMap(\.targets).flatMap { [Float](repeating: $0.weight, count: $0.tokens.count) }
        let loss = tape.crossEntropy(
            states, table: outputTable, bias: outputBias, targets: targets, weights: weights, smoothing: smoothing,
            scale: scale, reweighting: pass.reweighting(items))
        tape.backward()
        return loss
    }

    /// The states from which the targets' tokens are predicted, `[tokens, hidden]`, and these tokens.
    private func run(_ items: [GenerationBatch.Item], _ tape: Tape) -> (states: Variable, targets: [TokenID]) {
        tape.clear()
        let states = encoder.states(items.map(\.source), tape)
        var inputs: [[TokenID]] = []
        var targets: [TokenID] = []
        var cross: [AttentionSpan] = []
        var source = 0
        var row = 0
        for item in items {
            let first = row
            for target in item.targets where !target.tokens.isEmpty {
                inputs.append([configuration.startToken] + target.tokens.dropLast())
                targets += target.tokens
                row += target.tokens.count
            }
            cross.append(AttentionSpan(queries: first..<row, keys: source..<source + item.source.count))
            source += item.source.count
        }
        var x = decoderEmbedding(inputs, tape)
        let spans = AttentionSpan.within(inputs, isCausal: true)
        for layer in decoderLayers {
            x = layer.attention(x, memory: x, spans: spans, tape)
            if let crossAttention = layer.crossAttention { x = crossAttention(x, memory: states, spans: cross, tape) }
            x = layer.feedForward(x, tape)
        }
        return (transformNorm(tape.gelu(transform(x, tape)), tape), targets)
    }
}
