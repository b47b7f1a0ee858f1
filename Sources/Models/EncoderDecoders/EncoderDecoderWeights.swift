internal import TrawlCore
internal import TrawlTensors

/// The weights of an encoder-decoder beside those of its encoder.
struct EncoderDecoderWeights: Sendable {
    struct Layer: Sendable {
        /// Before a block in a pre-normed layer, else after its sum with the input.
        let attentionNorm: Norm
        /// [attention, hidden] each.
        let query: Linear
        let key: Linear
        let value: Linear
        let attentionOutput: Linear
        let crossNorm: Norm
        let crossQuery: Linear
        /// Of the encoder's states.
        let crossKey: Linear
        let crossValue: Linear
        let crossOutput: Linear
        let feedForwardNorm: Norm
        /// [feed forward, hidden].
        let intermediate: Linear
        /// What a gated block multiplies the activated values by; nil in others.
        let gate: Linear?
        let output: Linear
    }

    /// Makes the last states those that are compared with the words (BERT).
    struct Transform: Sendable {
        let dense: Linear
        let activation: Activation
        let norm: Norm
    }

    let words: WeightMatrix
    /// nil where positions are no vectors.
    var positions: WeightMatrix?
    /// What is added to every token's embedding, as all are of one segment.
    var segment: WeightVector?
    var embeddingNorm: Norm?
    let layers: [Layer]
    var finalNorm: Norm?
    /// What is added to the scores of self-attention, the same in every layer.
    var relativeBias: RelativeBias?
    /// From the width of the encoder's states to that of the decoder's; nil where they are equal.
    var bridge: Linear?
    var transform: Transform?
    /// What states are multiplied by before they are compared with the words.
    var outputScale: Float = 1
    /// [vocabulary, hidden], the words themselves where the file has no matrix of its own.
    let output: Linear
}
