import Foundation
import Testing
import TrawlCluster
import TrawlCore
import TrawlEngine
import TrawlTestSupport

@testable import TrawlServer

/// Shards over real sockets.
@Suite struct ShardServerTests {
    /// A port of this machine at which somebody takes connections and never answers.
    private final class SilentListener: Sendable {
        let port: Int
        private let handle: Int32

        init() throws {
            handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let handle = handle
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(handle, $0, size) == 0 && listen(handle, 64) == 0 && getsockname(handle, $0, &size) == 0
                }
            }
            try #require(isBound)
            port = Int(in_port_t(bigEndian: address.sin_port))
        }

        /// Nobody is there any more.
        func stop() { close(handle) }
    }

    private func address(_ port: Int, index: String? = nil) throws -> ShardAddress {
        try ShardAddress("http://127.0.0.1:\(port)" + (index.map { "/" + $0 } ?? ""))
    }

    private func connected(
        _ addresses: [ShardAddress], apiKey: String? = nil, timeout: Double = 120, patience: Double? = nil
    ) async throws -> ClusterIndex {
        try await onThread {
            try ClusterIndex(
                name: "cluster",
                [ReplicatedShard(addresses, apiKey: apiKey, timeout: timeout, patience: patience)])
        }
    }

    /// What `body` gives, on a thread that nobody else needs: it waits for answers.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    private func hits(_ cluster: ClusterIndex, _ query: String) async throws -> [String] {
        try await onThread {
            try cluster.session(by: Engine(), cluster.settings).search([Query(id: "1", text: query)])[0].hits
                .map { "\($0.document) \($0.score)" }
        }
    }

    private func ownHits(_ server: RunningServer, _ query: String) throws -> [String] {
        let index = try Engine().open(server.folder.path("notes.trawl"))
        return try index.session(by: Engine(), index.settings).search([Query(id: "1", text: query)])[0].hits
            .map { "\($0.document) \($0.score)" }
    }

    @Test func aShardOverHTTPAnswersAsTheIndexDoes() async throws {
        let server = try await RunningServer(build: ["lexical", "generative"])
        for index in ["notes", nil] {
            let cluster = try await connected([address(server.port, index: index)])
            for query in ["moon and oceans", "light", "air"] {
                let found = try await hits(cluster, query)
                #expect(try found == ownHits(server, query))
                #expect(!found.isEmpty)
            }
        }
    }

    @Test func anotherReplicaAnswersForOneThatIsGone() async throws {
        let server = try await RunningServer()
        let gone = try SilentListener()
        gone.stop()
        let cluster = try await connected([address(gone.port), address(server.port)])
        for _ in 0..<4 { #expect(try await hits(cluster, "light") == ownHits(server, "light")) }
    }

    @Test func anotherReplicaIsAskedWhereOneIsSlow() async throws {
        let server = try await RunningServer()
        let silent = try SilentListener()
        defer { silent.stop() }
        let start = ContinuousClock.now
        let cluster = try await connected([address(silent.port), address(server.port)], timeout: 60, patience: 0.05)
        for _ in 0..<4 { #expect(try await hits(cluster, "light") == ownHits(server, "light")) }
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test func whoDoesNotAnswerIsNamed() async throws {
        let gone = try SilentListener()
        gone.stop()
        let error = await #expect(throws: TrawlError.self) { try await connected([address(gone.port)]) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("shard 0") == true && error?.message.contains("127.0.0.1:\(gone.port)") == true)
        let silent = try SilentListener()
        defer { silent.stop() }
        let slow = await #expect(throws: TrawlError.self) { try await connected([address(silent.port)], timeout: 0.2) }
        #expect(slow?.message.contains("did not answer within 200 ms") == true)
    }

    @Test func aShardWithAKeyDemandsIt() async throws {
        let server = try await RunningServer { $0.apiKey = "secret" }
        let error = await #expect(throws: TrawlError.self) { try await connected([address(server.port)]) }
        // Under load the connection may be closed before the status 401 is read.
        #expect(error?.code == .unavailable && error?.message.contains("shard 0") == true)
        let cluster = try await connected([address(server.port)], apiKey: "secret")
        #expect(try await hits(cluster, "light") == ownHits(server, "light"))
    }

    @Test func anIndexThatIsNotServedIsNotFound() async throws {
        let server = try await RunningServer()
        let error = await #expect(throws: TrawlError.self) {
            try await connected([address(server.port, index: "other")])
        }
        #expect(error?.message.contains("answered 404") == true)
    }

    @Test func bytesThatAreNoQuestionGetAnErrorAsAnswer() async throws {
        let server = try await RunningServer()
        let answer = try await server.post("/v1/indexes/notes/shard", "TRSQ and more")
        #expect(answer.status == 200)
        #expect(ShardMessage.isFailure(Array(answer.bytes)))
        #expect(answer.text.contains("the other side speaks version") || answer.text.contains("cannot be read"))
        let empty = try await server.post("/v1/indexes/notes/shard", "")
        #expect(empty.status == 422 && empty.error["message"] as? String == "the body is empty", "\(empty.text)")
    }

    @Test func addressesAreHTTP() throws {
        for text in ["https://host:1", "host:1", "http://", "http://u@h:1", "http://h:1?x=1", "ftp://h"] {
            #expect(throws: TrawlError.self) { try ShardAddress(text) }
        }
        let address = try ShardAddress("http://[::1]:7700/notes")
        #expect((address.host, address.port, address.index) == ("::1", 7700, "notes"))
    }
}
