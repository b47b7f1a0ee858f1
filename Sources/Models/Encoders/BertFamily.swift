internal import TrawlCore
internal import TrawlTensors

/// BERT (Devlin et al. 2019, arXiv 1810.04805), RoBERTa and XLM-R (Liu et al. 2019, arXiv 1907.11692), DistilBERT (Sanh
/// et al. 2019, arXiv 1910.01108), MPNet (Song et al. 2020, arXiv 2004.09297) and ELECTRA (Clark et al. 2020, arXiv
/// 2003.10555), under the names of `BertNames`.
enum BertFamily {
    static func load(_ model: ModelFolder, _ precision: Precision) throws -> (EncoderConfiguration, EncoderWeights) {
        var sizes = try BertConfiguration.read(model)
        let tensors = EncoderTensors(
            model, anchor: BertNames.anchor, epsilon: sizes.epsilon, precision: precision)
        let hidden = sizes.hiddenSize
        if !tensors.has(BertNames.segments + ".weight") { sizes.segmentCount = 0 }
        let names = BertNames(model.architecture)
        let layers = try (0..<sizes.layerCount).map { index in
            let layer = names.layer(index)
            let attention = layer.attention
            return EncoderWeights.Layer(
                attentionNorm: try tensors.norm(attention.norm, hidden),
                projections: try tensors.stacked(
                    [attention.query, attention.key, attention.value], hidden, hidden, hasBias: true),
                attentionOutput: try tensors.linear(attention.output, hidden, hidden),
                feedForwardNorm: try tensors.norm(layer.norm, hidden),
                intermediate: try tensors.linear(layer.intermediate, sizes.feedForwardSize, hidden), gate: nil,
                output: try tensors.linear(layer.output, hidden, sizes.feedForwardSize))
        }
        let width = try embeddingSize(model, hidden)
        var weights = EncoderWeights(
            words: try tensors.matrix(BertNames.words, sizes.vocabularySize, width),
            positions: try tensors.matrix(
                BertNames.positions, sizes.contextLength + sizes.firstPosition, width),
            embeddingNorm: try tensors.norm(BertNames.embeddingNorm, width), layers: layers)
        if width != hidden {
            weights.embeddingProjection = try tensors.linear(BertNames.embeddingProjection, hidden, width)
        }
        if sizes.segmentCount > 0 {
            weights.segments = try tensors.matrix(BertNames.segments, sizes.segmentCount, width)
        }
        if model.architecture == .mpnet {
            let buckets = try model.size("relative_attention_num_buckets")
            guard buckets >= mpnetBuckets else {
                throw EncoderSettings(model: model).unsupported("\(buckets) relative positions are fewer than MPNet's")
            }
            weights.relativeBias = RelativeBias(
                try tensors.matrix(BertNames.relativeBias, buckets, sizes.headCount),
                bucketCount: mpnetBuckets, longest: 128)
        }
        return (sizes, weights)
    }

    /// The length of an embedding, which is shorter than a state in small ELECTRA models.
    private static func embeddingSize(_ model: ModelFolder, _ hidden: Int) throws -> Int {
        guard model.architecture == .electra else { return hidden }
        let size = try model.size("embedding_size")
        guard size <= hidden else {
            throw EncoderSettings(model: model).unsupported("embeddings of \(size) are longer than states of \(hidden)")
        }
        return size
    }

    /// What transformers' MPNet uses, whatever config.json says.
    private static let mpnetBuckets = 32
}
