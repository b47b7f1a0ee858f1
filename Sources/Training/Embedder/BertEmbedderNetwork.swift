public import TrawlCore
public import TrawlEmbeddings
internal import TrawlModels

/// A BERT encoder whose states become the embedding of a text by their mean, or by the state of the first token, at length 1: the
/// network of all-MiniLM-L6-v2 and its relatives, with gradients.
public final class BertEmbedderNetwork: TextVectorNetwork {
    /// The folder that training began with.
    let origin: EmbedderFolder
    let bert: AdaptedBert

    /// - Parameter seed: Determines the adapters.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for a model of another kind.
    public init(_ folder: EmbedderFolder, adaptation: EmbedderAdaptation = .init(), seed: UInt64 = 1) throws {
        try Self.requireTrainable(folder)
        bert = try AdaptedBert(folder.model, adaptation: adaptation, seed: seed)
        origin = folder
    }

    /// - Throws: `TrawlError.unsupported` for a model that cannot be trained, before its weights are read.
    public static func requireTrainable(_ folder: EmbedderFolder) throws {
        try AdaptedBert.requireBert(folder.model)
        func require(_ isMet: Bool, _ what: String) throws {
            if !isMet { throw AdaptedBert.untrainable(what, path: folder.path) }
        }
        try require(folder.pooling != nil, "an embedding model with other modules than one pooling")
        let pooling = folder.pooling ?? Pooling(modes: [.mean])
        try require(
            pooling.modes == [.mean] || pooling.modes == [.cls],
            "the pooling \(pooling.modes.map(\.rawValue).joined(separator: " and "))")
        try require(pooling.includesPrompt, "a pooling without the tokens of prompts")
    }

    /// The matrices of queries, keys, values and outputs of the attention of every layer.
    var attentionMatrices: [Parameter] {
        bert.encoder.layers.map(\.attention).flatMap { [$0.query, $0.key, $0.value, $0.output].map(\.weight) }
    }

    public var parameters: [Parameter] { bert.parameters }
    public var vocabularySize: Int { bert.sizes.vocabularySize }
    public var positions: Int { bert.sizes.contextLength }

    public func embeddings(of texts: [[TokenID]], _ tape: Tape) -> Variable {
        guard origin.pooling?.modes == [.mean] else { return tape.unitRows(bert.encoder.firstStates(texts, tape)) }
        let spans = AttentionSpan.within(texts, isCausal: false).map(\.queries)
        return tape.unitRows(tape.means(of: spans, in: bert.encoder.states(texts, tape)))
    }

    /// Writes the folder in the layout of sentence-transformers. A compact folder leaves out the weights that its base has, and
    /// the tokenizer.
    ///
    /// - Throws: `TrawlError.io` or `.full` when the folder cannot be written; `.incompatible` for weights that are not finite.
    public func write(to folder: TrainedModelFolder) throws {
        try folder.create()
        try bert.write(to: folder)
        try folder.writeEmbedder(like: origin, bert.sizes)
    }
}
