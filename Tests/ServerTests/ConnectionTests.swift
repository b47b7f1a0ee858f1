import Foundation
import Testing

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
        for host in ["localhost:1", "127.0.0.1", "[::1]:80"] {
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
        try await server.waitForQueue(1)
        try await Task.sleep(for: .milliseconds(400))
        for _ in 0..<2 { gate.signal() }
        let found = try await answer
        #expect(found.status == 503 && found.error["type"] as? String == "timeout", "\(found.text)")
    }
}
