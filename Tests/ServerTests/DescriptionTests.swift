import Foundation
import Testing
import TrawlTestSupport

@testable import TrawlServer

/// What the server says of itself.
@Suite struct DescriptionTests {
    private static let shared = Task { try await RunningServer(build: ["lexical", "dense", "generative"]) }

    private func description() throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(PackageResources.openapi_json)) as? [String: Any])
    }

    /// Every route and method of the description is there, and no other method is.
    @Test func theDescriptionHasTheRoutesOfTheServer() async throws {
        let server = try await Self.shared.value
        let paths = try #require(description()["paths"] as? [String: [String: Any]])
        for (path, methods) in paths {
            let real = path.replacingOccurrences(of: "{name}", with: "notes").replacingOccurrences(
                of: "{id}", with: "moon"
            ).replacingOccurrences(
                of: "{model}", with: "all-MiniLM-L6-v2")
            let answer = try await server.send("PATCH", real)
            #expect(answer.status == 405, "\(path)")
            let allowed = Set((answer.headers["allow"] ?? "").components(separatedBy: ", ")).subtracting(["HEAD"])
            #expect(allowed == Set(methods.keys.map { $0.uppercased() }), "\(path)")
        }
        var served: [String] = []
        for method in [".get", ".post", ".put", ".delete"] {
            for file in ["Server", "Search", "Embedding", "Phrase", "Document", "Shard"] {
                let source = try String(
                    contentsOfFile: TestFiles.repository("Sources/Server/Routes/\(file)Routes.swift"), encoding: .utf8)
                for part in source.components(separatedBy: "table.on(\(method), \"").dropFirst() {
                    served.append(String(part.prefix { $0 != "\"" }))
                }
            }
        }
        let described = Set(
            paths.keys.map {
                $0.replacingOccurrences(of: "{name}", with: ":name").replacingOccurrences(of: "{id}", with: ":id")
                    .replacingOccurrences(
                        of: "{model}", with: ":model")
            })
        #expect(Set(served).isSubset(of: described), "\(Set(served).subtracting(described))")
    }

    /// A body with a field that nobody knows is answered with those that are known: they are the described ones.
    @Test func theDescriptionHasTheFieldsOfEveryBody() async throws {
        let server = try await Self.shared.value
        let description = try description()
        let schemas = try #require(
            (description["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]])
        let cases = [
            ("/v1/search", "SearchRequest", #""query": "a""#),
            ("/v1/embeddings", "EmbeddingsRequest", #""input": "a""#),
            ("/embed", "EmbedRequest", #""inputs": "a""#), ("/v1/ngrams/count", "CountRequest", #""phrase": "a""#),
            ("/v1/ngrams/find", "FindRequest", #""phrase": "a""#),
            ("/v1/ngrams/next", "NextRequest", #""context": "a""#),
            ("/v1/generate-ngrams", "GenerateRequest", #""query": "a""#),
        ]
        for (path, schema, required) in cases {
            let answer = try await server.post(path, "{\(required), \"unknown_field\": 1}")
            let remedy = answer.error["remedy"] as? String ?? ""
            let known = remedy.components(separatedBy: "the fields here are ").last?.components(separatedBy: ", ") ?? []
            let properties = try #require(schemas[schema]?["properties"] as? [String: Any], "\(schema)")
            #expect(
                Set(known) == Set(properties.keys),
                "\(path): \(answer.text)")
        }
    }

    /// The examples of the description are answered.
    @Test func everyExampleIsAnswered() async throws {
        let server = try await RunningServer(build: ["lexical", "dense", "generative"])
        let paths = try #require(description()["paths"] as? [String: [String: [String: Any]]])
        for path in paths.keys.sorted(by: >) {
            for (method, operation) in paths[path] ?? [:] {
                let content = (operation["requestBody"] as? [String: Any])?["content"] as? [String: [String: Any]]
                let example = content?.values.first?["example"]
                var body: String?
                if let text = example as? String {
                    body = text
                } else if let example {
                    body = String(decoding: try JSONSerialization.data(withJSONObject: example), as: UTF8.self)
                }
                let real = path.replacingOccurrences(of: "{name}", with: "notes").replacingOccurrences(
                    of: "{id}", with: "moon"
                ).replacingOccurrences(
                    of: "{model}", with: "all-MiniLM-L6-v2")
                let answer = try await server.send(method.uppercased(), real, body)
                // A document may have been deleted by the example before.
                #expect(
                    answer.status == 200 || real.hasSuffix("/moon") && answer.status == 404
                        || path == "/ready" && answer.status == 503, "\(method) \(path): \(answer.text)")
            }
        }
    }

    @Test func thePageComesWithAPolicyThatForbidsForeignCode() async throws {
        let server = try await Self.shared.value
        let page = try await server.send("GET", "/")
        #expect(page.headers["content-type"] == "text/html; charset=utf-8")
        #expect(page.headers["content-security-policy"]?.contains("default-src 'self'") == true)
        for (path, type, _) in PageRoutes.files where path != "/" {
            #expect(try await server.send("GET", path).headers["content-type"] == type)
        }
    }

    @Test func modelsAreLoadedInTheBackgroundAndReadySaysSo() async throws {
        let server = try await Self.shared.value
        for _ in 0..<200 {
            if try await server.send("GET", "/ready").status == 200 { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        let ready = try await server.send("GET", "/ready")
        #expect(ready.status == 200 && (ready.object["problems"] as? [Any])?.isEmpty == true, "\(ready.text)")
        let models = try await server.send("GET", "/v1/models")
        let names = (models.object["data"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
        #expect(names.contains("all-MiniLM-L6-v2"))
        let info = try await server.send("GET", "/info")
        #expect(info.object["model_id"] as? String == "all-MiniLM-L6-v2")
    }

    @Test func metricsCountRequestsByRouteAndStatus() async throws {
        let server = try await RunningServer()
        for _ in 0..<3 { _ = try await server.post("/v1/search", #"{"query": "moon"}"#) }
        _ = try await server.post("/v1/search", "{}")
        let text = try await server.send("GET", "/metrics").text
        #expect(text.contains(#"trawl_requests_total{route="/v1/search",method="POST",status="200"} 3"#), "\(text)")
        #expect(text.contains(#"trawl_requests_total{route="/v1/search",method="POST",status="422"} 1"#))
        #expect(text.contains(#"trawl_request_seconds_count{route="/v1/search"} 4"#))
        #expect(text.contains("# TYPE trawl_request_seconds histogram"))
    }
}
