import TrawlCluster
import TrawlCore
public import TrawlEngine

/// Opens indexes, and the clusters that manifests list: shards with replicas over HTTP, others by this process.
public struct ClusterAccess: Sendable {
    /// How the names of manifests end.
    public static let fileEnding = ".shards.json"

    /// What the servers of replicas demand; nil: nothing.
    public var apiKey: String?
    /// In seconds, for one answer of one replica.
    public var timeout = 30.0
    /// See `ClusterIndex`.
    public var allowsPartial = false

    public init() {}

    /// Whether a path is that of a manifest, rather than of an index.
    public static func isManifest(_ path: String) -> Bool { path.hasSuffix(fileEnding) }

    /// The path of the index or the manifest that a user named.
    ///
    /// - Throws: `TrawlError.notFound` for a name that no index has.
    public static func path(of name: String) throws -> String {
        isManifest(name) ? name : try IndexCatalogue.path(of: name)
    }

    /// The index or the cluster at `path`.
    public func open(_ path: String, name: String? = nil, engine: Engine) throws -> any Searchable {
        guard Self.isManifest(path) else { return try engine.open(path) }
        let manifest = try ClusterManifest(path: path)
        let connections = try manifest.shards.map { shard -> any ShardConnection in
            let addresses = try shard.replicas.map { try ShardAddress($0) }
            return addresses.isEmpty
                ? try LocalShard(path: shard.path, engine: engine)
                : ReplicatedShard(addresses, apiKey: apiKey, timeout: timeout)
        }
        return try ClusterIndex(name: name ?? path, connections, parts: engine.parts, allowsPartial: allowsPartial)
    }
}
