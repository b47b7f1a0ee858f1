internal import Core
internal import Tensors

/// The tensors of an encoder-decoder's folder that leaves out those which it shares with a BERT model beside it: its
/// encoder, and the embeddings of its decoder.
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
    /// The folder's own, then those of the base.
    let tensors: [Tensor]

    var path: String { own.path }

    /// What names begin with here and, behind the base's own prefix, there.
    private static let places = [("encoder.", ""), ("decoder.bert.embeddings.", "embeddings.")]

    /// nil where config.json names no base.
    ///
    /// - Throws: `TrawlError.notFound` for a base that is not there, `.incompatible` for another one than the model was made
    ///   with, or none of BERT's architecture.
    init?(_ own: any TensorCollection, _ configuration: JSON, folder: String, mayHaveBase: Bool) throws {
        guard let member = configuration["trawl_base_model"] else { return nil }
        guard mayHaveBase, configuration["model_type"]?.string == "encoder-decoder",
            let name = member.string, !name.isEmpty, name != ".", name != "..", !name.contains("/")
        else {
            throw TrawlError(
                .corrupted,
                "'trawl_base_model' is for an encoder-decoder and names a BERT model's folder beside its own",
                path: folder + "/config.json", remedy: "write the folder's name alone, such as \"all-MiniLM-L6-v2\"")
        }
        let path = Self.parent(of: folder) + "/" + name
        guard folderExists(path) else {
            throw TrawlError(
                .notFound, "the model leaves tensors to its base '\(name)', which is not there: \(path)", path: folder,
                remedy: "put the folder of \(name) beside this one")
        }
        base = try ModelFolder(folder: path, mayHaveBase: false)
        guard base.architecture == .bert else {
            throw TrawlError(
                .incompatible, "the base '\(name)' is a \(base.architectureName), not a BERT model: \(path)",
                path: folder,
                remedy: "put the BERT model that this one was made with beside it")
        }
        if let expected = configuration["trawl_base_digest"]?.string, expected != base.digest {
            throw TrawlError(
                .incompatible,
                "the model was made with a base of the digest \(expected), \(path) has \(base.digest)", path: folder,
                remedy: "put the version of \(name) that it was made with beside it")
        }
        self.own = own
        basePrefix = base.tensors.prefix(before: "embeddings.word_embeddings.weight") ?? ""
        tensors = own.tensors + base.tensors.tensors
    }

    func tensor(named name: String) -> Tensor? {
        if let found = own.tensor(named: name) { return found }
        for (here, there) in Self.places where name.hasPrefix(here) {
            return base.tensors.tensor(named: basePrefix + there + name.dropFirst(here.count))
        }
        return nil
    }

    private static func parent(of folder: String) -> String {
        var parts = folder.split(separator: "/", omittingEmptySubsequences: true)
        guard let last = parts.popLast() else { return folder }
        if last == "." || last == ".." { return folder + "/.." }
        let joined = parts.joined(separator: "/")
        return folder.hasPrefix("/") ? "/" + joined : joined.isEmpty ? "." : joined
    }
}
