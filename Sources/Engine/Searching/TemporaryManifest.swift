public struct ClusterManifest {
    public struct Shard {
        public let path: String
        public let replicas: [String]
    }
    public let shards: [Shard]
    public init(path: String) throws { shards = [] }
}
