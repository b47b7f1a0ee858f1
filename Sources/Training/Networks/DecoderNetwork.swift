internal import TrawlCore
public import TrawlModels
internal import TrawlTensors

/// A frozen decoder of the Llama family with a low-rank adapter beside every projection of its layers (LoRA, Hu et al. 2021,
/// arXiv 2106.09685); only the adapters are trained.
///
/// All continuations of a source follow one encoding of it: each attends to all rows of the source and causally to its own, and
/// takes the positions after the source. The first token of each is predicted from the last row of the source.
public final class DecoderNetwork: GeneratorNetwork {
    public let configuration: DecoderConfiguration
    public let settings: LowRankSettings
    /// The matrices of the adapters, under the names that peft gives them.
    public let parameters: [Parameter]
    private let words: Parameter
    private let layers: [DecoderLayer]
    private let norm: FrozenNorm
    private let outputTable: Parameter

    /// The rows computed at once that keep a step of a model like SmolLM2-135M near 1 GB: a row takes about 2.5 MB.
    public static let microBatch = 384

    public var vocabularySize: Int { configuration.vocabularySize }
    public var positions: Int { configuration.contextLength }
    public var sharesPositions: Bool { true }

    init(
        configuration: DecoderConfiguration, settings: LowRankSettings, parameters: [Parameter], words: Parameter,
        layers: [DecoderLayer], norm: FrozenNorm, outputTable: Parameter
    ) {
        self.configuration = configuration
        self.settings = settings
        self.parameters = parameters
        (self.words, self.layers, self.norm, self.outputTable) = (words, layers, norm, outputTable)
    }

    public func accumulateGradients(
        _ items: [GenerationBatch.Item], smoothing: Float, scale: Float, in pass: GradientPass
    ) -> Double {
        let tape = pass.tape
        let batch = PackedContinuations(items)
        let loss = tape.crossEntropy(
            predictions(batch, tape), table: outputTable, bias: nil, targets: batch.targets, weights: batch.weights,
            smoothing: smoothing, scale: scale, reweighting: pass.reweighting(items))
        tape.backward()
        return loss
    }

    public func accumulateGradients(_ ranking: GenerationBatch.Ranking, scale: Float, tape: Tape) -> Double {
        let batch = PackedContinuations([ranking.item])
        let loss = tape.loss(
            of: predictions(batch, tape), table: outputTable, bias: nil, targets: batch.targets, scale: scale
        ) { ranking.loss($0) }
        tape.backward()
        return loss
    }

    /// The states from which the targets' tokens are predicted, `[tokens, hidden]`.
    private func predictions(_ batch: PackedContinuations, _ tape: Tape) -> Variable {
        tape.clear()
        return norm(tape.rows(batch.predicting, of: states(batch, tape)), tape)
    }

    /// The logits after each token of a text, `[tokens, vocabulary]`.
    func logits(_ tokens: [TokenID], tape: Tape) -> [Float] {
        tape.clear()
        let text = PackedContinuations([.init(source: tokens, targets: [])])
        let final = norm(states(text, tape), tape)
        let logits = tape.linear(final, outputTable, nil)
        return Array(UnsafeBufferPointer(start: logits.value, count: logits.count))
    }

    /// The states after the last layer, before the final norm.
    private func states(_ batch: PackedContinuations, _ tape: Tape) -> Variable {
        let angles = RotaryAngles(positions: batch.positions, frequencies: configuration.rotations[0])
        var x = tape.embedding([(words, batch.tokens)])
        for layer in layers { x = layer(x, spans: batch.spans, angles: angles, tape) }
        return x
    }
}

/// The rows of sources and of what continues them, end to end: a source, then its continuations without their last tokens, after
/// which nothing is predicted.
struct PackedContinuations {
    private(set) var tokens: [Int] = []
    private(set) var positions: [Int] = []
    private(set) var spans: [AttentionSpan] = []
    /// For each predicted token the row that predicts it, the token and its weight.
    private(set) var predicting: [Int] = []
    private(set) var targets: [TokenID] = []
    private(set) var weights: [Float] = []

    init(_ items: [GenerationBatch.Item]) {
        for item in items {
            precondition(!item.source.isEmpty, "a decoder continues a source")
            let source = append(item.source, at: 0)
            spans.append(AttentionSpan(queries: source, keys: source, isCausal: true))
            for target in item.targets where !target.tokens.isEmpty {
                let rows = append(target.tokens.dropLast(), at: item.source.count)
                if !rows.isEmpty {
                    spans.append(AttentionSpan(queries: rows, keys: rows, isCausal: true, prefix: source))
                }
                predicting += [source.upperBound - 1] + rows
                targets += target.tokens
                weights += [Float](repeating: target.weight, count: target.tokens.count)
            }
        }
    }

    private mutating func append(_ added: some Collection<TokenID>, at position: Int) -> Range<Int> {
        let first = tokens.count
        tokens += added.map { Int($0) }
        positions += position..<position + added.count
        return first..<tokens.count
    }
}
