import Foundation
import TrawlCore

/// The shards of one corpus: where they are, what they hold, and which servers answer for them.
///
/// ```
/// {"version":1,"hash":1,"shards":[
/// {"number":0,"path":"wiki-0-of-8.trawl","digest":"…","documents":123,"passages":456,"replicas":[]},
/// …
/// ]}
/// ```
/// A file has all shards, in any order. Their paths are relative to its folder.
public struct ClusterManifest: Hashable, Sendable {
    static let version = 1
    /// The most bytes of a file.
    static let maximumBytes = 16 << 20

    public struct Shard: Hashable, Sendable {
        /// From 0.
        public let number: Int
        /// The folder of the index, from the root of the file system.
        public let path: String
        /// `SearchIndex.digest()` of the index.
        public let digest: String
        /// Documents and passages that are not deleted.
        public let documents: Int
        public let passages: Int
        /// The addresses of servers that answer for the shard, such as `http://host:7700`.
        public internal(set) var replicas: [String]
    }

    /// By their numbers: the first is shard 0.
    public let shards: [Shard]

    /// Reads the file `path`.
    ///
    /// - Throws: `TrawlError` that names the file and the value for anything but a manifest of all shards.
    public init(path: String) throws {
        do {
            let bytes = try Self.bytes(of: path)
            let file = try JSONDecoder().decode(ManifestFile.self, from: bytes)
            shards = try file.shards(in: Self.folder(of: path))
        } catch let error as TrawlError {
            throw error.at(path: path)
        } catch let error as DecodingError {
            throw TrawlError(
                .invalidInput, "this is not a manifest of shards: \(error.reason)", path: path,
                remedy: "make the manifest again", topic: .manifest)
        }
    }

    init(_ shards: [Shard]) { self.shards = shards }

    /// Writes it as a file, which is replaced if it exists. Indexes in the file's folder or near it get relative paths.
    public func write(to path: String) throws {
        try OutputFile(path).write(ManifestFile(shards, relativeTo: try Self.folder(of: path)).bytes)
    }

    private static func bytes(of path: String) throws -> Data {
        let text = try ByteSource.text(of: path)
        guard text.utf8.count <= maximumBytes else {
            throw TrawlError(
                .invalidInput, "a manifest has at most \(maximumBytes >> 20) MiB", remedy: "name the file of a manifest"
            )
        }
        return Data(text.utf8)
    }

    /// The folder of the file `path`, without links.
    private static func folder(of path: String) throws -> String {
        URL(filePath: path).deletingLastPathComponent().resolvingSymlinksInPath().path
    }
}

extension DecodingError {
    /// What is wrong and where, such as `shards.3.digest is missing`.
    fileprivate var reason: String {
        func name(_ path: [any CodingKey], _ key: (any CodingKey)? = nil) -> String {
            let keys = (path + (key.map { [$0] } ?? [])).map { $0.intValue.map { "\($0)" } ?? $0.stringValue }
            return keys.isEmpty ? "the file" : keys.joined(separator: ".")
        }
        switch self {
        case .keyNotFound(let key, let context): return "\(name(context.codingPath, key)) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(name(context.codingPath)) has a value of another kind"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is not JSON" : "\(name(context.codingPath)) cannot be read"
        @unknown default: return "it cannot be read"
        }
    }
}
