internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors

/// A frozen decoder of the Llama family in training: a low-rank adapter (LoRA, Hu et al. 2021, arXiv 2106.09685) beside every
/// projection of its layers, or of the last ones; only the adapters are trained.
struct AdaptedDecoder {
    /// The model that training began with.
    let origin: ModelFolder
    let configuration: DecoderConfiguration
    let settings: LowRankSettings
    /// The matrices of the adapters, under the names that peft gives them.
    let parameters: [Parameter]
    let words: Parameter
    let layers: [DecoderLayer]
    let norm: FrozenNorm

    /// The rows computed at once that keep a step of a model like SmolLM2-135M near 1 GB: a row takes about 2.5 MB.
    static let microBatch = 384

    /// The most tokens of a text: no more than the layers let a token see.
    var positions: Int {
        configuration.layers.compactMap(\.window).reduce(configuration.contextLength) { min($0, $1) }
    }

    /// The states after the last layer, before the final norm, `[rows, hidden]`.
    ///
    /// - Parameters:
    ///   - tokens: One per row.
    ///   - positions: Those of the rows in their texts.
    ///   - spans: Which rows see which.
    func states(of tokens: [Int], at positions: [Int], spans: [AttentionSpan], _ tape: Tape) -> Variable {
        let angles = RotaryAngles(positions: positions, frequencies: configuration.rotations[0])
        var x = tape.embedding([(words, tokens)])
        for layer in layers { x = layer(x, spans: spans, angles: angles, tape) }
        return x
    }
}
