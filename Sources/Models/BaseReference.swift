internal import TrawlCore
internal import TrawlTensors

/// The model that a folder's config.json leaves tensors to: `trawl_base_model`, the name of a folder beside its own, and
/// `trawl_base_digest`, which fixes it. An adapter of peft's names it by `base_model_name_or_path`, whose last part is taken.
struct BaseReference {
    let name: String
    let path: String
    private let digest: String?
    private let folder: String

    /// What is wrong with a folder that may not have a base, or names none.
    var corrupted: TrawlError { Self.corrupted(folder) }

    /// - Throws: `TrawlError.corrupted` where no folder is named, `.notFound` for one that is not there.
    init(_ configuration: JSON, folder: String) throws {
        let ofPeft = configuration["base_model_name_or_path"]?.string?.split(separator: "/").last.map { String($0) }
        guard let name = configuration["trawl_base_model"]?.string ?? ofPeft, !name.isEmpty, name != ".", name != "..",
            !name.contains("/")
        else { throw Self.corrupted(folder) }
        self.name = name
        self.folder = folder
        path = Self.parent(of: folder) + "/" + name
        digest = configuration["trawl_base_digest"]?.string
        guard folderExists(path) || fileExists(path) else {
            throw TrawlError(
                .notFound, "the model leaves tensors to its base '\(name)', which is not there: \(path)", path: folder,
                remedy: "put the folder of \(name) beside this one")
        }
    }

    /// - Throws: `TrawlError.incompatible` for another base than the model was made with.
    func requireDigest(of base: ModelFolder) throws {
        guard let digest, digest != base.digest else { return }
        throw TrawlError(
            .incompatible, "the model was made with a base of the digest \(digest), \(path) has \(base.digest)",
            path: folder, remedy: "put the version of \(name) that it was made with beside it")
    }

    private static func corrupted(_ folder: String) -> TrawlError {
        TrawlError(
            .corrupted,
            "'trawl_base_model' is for encoder-decoders, rerankers and adapters and names a model's folder beside their own",
            path: folder + "/config.json", remedy: "write the folder's name alone, such as \"all-MiniLM-L6-v2\"")
    }

    private static func parent(of folder: String) -> String {
        var parts = folder.split(separator: "/", omittingEmptySubsequences: true)
        guard let last = parts.popLast() else { return folder }
        if last == "." || last == ".." { return folder + "/.." }
        let joined = parts.joined(separator: "/")
        return folder.hasPrefix("/") ? "/" + joined : joined.isEmpty ? "." : joined
    }
}
