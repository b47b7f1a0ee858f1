import Foundation
import Synchronization
public import TrawlEmbeddings
public import TrawlModels
public import TrawlTensors
public import TrawlTokenizers

/// The models that an engine has loaded, each once: concurrent searches share them.
///
/// A model is known by what it is used for, its path, the digest of its files and its arithmetic. A folder whose files
/// have changed is loaded again; searches that began before keep the model that they have.
public final class ModelCache: Sendable {
    private struct Key: Hashable {
        let use: String
        let path: String
        let precision: Precision?
    }

    /// One model, loaded by the first that asks for it while the others wait.
    private final class Slot: Sendable {
        let digest: String
        let value = Mutex<(any Sendable)?>(nil)

        init(digest: String) { self.digest = digest }
    }

    private let slots = Mutex<[Key: Slot]>([:])

    public init() {}

    /// Forgets all models; those in use stay as long as they are.
    public func removeAll() { slots.withLock { $0.removeAll() } }

    /// An embedding model by name or path.
    ///
    /// - Throws: `TrawlError` for a model that is missing, damaged or does not embed.
    public func embedder(_ model: String, precision: Precision = .f32) throws -> TextEmbedder {
        let path = try ModelCatalogue.path(of: model)
        return try value("embedder", path, precision) { try TextEmbedder(folder: path, precision: precision) }
    }

    /// What gives every token a vector, by name or path.
    ///
    /// - Throws: `TrawlError` for a model that is missing, damaged or has no token vectors.
    public func tokenEmbedder(_ model: String, precision: Precision = .f32) throws -> TokenEmbedder {
        let path = try ModelCatalogue.path(of: model)
        return try value("token embedder", path, precision) { try TokenEmbedder(folder: path, precision: precision) }
    }

    /// A model's folder by name or path: what it is, nothing loaded. It is not kept: it holds the file of the weights mapped,
    /// which a loaded model may not need.
    public func folder(_ model: String) throws -> ModelFolder { try ModelFolder(path: ModelCatalogue.path(of: model)) }

    /// A folder's tokenizer.
    public func tokenizer(of folder: ModelFolder) throws -> Tokenizer {
        try value("tokenizer", folder.path) { try folder.loadTokenizer() }
    }

    /// What writes text: a decoder or an encoder-decoder.
    public func generator(of folder: ModelFolder, precision: Precision = .f32) throws -> any GenerativeModel {
        try value("generator", folder.path, precision) { try folder.loadGenerator(precision: precision) }
    }

    /// What `load` gave for the files at `path` as they are now.
    ///
    /// - Parameter use: tells models apart that are loaded from the same files in different ways.
    public func value<Value: Sendable>(
        _ use: String, _ path: String, _ precision: Precision? = nil, load: () throws -> Value
    ) throws -> Value {
        let digest = Self.digest(ofFilesAt: path)
        let slot = slots.withLock { slots in
            let key = Key(use: use, path: path, precision: precision)
            if let slot = slots[key], slot.digest == digest { return slot }
            let slot = Slot(digest: digest)
            slots[key] = slot
            return slot
        }
        return try slot.value.withLock { stored in
            if let value = stored as? Value { return value }
            let value = try load()
            stored = value
            return value
        }
    }

    /// Of the names, sizes and times of a folder's files: milliseconds less than one of their contents, and no less telling
    /// of whether they are still what was loaded.
    private static func digest(ofFilesAt path: String) -> String {
        var hash = StableHash()
        let files = FileManager.default
        var names = [""]
        var isFolder: ObjCBool = false
        if files.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            names = ((try? files.contentsOfDirectory(atPath: path)) ?? []).sorted()
        }
        for name in names {
            var status = stat()
            guard stat(name.isEmpty ? path : path + "/" + name, &status) == 0 else { continue }
            hash.update("\(name) \(status.st_size) \(status.st_ino) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)")
        }
        return hash.hexadecimal
    }
}
