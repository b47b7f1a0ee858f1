internal import TrawlCore
internal import TrawlTensors

/// DeBERTa-v2 and v3 (He et al. 2020, arXiv 2006.03654; 2021, arXiv 2111.09543): a BERT whose scores add what a token's
/// content says of relative positions, `DisentangledPositions`.
enum DebertaV2 {
    static func load(_ model: ModelFolder, _ precision: Precision) throws -> (EncoderConfiguration, EncoderWeights) {
        let settings = EncoderSettings(model: model)
        let kinds = try attentionKinds(settings)
        let sizes = try configuration(settings, terms: 1 + kinds.count)
        let anchor = "embeddings.word_embeddings.weight"
        let tensors = EncoderTensors(model, anchor: anchor, epsilon: sizes.epsilon, precision: precision)
        let exact = EncoderTensors(model, anchor: anchor, epsilon: sizes.epsilon, precision: .f32)
        let (hidden, wide, attention) = (sizes.hiddenSize, sizes.feedForwardSize, sizes.attentionSize)
        let distances = kinds.isEmpty ? nil : try distances(settings, sizes)
        let span = distances?.span ?? 0
        let embeddings = try distances.map { _ in try relativeEmbeddings(settings, exact, rows: 2 * span, hidden) }
        let isShared = settings["share_att_key"]?.bool ?? false
        let layers = try (0..<sizes.layerCount).map { index in
            let layer = "encoder.layer.\(index)."
            let own = layer + "attention.self."
            var weights = EncoderWeights.Layer(
                attentionNorm: try tensors.norm(layer + "attention.output.LayerNorm", hidden),
                projections: try tensors.stacked(
                    ["query_proj", "key_proj", "value_proj"].map { own + $0 }, attention, hidden, hasBias: true),
                attentionOutput: try tensors.linear(layer + "attention.output.dense", hidden, attention),
                feedForwardNorm: try tensors.norm(layer + "output.LayerNorm", hidden),
                intermediate: try tensors.linear(layer + "intermediate.dense", wide, hidden), gate: nil,
                output: try tensors.linear(layer + "output.dense", hidden, wide))
            if let embeddings {
                func projected(_ kind: String, _ name: String) throws -> DisentangledPositions.Heads? {
                    guard kinds.contains(kind) else { return nil }
                    let projection = try exact.linear(own + (isShared ? name : "pos_" + name), attention, hidden)
                    return DisentangledPositions.Heads(embeddings, rows: 2 * span, projection, sizes)
                }
                weights.relativePositions = DisentangledPositions(
                    keys: try projected("c2p", "key_proj"), queries: try projected("p2c", "query_proj"))
            }
            return weights
        }
        var weights = EncoderWeights(
            words: try tensors.matrix("embeddings.word_embeddings", sizes.vocabularySize, hidden),
            embeddingNorm: try tensors.norm("embeddings.LayerNorm", hidden), layers: layers)
        if settings["position_biased_input"]?.bool ?? true {
            weights.positions = try tensors.matrix("embeddings.position_embeddings", sizes.contextLength, hidden)
        }
        if sizes.segmentCount > 0 {
            weights.segments = try tensors.matrix("embeddings.token_type_embeddings", sizes.segmentCount, hidden)
        }
        weights.distanceRows = distances?.rows(upTo: sizes.contextLength) ?? []
        return (sizes, weights)
    }

    /// Whether content meets position (`c2p`), position content (`p2c`), both or neither.
    private static func attentionKinds(_ settings: EncoderSettings) throws -> Set<String> {
        guard settings["relative_attention"]?.bool ?? false else { return [] }
        let member = settings["pos_att_type"]
        let names = member?.array?.compactMap(\.string) ?? member?.string?.split(separator: "|").map(String.init) ?? []
        let kinds = Set(names.map { $0.lowercased() })
        guard kinds.isSubset(of: ["c2p", "p2c"]) else {
            throw settings.unsupported("'pos_att_type' is \(names.joined(separator: "|")), which is not supported")
        }
        return kinds
    }

    private static func configuration(_ settings: EncoderSettings, terms: Int) throws -> EncoderConfiguration {
        let hidden = try settings.size("hidden_size")
        let heads = try settings.size("num_attention_heads")
        guard settings["conv_kernel_size"]?.int ?? 0 <= 0 else {
            throw settings.unsupported("convolutions ('conv_kernel_size') are not supported")
        }
        try settings.require("embedding_size", .number(Double(hidden)))
        return EncoderConfiguration(
            vocabularySize: try settings.size("vocab_size"), hiddenSize: hidden,
            layerCount: try settings.layers("num_hidden_layers"), headCount: heads,
            headDimension: try settings["attention_head_size"] == nil
                ? settings.headDimension(hidden: hidden, heads: heads) : settings.size("attention_head_size"),
            feedForwardSize: try settings.size("intermediate_size"),
            contextLength: try settings.size("max_position_embeddings"),
            segmentCount: settings["type_vocab_size"]?.count ?? 0,
            epsilon: try settings.epsilon("layer_norm_eps", default: 1e-7),
            activation: try settings.activation(settings["hidden_act"]?.string), scoreTerms: terms)
    }

    private static func distances(
        _ settings: EncoderSettings, _ sizes: EncoderConfiguration
    ) throws -> DisentangledDistances {
        let own = settings["max_relative_positions"]?.int ?? -1
        let longest = own < 1 ? sizes.contextLength : try settings.size("max_relative_positions")
        guard max(longest, sizes.contextLength) <= EncoderConfiguration.greatestDistance else {
            throw settings.unsupported(
                "relative positions of more than \(EncoderConfiguration.greatestDistance) tokens are not supported")
        }
        guard let buckets = settings["position_buckets"]?.int, buckets > 0 else {
            return DisentangledDistances(span: longest, buckets: nil)
        }
        guard buckets >= 4, buckets <= 1 << 16, longest - 1 > buckets / 2 else {
            throw settings.unsupported("\(buckets) relative positions up to a distance of \(longest) are not supported")
        }
        return DisentangledDistances(span: buckets, buckets: (count: buckets, longest: longest))
    }

    /// `[rows, hidden]`, normed where the model norms them.
    private static func relativeEmbeddings(
        _ settings: EncoderSettings, _ tensors: EncoderTensors, rows: Int, _ hidden: Int
    ) throws -> FloatBuffer {
        let table = try tensors.matrix("encoder.rel_embeddings", rows, hidden)
        let embeddings = FloatBuffer(capacity: rows * hidden)
        table.decode(row: 0, count: rows, into: embeddings.base)
        let norms = settings["norm_rel_ebd"]?.string?.lowercased().split(separator: "|") ?? []
        if norms.contains(where: { $0.trimmingPrefix(while: \.isWhitespace).hasPrefix("layer_norm") }) {
            try tensors.norm("encoder.LayerNorm", hidden)(embeddings.base, rows: rows)
        }
        return embeddings
    }
}
