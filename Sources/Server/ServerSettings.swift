public import TrawlTensors

/// How a server listens, and what it allows.
public struct ServerSettings: Sendable {
    /// Loopback unless the operator says otherwise.
    public var host = "127.0.0.1"
    /// 0: any free port.
    public var port = 7700
    /// What requests must present; nil: nothing.
    public var apiKey: String?
    /// Whether documents can be neither added nor deleted.
    public var isReadOnly = false
    /// The embedding model of requests that name none; nil: that of the first index, or the default one.
    public var embedder: String?
    /// The arithmetic of embedding models and rerankers.
    public var precision = Precision.f32
    /// The tokens that are computed together; a single request may have more.
    public var batchTokens = 16_384
    /// The requests that may wait for computation; more are refused.
    public var queueLength = 1024
    /// The largest body of a request, in bytes.
    public var bodyBytes = 32 << 20
    /// The seconds within which a request must arrive, and its computation begin.
    public var timeout = 30.0
    /// The seconds after which a connection without a request is closed.
    public var idleTimeout = 75.0
    /// How the shards of clusters are reached.
    public var cluster = ClusterAccess()
    /// What the server calls itself.
    public var version = "0"
    /// The connections that are open at once; more wait until one closes. Fewer where the process may not open as many files.
    public var connections = 4096

    public init() {}

    /// Whether only programs on this machine can connect.
    var isLoopback: Bool { Self.isLoopback(host) }

    /// Whether `host` always means this machine: 127.0.0.0/8, `::1` or `localhost`. Any other name may be pointed at it by whoever
    /// owns the name, 127.0.0.1.example.org too.
    static func isLoopback(_ host: String) -> Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        if numbers.count == 4, numbers[0] == "127" {
            return numbers.allSatisfy { $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } && UInt8($0) != nil }
        }
        return ["::1", "localhost", "localhost."].contains(host.lowercased())
    }
}
