import Foundation
import Logging
import Testing
import TrawlCore
import TrawlEngine
import TrawlTestSupport

@testable import TrawlServer

@Suite struct ConnectionTests {
    private func request(_ lines: String..., body: String = "") -> [UInt8] {
        Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }

    @Test func whatIsNoRouteOrNoMethodOfItIsToldSo() async throws {
        let server = try await RunningServer()
        #expect(try await server.send("GET", "/nothing").status == 404)
        let wrong = try await server.send("GET", "/v1/search")
        #expect(wrong.status == 405 && wrong.headers["allow"] == "POST")
        #expect(try await server.send("HEAD", "/health").status == 200)
    }

    @Test func aServerWithAKeyAnswersThoseWhoHaveIt() async throws {
        let server = try await RunningServer { $0.apiKey = "secret" }
        #expect(try await server.send("GET", "/v1/indexes").status == 401)
        for headers in [
            ["Authorization": "Bearer secret"], ["Authorization": "bearer secret"], ["X-API-Key": "secret"],
        ] {
            #expect(try await server.send("GET", "/v1/indexes", headers: headers).status == 200)
        }
        for headers in [["Authorization": "Bearer secre"], ["X-API-Key": ""], ["Authorization": "Basic secret"]] {
            #expect(try await server.send("GET", "/v1/indexes", headers: headers).status == 401)
        }
        #expect(try await server.send("GET", "/health").status == 200)
        #expect(try await server.send("GET", "/").status == 200)
    }

    @Test func keysAreEqualOnlyAsAWhole() {
        let key = Array("secret".utf8)
        #expect(AccessMiddleware.areEqual(key, key))
        for other in ["", "s", "secre", "secrets", "secretsecret", "Secret"] {
            #expect(!AccessMiddleware.areEqual(Array(other.utf8), key), "\(other)")
        }
    }

    /// A web page can make a browser send requests here under a name of its own.
    @Test func aRequestForAnotherHostIsRefusedOnLoopback() async throws {
        let server = try await RunningServer()
        let other = try await server.raw(request("GET /health HTTP/1.1", "Host: evil.example", "Connection: close"))
        #expect(other.hasPrefix("HTTP/1.1 403"), "\(other)")
        let named = [
            "127.0.0.1.evil.example", "127.evil.example", "127.0.0.1.", "[::1].evil.example", "localhost.evil",
        ]
        for host in named {
            let other = try await server.raw(request("GET /health HTTP/1.1", "Host: \(host)", "Connection: close"))
            #expect(other.hasPrefix("HTTP/1.1 403"), "\(host): \(other)")
        }
        for host in ["localhost:1", "127.0.0.1", "127.8.0.1:7700", "LocalHost.", "[::1]:80"] {
            let own = try await server.raw(request("GET /health HTTP/1.1", "Host: \(host)", "Connection: close"))
            #expect(own.hasPrefix("HTTP/1.1 200"), "\(host): \(own)")
        }
    }

    @Test func aBodyBeyondTheLimitIsRefusedWithAndWithoutItsLength() async throws {
        let server = try await RunningServer { $0.bodyBytes = 1000 }
        let long = String(repeating: "a", count: 2000)
        let known = try await server.post("/v1/search", #"{"query": "\#(long)"}"#)
        #expect(known.status == 413 && known.error["type"] as? String == "too_large")
        let chunked = try await server.raw(
            request(
                "POST /v1/search HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked", "Connection: close",
                body: "7d0\r\n\(long)\r\n7d0\r\n\(long)\r\n"))
        #expect(chunked.hasPrefix("HTTP/1.1 413"), "\(chunked)")
        #expect(try await server.send("GET", "/health").status == 200)
    }

    @Test func whatIsNotJSONOrNotUTF8IsABadRequest() async throws {
        let server = try await RunningServer()
        #expect(try await server.post("/v1/search", "{\"query\": ").status == 400)
        #expect(try await server.post("/v1/search", #"{"query": "a", "query": "b"}"#).status == 400)
        let invalid = Array("{\"query\": \"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8)
        let answer = try await server.raw(
            request(
                "POST /v1/search HTTP/1.1", "Host: localhost", "Content-Length: \(invalid.count)", "Connection: close")
                + invalid)
        #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
        let deep = String(repeating: "[", count: 100_000)
        #expect(try await server.post("/v1/search", #"{"query": \#(deep)"#).status == 400)
    }

    @Test func aRequestThatDoesNotArriveIsGivenUp() async throws {
        let server = try await RunningServer {
            $0.timeout = 0.3
            $0.idleTimeout = 0.3
        }
        let start = ContinuousClock.now
        let slow = try await server.raw(
            request("POST /v1/search HTTP/1.1", "Host: localhost", "Content-Length: 100", body: "{"), silence: 20)
        #expect(slow.hasPrefix("HTTP/1.1 408"), "\(slow)")
        #expect(slow.contains(#""type":"timeout""#), "\(slow)")
        let head = try await server.raw(Array("GET /health HTTP/1.1\r\nHost: loc".utf8))
        #expect(head.hasPrefix("HTTP/1.1 408"), "\(head)")
        // A client that sends nothing at all.
        #expect(try await server.raw([], silence: 20).isEmpty)
        #expect(ContinuousClock.now - start < .seconds(15))
        #expect(try await server.send("GET", "/health").status == 200)
    }

    @Test func requestsInOneGoAreAnsweredInTheirOrder() async throws {
        let server = try await RunningServer()
        let one = request("GET /health HTTP/1.1", "Host: localhost")
        let two = request("GET /v1/indexes HTTP/1.1", "Host: localhost", "Connection: close")
        let answers = try await server.raw(one + two)
        let health = try #require(answers.range(of: #"{"status":"ok"}"#))
        let indexes = try #require(answers.range(of: #"{"indexes":"#))
        #expect(health.upperBound < indexes.lowerBound)
        // Only the last answer ends the connection.
        let close = try #require(answers.range(of: "Connection: close"))
        #expect(close.lowerBound > health.upperBound, "\(answers)")
    }

    @Test func aClientThatWaitsForPermissionGetsIt() async throws {
        let server = try await RunningServer()
        let answer = try await server.raw(
            request(
                "POST /v1/search HTTP/1.1", "Host: localhost", "Content-Length: 14", "Expect: 100-continue",
                "Connection: close", body: #"{"query": "a"}"#))
        #expect(answer.hasPrefix("HTTP/1.1 100 Continue"), "\(answer)")
        #expect(answer.contains("HTTP/1.1 200"), "\(answer)")
    }

    @Test func moreRequestsThanMayWaitAreAskedToComeBack() async throws {
        let server = try await RunningServer { $0.queueLength = 2 }
        // Both threads are busy until the test lets them go.
        let gate = DispatchSemaphore(value: 0)
        for _ in 0..<2 { server.services.work.enqueue { gate.wait() } }
        let statuses = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for number in 0..<6 {
                group.addTask {
                    let answer = try await server.post("/v1/ngrams/count", #"{"phrase": "the \#(number)"}"#)
                    return (answer.status, answer.headers["retry-after"])
                }
            }
            var statuses: [(Int, String?)] = []
            for try await status in group {
                statuses.append(status)
                if statuses.count == 4 { for _ in 0..<2 { gate.signal() } }
            }
            return statuses
        }
        #expect(statuses.filter { $0.0 == 429 && $0.1 == "1" }.count == 4)
    }

    @Test func aRequestWhoseClientHasGoneIsNotComputed() async throws {
        let server = try await RunningServer()
        let gate = DispatchSemaphore(value: 0)
        for _ in 0..<2 { server.services.work.enqueue { gate.wait() } }
        // The connection closes while the search waits.
        let body = #"{"query": "oceans"}"#
        _ = try await server.raw(
            request("POST /v1/search HTTP/1.1", "Host: localhost", "Content-Length: \(body.utf8.count)", body: body),
            silence: 1)
        try await server.waitForQueue(1)
        try await Task.sleep(for: .milliseconds(200))
        for _ in 0..<2 { gate.signal() }
        let dropped = #"trawl_dropped_requests_total{kind="search"} 1"#
        for _ in 0..<50 where !server.services.metrics.registry.text().contains(dropped) {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(server.services.metrics.registry.text().contains(dropped))
    }

    @Test func anAnswerToHEADIsAHeadAlone() async throws {
        let server = try await RunningServer()
        let heads =
            request("HEAD /health HTTP/1.1", "Host: localhost") + request("HEAD /nothing HTTP/1.1", "Host: localhost")
        let answers = try await server.raw(
            heads + request("GET /health HTTP/1.1", "Host: localhost", "Connection: close"))
        let parts = answers.components(separatedBy: "\r\n\r\n")
        #expect(
            parts.count == 4 && parts[1].hasPrefix("HTTP/1.1 404") && parts[2].hasPrefix("HTTP/1.1 200"), "\(answers)")
        #expect(parts[0].contains("Content-Length: 15") && parts[3] == #"{"status":"ok"}"#, "\(answers)")
    }

    @Test func aClientOfAnEarlierVersionGetsTheEndOfItsConnection() async throws {
        let server = try await RunningServer()
        let answer = try await server.raw(request("GET /health HTTP/1.0"))
        #expect(answer.contains("200 OK") && answer.contains("Connection: close"), "\(answer)")
    }

    @Test func aRequestNamesOneHost() async throws {
        let server = try await RunningServer()
        for hosts in [[], ["Host: localhost", "Host: evil.example"]] {
            let lines = ["GET /health HTTP/1.1"] + hosts
            let answer = try await server.raw(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8))
            #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("host"), "\(answer)")
        }
    }

    @Test func aBodyThatIsNotAsItsHeadSaysIsABadRequest() async throws {
        let server = try await RunningServer()
        let answer = try await server.raw(
            request("POST /v1/search HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked", body: "zz\r\n{}\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
    }

    @Test func aBodyThatIsTooLargeIsRefusedBeforeItIsSent() async throws {
        let server = try await RunningServer { $0.bodyBytes = 1000 }
        let answer = try await server.raw(
            request(
                "POST /v1/search HTTP/1.1", "Host: localhost", "Content-Length: 2000", "Expect: 100-continue",
                "Connection: close"))
        #expect(answer.hasPrefix("HTTP/1.1 413"), "\(answer)")
    }

    @Test func aServerThatStopsAnswersWhatHasBegun() async throws {
        let server = try await RunningServer()
        let gate = DispatchSemaphore(value: 0)
        for _ in 0..<2 { server.services.work.enqueue { gate.wait() } }
        async let answer = server.post("/v1/search", #"{"query": "oceans"}"#)
        try await server.waitForQueue(1)
        await server.server.stop()
        for _ in 0..<2 { gate.signal() }
        #expect(try await answer.hits == ["moon"])
        try await server.run.value
    }

    @Test func aRequestThatWaitsTooLongIsToldSo() async throws {
        let server = try await RunningServer { $0.timeout = 0.2 }
        let gate = DispatchSemaphore(value: 0)
        for _ in 0..<2 { server.services.work.enqueue { gate.wait() } }
        async let answer = server.post("/v1/search", #"{"query": "oceans"}"#)
        async let count = server.post("/v1/ngrams/count", #"{"phrase": "the"}"#)
        // Not when its turn comes.
        let (found, counted) = (try await answer, try await count)
        for _ in 0..<2 { gate.signal() }
        #expect(found.status == 503 && found.error["type"] as? String == "timeout", "\(found.text)")
        #expect(counted.status == 503, "\(counted.text)")
    }

    @Test func aListOfQueriesWaitsAsOneRequest() async throws {
        let server = try await RunningServer { $0.queueLength = 2 }
        let queries = (0..<9).map { _ in #""oceans""# }.joined(separator: ", ")
        let answer = try await server.post("/v1/search", #"{"queries": [\#(queries)]}"#)
        #expect(answer.status == 200 && (answer.object["results"] as? [Any])?.count == 9, "\(answer.text)")
        #expect(server.services.metrics.registry.text().contains("trawl_queue_requests 0.0\n"))
    }

    @Test func moreWritersThanMayWaitAreAskedToComeBack() async throws {
        let server = try await RunningServer { $0.queueLength = 2 }
        let gate = DispatchSemaphore(value: 0)
        server.services.writers.enqueue { gate.wait() }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<5 {
                group.addTask {
                    let line = #"{"id": "n\#(number)", "text": "numbered"}"#
                    return try await server.send("PUT", "/v1/indexes/notes/documents", line).status
                }
            }
            var statuses: [Int] = []
            for try await status in group {
                statuses.append(status)
                if statuses.count == 3 { gate.signal() }
            }
            return statuses.sorted()
        }
        #expect(statuses == [200, 200, 429, 429, 429])
    }

    // MARK: - Answers that do not fit in the buffers of a connection

    /// A server with the document `big`, whose answer has more bytes than are under way at once.
    private func serverOfALongText(_ change: (inout ServerSettings) -> Void = { _ in }) async throws -> RunningServer {
        let server = try await RunningServer(change)
        let text = String(repeating: "tide ", count: 4 << 20)
        let put = try await server.send("PUT", "/v1/indexes/notes/documents", #"{"id": "big", "text": "\#(text)"}"#)
        try #require(put.status == 200, "\(put.text)")
        return server
    }

    private static let big = "GET /v1/indexes/notes/documents/big"

    @Test func aConnectionClosesAfterItsAnswer() async throws {
        let server = try await serverOfALongText()
        for lines in [[Self.big + " HTTP/1.1", "Host: localhost", "Connection: close"], [Self.big + " HTTP/1.0"]] {
            let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
            let answer = try await server.raw(bytes, pause: 0.5)
            #expect(answer.utf8.count > 20 << 20 && answer.hasSuffix("}"), "\(lines): \(answer.utf8.count) bytes")
        }
    }

    @Test func aServerThatStopsSendsWhatItHasWritten() async throws {
        let server = try await serverOfALongText()
        async let answer = server.raw(request(Self.big + " HTTP/1.1", "Host: localhost"), pause: 1)
        try await Task.sleep(for: .milliseconds(500))
        await server.server.stop()
        let bytes = try await answer.utf8.count
        #expect(bytes > 20 << 20, "\(bytes) bytes")
        try await server.run.value
    }

    @Test func aClientThatDoesNotReadIsGivenUp() async throws {
        let server = try await serverOfALongText { $0.idleTimeout = 0.5 }
        func open() -> Bool { !server.services.metrics.registry.text().contains("trawl_connections 0.0\n") }
        for _ in 0..<500 where open() { try await Task.sleep(for: .milliseconds(10)) }
        async let answer = server.raw(request(Self.big + " HTTP/1.1", "Host: localhost"), pause: 6)
        for _ in 0..<100 where !open() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(open())
        for _ in 0..<400 where open() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!open(), "the connection is open after 4 s")
        #expect(try await answer.utf8.count < 20 << 20)
    }

    @Test func whatIsLeftOfARefusedRequestIsNotTheNextOne() async throws {
        let server = try await RunningServer { $0.bodyBytes = 1000 }
        // The body never comes, and the next request must not be taken for it.
        let answer = try await server.raw(
            request("POST /v1/search HTTP/1.1", "Host: localhost", "Content-Length: 2000"), silence: 20)
        #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("Connection: close"), "\(answer)")
    }

    @Test func eventsForAnEarlierVersionAreNotInChunks() async throws {
        let server = try await RunningServer()
        let body = #"{"query": "oceans", "stream": true}"#
        let answer = try await server.raw(
            request("POST /v1/search HTTP/1.0", "Content-Length: \(body.utf8.count)", body: body))
        #expect(answer.hasPrefix("HTTP/1.0 200") && !answer.lowercased().contains("chunked"), "\(answer)")
        #expect(answer.contains("\r\n\r\nevent: hits\n") && answer.hasSuffix("event: done\ndata: {}\n\n"), "\(answer)")
    }

    @Test func anAddressThatIsNoneIsAnError() async throws {
        let folder = try TemporaryFolder()
        var settings = ServerSettings()
        settings.host = "nohost.invalid"
        let server = try TrawlServer(settings, engine: Engine(), indexes: [], logger: Logger(label: folder.path))
        let error = await #expect(throws: TrawlError.self) { try await server.run { _ in } }
        #expect(error.map { "\($0)" }?.contains("nohost.invalid") == true)
    }
}
