public import TrawlCore
public import TrawlEmbeddings
internal import TrawlModels

/// A decoder whose states become the embedding of a text by the state of the last token, or by their mean, at length 1 (E5-Mistral,
/// Wang et al. 2024, arXiv 2401.00368; Qwen3-Embedding, arXiv 2506.05176), with low-rank adapters that are trained.
public final class DecoderEmbedderNetwork: TextVectorNetwork {
    /// The folder that training began with.
    let origin: EmbedderFolder
    let decoder: AdaptedDecoder

    /// - Parameter seed: Determines the adapters.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for a model of another kind.
    public init(_ folder: EmbedderFolder, adaptation: EmbedderAdaptation = .init(), seed: UInt64 = 1) throws {
        try Self.requireTrainable(folder, adaptation)
        decoder = try AdaptedDecoder(
            folder.model, settings: adaptation.adapters ?? LowRankSettings(), lastLayers: adaptation.layers,
            hasHead: false, seed: seed)
        origin = folder
    }

    /// - Throws: `TrawlError.unsupported` for a model that cannot be trained so, before its weights are read.
    public static func requireTrainable(_ folder: EmbedderFolder, _ adaptation: EmbedderAdaptation) throws {
        func require(_ isMet: Bool, _ what: String, _ remedy: String) throws {
            if !isMet {
                throw TrawlError(.unsupported, "\(what) cannot be trained", path: folder.path, remedy: remedy)
            }
        }
        let remedy = "begin with a decoder with mean or last-token pooling, such as Qwen3-Embedding"
        let sizes = try DecoderConfiguration(folder.model)
        try AdaptedDecoder.requireTrainable(folder.model, sizes)
        try require(folder.pooling != nil, "an embedding model with other modules than one pooling", remedy)
        let pooling = folder.pooling ?? Pooling(modes: [.mean])
        try require(
            pooling.modes == [.mean] || pooling.modes == [.lastToken],
            "a decoder with the pooling \(pooling.modes.map(\.rawValue).joined(separator: " and "))", remedy)
        try require(pooling.includesPrompt, "a pooling without the tokens of prompts", remedy)
        try require(
            adaptation.adapters != nil, "the layers of a decoder", "train adapters, of a rank of at least 1")
        let layers = adaptation.layers ?? 1
        try require(
            layers <= sizes.layerCount, "\(layers) layers of the decoder's \(sizes.layerCount)",
            "train at most \(sizes.layerCount)")
    }

    public var parameters: [Parameter] { decoder.parameters }
    public var vocabularySize: Int { decoder.configuration.vocabularySize }
    public var positions: Int { decoder.positions }
    public var microBatch: Int { AdaptedDecoder.microBatch }

    public func embeddings(of texts: [[TokenID]], _ tape: Tape) -> Variable {
        let spans = AttentionSpan.within(texts, isCausal: true)
        let states = decoder.states(
            of: texts.flatMap { $0.map { Int($0) } }, at: texts.flatMap { Array($0.indices) }, spans: spans, tape)
        let rows = spans.map(\.queries)
        guard origin.pooling?.modes == [.lastToken] else {
            return tape.unitRows(tape.means(of: rows, in: decoder.norm(states, tape)))
        }
        return tape.unitRows(decoder.norm(tape.rows(rows.map { $0.upperBound - 1 }, of: states), tape))
    }

    /// Writes the adapters in the layout of peft, and what sentence-transformers keeps beside them.
    ///
    /// - Throws: as `AdaptedDecoder.write`.
    public func write(to folder: TrainedModelFolder) throws {
        try decoder.write(to: folder, as: .embedder)
        try folder.writeEmbedder(like: origin, decoder.configuration)
    }
}
