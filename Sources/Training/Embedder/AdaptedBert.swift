internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors

/// A BERT encoder in training: either low-rank adapters (Hu et al. 2021, arXiv 2106.09685) beside every matrix of its layers are
/// trained, or the layers themselves. Word vectors stay as they are.
struct AdaptedBert {
    /// The model that training began with.
    let origin: ModelFolder
    /// Those of the checkpoint under its names, and those of adapters.
    let parameters: [Parameter]
    let sizes: EncoderConfiguration
    let encoder: TrainedEncoder
    /// The adapters by the names of the matrices that they change.
    private let adapters: [String: LowRankAdapter]

    /// - Parameter seed: Determines the matrices A of adapters; the matrices B are 0, so that they change nothing yet.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for a model of another kind.
    init(_ model: ModelFolder, adaptation: EmbedderAdaptation, seed: UInt64) throws {
        try Self.requireBert(model)
        sizes = try EncoderConfiguration(bert: model)
        try sizes.requireTrainableBert(model)
        let reader = BertParameterReader(model, adapters: adaptation.adapters, seed: seed)
        let bert = BertParameterReader.Half(sizes: sizes, prefix: "", origin: model.bertPrefix)
        encoder = TrainedEncoder(
            embedding: try reader.embedding(bert, words: try reader.words(bert, rate: 0), normRate: 0),
            layers: try reader.layers(bert, last: adaptation.layers ?? sizes.layerCount, rate: 1))
        parameters = reader.parameters
        adapters = reader.adaptersByMatrix
        origin = model
    }

    static func requireBert(_ model: ModelFolder) throws {
        guard model.architecture == .bert else {
            throw untrainable("an embedding model of the type \(model.architectureName)", path: model.path)
        }
    }

    static func untrainable(_ what: String, path: String) -> TrawlError {
        TrawlError(
            .unsupported, "\(what) cannot be trained", path: path,
            remedy: "begin with a BERT encoder with mean or CLS pooling, such as all-MiniLM-L6-v2")
    }

    /// Writes model.safetensors, adapters merged into the matrices. A compact folder leaves out every tensor whose values its
    /// base has.
    ///
    /// - Throws: `TrawlError.io` or `.full` when the file cannot be written; `.incompatible` for weights that are not finite.
    func write(to folder: TrainedModelFolder) throws {
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
        let rest = origin.bertPrefix
        for tensor in folder.base == nil ? origin.tensors.tensors : [] {
            let name = String(tensor.name.dropFirst(tensor.name.hasPrefix(rest) ? rest.count : 0))
            guard tensor.type.isFloatingPoint, name.hasPrefix("pooler."), written.insert(name).inserted else {
                continue
            }
            writer.add(name, shape: tensor.shape, try tensor.floats(), as: folder.storage)
        }
        try writer.write(to: folder.path + "/model.safetensors")
    }
}
