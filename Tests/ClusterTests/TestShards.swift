import Foundation
import Synchronization
import TrawlCluster
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlTestSupport

/// A switch that threads share.
final class Switch: Sendable {
    private let state = Mutex(false)
    func store(_ value: Bool) { state.withLock { $0 = value } }
    var isOn: Bool { state.withLock { $0 } }
}

/// A shard whose connection can fail, and that counts its questions.
final class FrailShard: ShardConnection {
    let name = "frail"
    let fails = Switch()
    private let count = Atomic(0)
    private let base: any ShardConnection

    init(_ base: any ShardConnection) { self.base = base }

    var questions: Int { count.load(ordering: .relaxed) }

    func send(_ question: [UInt8], answered: @escaping @Sendable (Result<[UInt8], any Error>) -> Void) {
        count.add(1, ordering: .relaxed)
        guard !fails.isOn else {
            return answered(.failure(TrawlError(.unavailable, "the connection was closed")))
        }
        base.send(question, answered: answered)
    }
}

/// A shard that lies: it gives answers of its own to some questions.
final class LyingShard: ShardConnection {
    let name = "liar"
    private let base: any ShardConnection
    private let lie: @Sendable (_ operation: UInt16, _ answer: [UInt8]) -> [UInt8]

    init(_ base: any ShardConnection, lie: @escaping @Sendable (_ operation: UInt16, _ answer: [UInt8]) -> [UInt8]) {
        (self.base, self.lie) = (base, lie)
    }

    func send(_ question: [UInt8], answered: @escaping @Sendable (Result<[UInt8], any Error>) -> Void) {
        let operation = UInt16(question[6]) | UInt16(question[7]) << 8
        base.send(question) { [lie] result in answered(result.map { lie(operation, $0) }) }
    }
}

/// A shard that can be made to forget the commits it has open, as a restarted process does.
final class ForgetfulShard: ShardConnection {
    let name: String
    private let open: @Sendable () throws -> LocalShard
    private let current: Mutex<LocalShard>

    init(path: String, engine: Engine) throws {
        name = path
        open = { try LocalShard(path: path, engine: engine) }
        current = Mutex(try LocalShard(path: path, engine: engine))
    }

    func forget() { if let fresh = try? open() { current.withLock { $0 = fresh } } }

    func send(_ question: [UInt8], answered: @escaping @Sendable (Result<[UInt8], any Error>) -> Void) {
        current.withLock { $0 }.send(question, answered: answered)
    }
}

/// Documents as a corpus that reports positions.
struct DocumentListing {
    let documents: [TestDocument]

    init(_ documents: [TestDocument]) { self.documents = documents }

    func corpus(in fixture: ClusterFixture) throws -> any DocumentSource {
        try fixture.file(of: documents).recipe.corpus.documents()
    }
}
