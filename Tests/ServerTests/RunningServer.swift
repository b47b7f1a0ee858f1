import Foundation
import FoundationNetworking
import Logging
import Synchronization
import Testing
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlTestSupport

@testable import TrawlServer

/// A server over real sockets, with an index of five documents.
final class RunningServer: Sendable {
    struct Answer: Sendable {
        let status: Int
        let bytes: Data
        let headers: [String: String]

        var text: String { String(decoding: bytes, as: UTF8.self) }

        /// The body as an object of JSON.
        var object: [String: Any] { (try? JSONSerialization.jsonObject(with: bytes)) as? [String: Any] ?? [:] }

        var error: [String: Any] { object["error"] as? [String: Any] ?? [:] }
        var hits: [String] { (object["hits"] as? [[String: Any]] ?? []).compactMap { $0["document"] as? String } }
    }

    static let corpus = """
        {"_id": "moon", "title": "Tides", "text": "The moon pulls the oceans, which rise and fall.", "year": 1999}
        {"_id": "leaf", "title": "Leaves", "text": "Plants turn light and water into sugar.", "year": 2004}
        {"_id": "rock", "title": "Granite", "text": "Granite forms from slowly cooling magma.", "year": 2010}
        {"_id": "bird", "title": "Swifts", "text": "Swifts sleep in the air and land only to nest.", "year": 2015}
        {"_id": "sky", "title": "Sky", "text": "The sky is blue because air scatters blue light.", "year": 2020}

        """

    let folder: TemporaryFolder
    let port: Int
    let services: Services
    let server: TrawlServer
    /// Ends when the server has stopped.
    let run: Task<Void, any Error>

    /// - Parameters:
    ///   - search: The index's settings.
    ///   - change: of the server's default settings.
    init(
        build: [String] = ["lexical"], search: SearchSettings = SearchSettings(),
        _ change: (inout ServerSettings) -> Void = { _ in }
    ) async throws {
        folder = try TemporaryFolder()
        let path = try folder.write("corpus.jsonl", Self.corpus)
        let engine = Engine()
        try engine.build(
            RecipeFile(IndexRecipe(build: build), settings: search), at: folder.path("notes.trawl"),
            documents: CorpusReader(paths: [path]).makeIterator())
        var settings = ServerSettings()
        settings.port = 0
        change(&settings)
        let server = try TrawlServer(
            settings, engine: engine, indexes: [folder.path("notes.trawl")],
            logger: Logger(label: "test") { _ in
                SwiftLogNoOpLogHandler()
            })
        self.server = server
        services = server.services
        let (ports, feed) = AsyncStream<Int>.makeStream()
        run = Task { try await server.run { feed.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        port = try #require(await iterator.next())
    }

    deinit {
        let server = server
        Task { await server.stop() }
    }

    /// Waits until as many requests wait for computation.
    func waitForQueue(_ count: Int) async throws {
        let line = "trawl_queue_requests \(Double(count))\n"
        for _ in 0..<1000 where !services.metrics.registry.text().contains(line) {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func send(
        _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        var fields: [String: String] = [:]
        for (name, value) in http.allHeaderFields { fields["\(name)".lowercased()] = "\(value)" }
        return Answer(status: http.statusCode, bytes: data, headers: fields)
    }

    func post(_ path: String, _ body: String) async throws -> Answer { try await send("POST", path, body) }

    /// What the server answers to raw bytes, until it closes the connection or is silent for some seconds.
    ///
    /// - Parameter pause: seconds without reading, after sending.
    func raw(_ bytes: [UInt8], silence: Double = 20, pause: Double = 0) async throws -> String {
        // Not on a thread that the server may need.
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [self] in
                continuation.resume(with: Result { try exchange(bytes, silence: silence, pause: pause) })
            }
        }
    }

    private func exchange(_ bytes: [UInt8], silence: Double, pause: Double) throws -> String {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(handle) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        var patience = timeval(tv_sec: Int(silence), tv_usec: Int(silence.truncatingRemainder(dividingBy: 1) * 1e6))
        setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        _ = bytes.withUnsafeBytes { Glibc.send(handle, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        Thread.sleep(forTimeInterval: pause)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(handle, &buffer, buffer.count, 0)
            if count <= 0 { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
