internal import TrawlCore
internal import TrawlTensors

/// The tensors of a folder that leaves out those which it shares with a BERT model beside it: of an encoder-decoder its
/// encoder and the embeddings of its decoder; of a cross-encoder what its training left as it was; of a
/// Conv-KNRM ranker its word vectors.
///
/// config.json names the folder of that model as `trawl_base_model`, and may fix it with `trawl_base_digest`:
/// ```
/// models/all-MiniLM-L6-v2/            embeddings.word_embeddings.weight ...
/// models/query-writer/config.json     "trawl_base_model": "all-MiniLM-L6-v2"
///                    /model.safetensors   decoder.bert.encoder.layer.0 ...
/// ```
/// A tensor in the folder itself goes before the base's.
struct CompactTensors: TensorCollection {
    let base: ModelFolder
    private let own: any TensorCollection
    private let basePrefix: String
    private let nameInBase: @Sendable (String) -> String?
    /// The folder's own, then those of the base.
    let tensors: [Tensor]

    var path: String { own.path }

    /// nil where config.json names no base.
    ///
    /// - Throws: `TrawlError.notFound` for a base that is not there, `.incompatible` for another one than the model was made
    ///   with, or none of BERT's architecture.
    init?(_ own: any TensorCollection, _ configuration: JSON, folder: String, mayHaveBase: Bool) throws {
        guard configuration["trawl_base_model"] != nil else { return nil }
        let reference = try BaseReference(configuration, folder: folder)
        switch configuration["model_type"]?.string {
        case "encoder-decoder": nameInBase = { BertPairNames.nameInBase($0) }
        case "bert": nameInBase = { CrossEncoderNames.nameInBase($0) }
        case ConvKNRMConfiguration.modelType: nameInBase = { ConvKNRMConfiguration.nameInBase($0) }
        default: throw reference.corrupted
        }
        guard mayHaveBase else { throw reference.corrupted }
        base = try ModelFolder(folder: reference.path, mayHaveBase: false)
        guard base.architecture == .bert else {
            throw TrawlError(
                .incompatible,
                "the base '\(reference.name)' is a \(base.architectureName), not a BERT model: \(reference.path)",
                path: folder, remedy: "put the BERT model that this one was made with beside it")
        }
        try reference.requireDigest(of: base)
        self.own = own
        basePrefix = BertNames.prefix(in: base.tensors)
        tensors = own.tensors + base.tensors.tensors
    }

    func tensor(named name: String) -> Tensor? {
        if let found = own.tensor(named: name) { return found }
        return nameInBase(name).flatMap { base.tensors.tensor(named: basePrefix + $0) }
    }
}
