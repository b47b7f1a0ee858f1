import TrawlCore
public import TrawlEngine

/// Carries questions to a shard and its answers back. It may be used from many threads at once.
public protocol ShardConnection: Sendable {
    /// For messages, such as a path or the addresses of replicas.
    var name: String { get }

    /// Sends a question, and calls `answered` once with the answer or with why there is none, on any thread.
    func send(_ question: [UInt8], answered: @escaping @Sendable (Result<[UInt8], any Error>) -> Void)
}

/// A shard that is an index on this machine, opened by this process.
public final class LocalShard: ShardConnection {
    public let name: String
    private let service: ShardService

    public init(path: String, engine: Engine) throws {
        name = path
        service = ShardService(try engine.open(path))
    }

    public func send(_ question: [UInt8], answered: @escaping @Sendable (Result<[UInt8], any Error>) -> Void) {
        answered(.success(service.answer(question)))
    }
}
