internal import TrawlCore
internal import TrawlTensors

/// Two BERT models, one of which attends to the other's states (Rothe et al. 2020, arXiv 1907.12461), under the names of
/// `BertPairNames`.
enum BertEncoderDecoder {
    static func load(_ model: ModelFolder, _ precision: Precision) throws -> EncoderDecoderModel.Parts {
        let configuration = try EncoderDecoderConfiguration(bertPair: model)
        let encoder = try EncoderModel(EncoderDecoderConfiguration.bertEncoder(of: model), precision: precision)
        let sizes = configuration.decoder
        func tensors(_ prefix: String) -> EncoderTensors {
            EncoderTensors(model, prefix: prefix, isExpanding: true, epsilon: sizes.epsilon, precision: precision)
        }
        let (whole, decoder) = (tensors(""), tensors(BertPairNames.decoderPrefix))
        let layers = try (0..<sizes.layerCount).map { try layer(decoder, $0, sizes) }
        let hidden = sizes.hiddenSize
        let words = try decoder.matrix(BertNames.words, sizes.vocabularySize, hidden)
        var weights = EncoderDecoderWeights(
            words: words,
            positions: try decoder.matrix(BertNames.positions, sizes.contextLength, hidden),
            embeddingNorm: try decoder.norm(BertNames.embeddingNorm, hidden), layers: layers,
            output: try head(whole, words, bias: BertPairNames.outputBias(in: model.tensors)))
        if decoder.has(BertNames.segments + ".weight") {
            let segments = try decoder.matrix(BertNames.segments, max(sizes.segmentCount, 1), hidden)
            weights.segment = WeightVector(segments, row: 0)
        }
        weights.transform = EncoderDecoderWeights.Transform(
            dense: try whole.linear(BertPairNames.transform, hidden, hidden), activation: sizes.activation,
            norm: try whole.norm(BertPairNames.transformNorm, hidden))
        if encoder.hiddenSize != hidden {
            weights.bridge = try whole.linear(BertPairNames.bridge, hidden, encoder.hiddenSize)
        }
        return (encoder, configuration, weights)
    }

    private static func layer(
        _ tensors: EncoderTensors, _ index: Int, _ sizes: EncoderConfiguration
    ) throws -> EncoderDecoderWeights.Layer {
        let hidden = sizes.hiddenSize
        let layer = BertNames().layer(index)
        let (own, cross) = (layer.attention, BertNames.crossAttention(index))
        func square(_ name: String) throws -> Linear { try tensors.linear(name, hidden, hidden) }
        return EncoderDecoderWeights.Layer(
            attentionNorm: try tensors.norm(own.norm, hidden),
            query: try square(own.query), key: try square(own.key), value: try square(own.value),
            attentionOutput: try square(own.output), crossNorm: try tensors.norm(cross.norm, hidden),
            crossQuery: try square(cross.query), crossKey: try square(cross.key), crossValue: try square(cross.value),
            crossOutput: try square(cross.output), feedForwardNorm: try tensors.norm(layer.norm, hidden),
            intermediate: try tensors.linear(layer.intermediate, sizes.feedForwardSize, hidden), gate: nil,
            output: try tensors.linear(layer.output, hidden, sizes.feedForwardSize))
    }

    /// The words' own matrix and bias where the file has them, or else the embedding's.
    private static func head(_ tensors: EncoderTensors, _ words: WeightMatrix, bias: String) throws -> Linear {
        let isUntied = tensors.has(BertPairNames.output + ".weight")
        let matrix = isUntied ? try tensors.matrix(BertPairNames.output, words.rows, words.columns) : words
        return Linear(weight: tensors.product(matrix), bias: try tensors.vector(bias, words.rows))
    }
}
