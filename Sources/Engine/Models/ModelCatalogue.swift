import Foundation
import TrawlCore
import TrawlTensors

/// Finds models by name or path.
public enum ModelCatalogue {
    public static let defaultEmbedder = "all-MiniLM-L6-v2"
    /// What writes n-grams; comes with Trawl, and is installed beside its base, the default embedder.
    public static let defaultGenerator = "minilm-generator"
    /// The language model of rerankers that need one.
    public static let defaultLanguageModel = "smollm2-135m-instruct"

    /// The folder that holds models by name.
    public static var folder: String { TrawlHome.path + "/models" }

    /// The names of the models that are installed, in order.
    public static func names() -> [String] {
        let contents = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return contents.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// The folder or GGUF file of `model`, which is a path or the name of an installed model.
    ///
    /// A folder that holds nothing but one GGUF model means its file, the first one of a split model.
    ///
    /// - Throws: `TrawlError.notFound` that lists what is installed.
    public static func path(of model: String) throws -> String {
        let files = FileManager.default
        for candidate in candidates(model) {
            var isFolder: ObjCBool = false
            guard files.fileExists(atPath: candidate, isDirectory: &isFolder) else { continue }
            guard isFolder.boolValue else { return candidate }
            let contents = try files.contentsOfDirectory(atPath: candidate).sorted()
            if contents.contains("config.json") || contents.contains("adapter_config.json") { return candidate }
            let weights = GGUF.models(among: contents)
            if weights.count == 1 { return candidate + "/" + weights[0] }
            throw TrawlError(
                .notFound, "the folder holds neither a config.json nor exactly one GGUF file", path: candidate,
                remedy: "name the model's folder or file")
        }
        throw TrawlError(
            .notFound, "no model \"\(model)\"", path: folder, remedy: choice(instead: model), topic: .models)
    }

    /// Whether `model` is a path or the name of an installed model.
    static func contains(_ model: String) -> Bool {
        candidates(model).contains { FileManager.default.fileExists(atPath: $0) }
    }

    /// `model` as an absolute path when it is a path from `folder`, and unchanged when there is no such file or folder: it
    /// may name an installed model.
    static func located(_ model: String, in folder: String) -> String {
        let path = URL(
            fileURLWithPath: (model as NSString).expandingTildeInPath,
            relativeTo: URL(fileURLWithPath: folder, isDirectory: true)
        ).standardizedFileURL.path
        return FileManager.default.fileExists(atPath: path) ? path : model
    }

    private static func candidates(_ model: String) -> [String] {
        [(model as NSString).expandingTildeInPath, folder + "/" + model]
    }

    /// Which models can be named instead of one that is not installed, for messages.
    static func choice(instead model: String) -> String {
        let installed = names()
        let known = PullCatalogue.entries.first { [$0.name, $0.folderName].contains(model) && $0.kind == .model }
        return (installed.isEmpty ? "" : "installed are \(installed.joined(separator: ", ")); ")
            + "name the path of a model, or install \(known?.name ?? "one")"
    }
}
