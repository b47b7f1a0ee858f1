public import TrawlCore
public import TrawlEmbeddings
internal import TrawlModels
internal import TrawlTensors

/// A BERT encoder whose states become the embedding of a text by their mean, or by the state of the first token, at length 1: the
/// network of all-MiniLM-L6-v2 and its relatives, with gradients.
///
/// Either low-rank adapters (Hu et al. 2021, arXiv 2106.09685) beside every matrix of the layers are trained, or the layers
/// themselves. Word vectors stay as they are.
public final class BertEmbedderNetwork: EmbedderNetwork {
    /// What training changes.
    public struct Adaptation: Codable, Sendable, Equatable {
        /// The size of the adapters; nil for training the layers themselves.
        public var adapters: LowRankSettings? = LowRankSettings()
        /// How many of the last layers are trained; nil for all.
        public var layers: Int?

        public init() {}
    }

    /// The folder that training began with.
    let origin: EmbedderFolder
    /// Those of the checkpoint under its names, and those of adapters.
    public let parameters: [Parameter]
    let sizes: EncoderConfiguration
    let encoder: TrainedEncoder
    /// The adapters by the names of the matrices that they change.
    private let adapters: [String: LowRankAdapter]

    /// - Parameter seed: Determines the matrices A of adapters; the matrices B are 0, so that they change nothing yet.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for a model of another kind.
    public init(_ folder: EmbedderFolder, adaptation: Adaptation = Adaptation(), seed: UInt64 = 1) throws {
        let model = folder.model
        func require(_ isMet: Bool, _ what: String) throws {
            guard isMet else {
                throw TrawlError(
                    .unsupported, "\(what) cannot be trained", path: folder.path,
                    remedy: "begin with a BERT encoder with mean or CLS pooling, such as all-MiniLM-L6-v2")
            }
        }
        try require(model.architecture == .bert, "an embedding model of the type \(model.architectureName)")
        try require(folder.pooling != nil, "an embedding model with other modules than one pooling")
        let pooling = folder.pooling ?? Pooling(modes: [.mean])
        try require(
            pooling.modes == [.mean] || pooling.modes == [.cls],
            "the pooling \(pooling.modes.map(\.rawValue).joined(separator: " and "))")
        try require(pooling.includesPrompt, "a pooling without the tokens of prompts")
        sizes = try EncoderConfiguration(bert: model)
        try sizes.requireTrainableBert(model)
        let reader = BertParameterReader(model, adapters: adaptation.adapters, seed: seed)
        let bert = BertParameterReader.Half(sizes: sizes, prefix: "", origin: model.bertPrefix)
        encoder = TrainedEncoder(
            embedding: try reader.embedding(bert, words: try reader.words(bert, rate: 0), normRate: 0),
            layers: try reader.layers(bert, last: adaptation.layers ?? sizes.layerCount, rate: 1))
        parameters = reader.parameters
        adapters = reader.adaptersByMatrix
        origin = folder
    }

    /// The matrices of queries, keys, values and outputs of the attention of every layer.
    var attentionMatrices: [Parameter] {
        encoder.layers.map(\.attention).flatMap { [$0.query, $0.key, $0.value, $0.output].map(\.weight) }
    }

    public var vocabularySize: Int { sizes.vocabularySize }
    public var positions: Int { sizes.contextLength }

    public func embeddings(of texts: [[TokenID]], _ tape: Tape) -> Variable {
        guard origin.pooling?.modes == [.mean] else { return tape.unitRows(encoder.firstStates(texts, tape)) }
        let spans = AttentionSpan.within(texts, isCausal: false).map(\.queries)
        return tape.unitRows(tape.means(of: spans, in: encoder.states(texts, tape)))
    }

    /// Writes the folder in the layout of sentence-transformers, adapters merged into the matrices. A compact folder leaves out
    /// every tensor whose values its base has, and the tokenizer.
    ///
    /// - Throws: `TrawlError.io` or `.full` when the folder cannot be written; `.incompatible` for weights that are not finite.
    public func write(to folder: TrainedModelFolder) throws {
        try folder.create()
        let ofAdapters = Set(adapters.values.flatMap { [$0.down.name, $0.up.name] })
        let prefix = folder.base == nil ? "" : CrossEncoderNames.prefix
        var writer = SafetensorsWriter()
        writer.metadata["format"] = "pt"
        var written: Set<String> = []
        for parameter in parameters where !ofAdapters.contains(parameter.name) {
            written.insert(parameter.name)
            let adapter = adapters[parameter.name]
            if adapter == nil, try folder.base.hasValues(of: parameter, named: parameter.name) { continue }
            writer.add(
                prefix + parameter.name, shape: parameter.shape,
                adapter?.merged(into: parameter) ?? parameter.values, as: folder.storage)
        }
        // The rest of a BERT model, such as a pooler, which no embedding depends on.
        let rest = origin.model.bertPrefix
        for tensor in folder.base == nil ? origin.model.tensors.tensors : [] {
            let name = String(tensor.name.dropFirst(tensor.name.hasPrefix(rest) ? rest.count : 0))
            guard tensor.type.isFloatingPoint, name.hasPrefix("pooler."), written.insert(name).inserted else {
                continue
            }
            writer.add(name, shape: tensor.shape, try tensor.floats(), as: folder.storage)
        }
        try writer.write(to: folder.path + "/model.safetensors")
        try folder.writeEmbedder(like: origin, sizes)
    }
}
