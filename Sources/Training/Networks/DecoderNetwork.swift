internal import TrawlCore
public import TrawlModels

/// A decoder with low-rank adapters that learns to continue texts: see `AdaptedDecoder`.
///
/// All continuations of a source follow one encoding of it: each attends to all rows of the source and causally to its own, and
/// takes the positions after the source. The first token of each is predicted from the last row of the source.
public final class DecoderNetwork: GeneratorNetwork {
    private let decoder: AdaptedDecoder
    private let outputTable: Parameter

    /// The rows computed at once that keep a step of a model like SmolLM2-135M near 1 GB.
    public static let microBatch = AdaptedDecoder.microBatch

    public var configuration: DecoderConfiguration { decoder.configuration }
    public var settings: LowRankSettings { decoder.settings }
    /// The matrices of the adapters, under the names that peft gives them.
    public var parameters: [Parameter] { decoder.parameters }
    public var vocabularySize: Int { decoder.configuration.vocabularySize }
    public var positions: Int { decoder.positions }
    public var sharesPositions: Bool { true }

    /// A network from a decoder's folder or GGUF file, with adapters that change nothing yet; or from the folder of an adapter,
    /// to train it further.
    ///
    /// The frozen weights take four bytes each, whatever the storage in the file.
    ///
    /// - Parameters:
    ///   - settings: The size of the adapters; an adapter that is trained further keeps its own.
    ///   - seed: Determines the matrices A.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for another architecture than Llama's.
    public init(_ model: ModelFolder, settings: LowRankSettings = LowRankSettings(), seed: UInt64 = 1) throws {
        let decoder = try AdaptedDecoder(model, settings: settings, seed: seed)
        outputTable = try decoder.outputTable()
        self.decoder = decoder
    }

    /// - Throws: as `AdaptedDecoder.write`.
    public func write(to folder: TrainedModelFolder, beginningWith model: ModelFolder) throws {
        try decoder.write(to: folder, as: .generator)
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
        return decoder.norm(tape.rows(batch.predicting, of: states(batch, tape)), tape)
    }

    /// The logits after each token of a text, `[tokens, vocabulary]`.
    func logits(_ tokens: [TokenID], tape: Tape) -> [Float] {
        tape.clear()
        let text = PackedContinuations([.init(source: tokens, targets: [])])
        let final = decoder.norm(states(text, tape), tape)
        let logits = tape.linear(final, outputTable, nil)
        return Array(UnsafeBufferPointer(start: logits.value, count: logits.count))
    }

    private func states(_ batch: PackedContinuations, _ tape: Tape) -> Variable {
        decoder.states(of: batch.tokens, at: batch.positions, spans: batch.spans, tape)
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
