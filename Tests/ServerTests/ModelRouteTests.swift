import Foundation
import Testing
import TrawlEmbeddings
import TrawlTestSupport

@testable import TrawlServer

@Suite struct ModelRouteTests {
    private static let shared = Task { try await RunningServer() }
    private static let embedder = Result { try TextEmbedder(folder: TestFiles.model("all-MiniLM-L6-v2")) }

    private func numbers(_ value: Any?) -> [Float] {
        (value as? [Any] ?? []).compactMap { ($0 as? NSNumber)?.floatValue }
    }

    private func vectors(_ answer: RunningServer.Answer) -> [[Float]] {
        (answer.object["data"] as? [[String: Any]] ?? []).map { numbers($0["embedding"]) }
    }

    @Test func embeddingsAreThoseOfTheModelInEveryForm() async throws {
        let server = try await Self.shared.value
        let texts = ["why is the sky blue", "Plants turn light and water into sugar."]
        let expected = try Self.embedder.get().embed(texts)
        let floats = try await server.post(
            "/v1/embeddings", #"{"input": ["\#(texts[0])", "\#(texts[1])"], "encoding_format": "float"}"#)
        #expect(vectors(floats) == [Array(expected[0]), Array(expected[1])])
        let usage = try #require(floats.object["usage"] as? [String: Any])
        #expect(usage["prompt_tokens"] as? Int == 7 + 10 && usage["truncated_inputs"] as? Int == 0)
        let packed = try await server.post(
            "/v1/embeddings", #"{"input": "\#(texts[0])", "encoding_format": "base64"}"#)
        let text = (packed.object["data"] as? [[String: Any]])?.first?["embedding"] as? String
        let data = try #require(text.flatMap { Data(base64Encoded: $0) })
        let unpacked = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        #expect(unpacked == Array(expected[0]))
        let tei = try await server.post("/embed", #"{"inputs": ["\#(texts[0])"]}"#)
        let rows = try JSONSerialization.jsonObject(with: tei.bytes) as? [Any]
        #expect(numbers(rows?.first) == Array(expected[0]))
    }

    @Test func tokensAreEmbeddedAsTheirText() async throws {
        let server = try await Self.shared.value
        let text = try await server.post("/v1/embeddings", #"{"input": "moon"}"#)
        // 4231 is the token of moon in MiniLM's vocabulary.
        let tokens = try await server.post("/v1/embeddings", #"{"input": [[4231], [4231]]}"#)
        #expect(vectors(tokens) == vectors(text) + vectors(text))
        let beyond = try await server.post("/v1/embeddings", #"{"input": [4000000000]}"#)
        #expect(beyond.status == 422 && (beyond.error["message"] as? String)?.contains("vocabulary") == true)
    }

    @Test func fewerDimensionsKeepLengthOne() async throws {
        let answer = try await Self.shared.value.post("/v1/embeddings", #"{"input": "moon", "dimensions": 64}"#)
        let vector = vectors(answer)[0]
        #expect(vector.count == 64)
        #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        let more = try await Self.shared.value.post("/v1/embeddings", #"{"input": "moon", "dimensions": 385}"#)
        #expect(more.status == 422 && more.error["param"] as? String == "$.dimensions")
    }

    @Test func textsThatAreTooLongAreCountedOrRefused() async throws {
        let server = try await Self.shared.value
        let long = String(repeating: "water ", count: 400)
        let cut = try await server.post("/v1/embeddings", #"{"input": ["short", "\#(long)"]}"#)
        #expect((cut.object["usage"] as? [String: Any])?["truncated_inputs"] as? Int == 1)
        let refused = try await server.post("/embed", #"{"inputs": ["short", "\#(long)"]}"#)
        #expect(refused.status == 422 && refused.error["param"] as? String == "$.inputs[1]", "\(refused.text)")
        let allowed = try await server.post("/embed", #"{"inputs": ["short", "\#(long)"], "truncate": true}"#)
        #expect(allowed.status == 200)
    }

    @Test(arguments: [
        (#"{"input": []}"#, "$.input"), (#"{"input": ""}"#, "$.input"), (#"{"input": ["a", ""]}"#, "$.input[1]"),
        (#"{"input": {"a": 1}}"#, "$.input"), (#"{"input": ["a", [1.5]]}"#, "$.input[1]"), (#"{}"#, "$.input"),
        (#"{"input": "a", "encoding_format": "hex"}"#, "$.encoding_format"),
        (#"{"input": "a", "model": 3}"#, "$.model"), (#"{"input": "a", "inputs": "b"}"#, "$.inputs"),
    ])
    func aFaultNamesItsPlace(body: String, place: String) async throws {
        let answer = try await Self.shared.value.post("/v1/embeddings", body)
        #expect(answer.status == 422 && answer.error["param"] as? String == place, "\(answer.text)")
    }

    @Test func rerankingPutsTheBestTextFirstInBothForms() async throws {
        let server = try await Self.shared.value
        let texts = #"["Cats purr.", "Air scatters blue light, so the sky is blue.", "Granite is hard."]"#
        let cohere = try await server.post(
            "/v1/rerank",
            #"{"query": "why is the sky blue", "documents": \#(texts), "top_n": 2, "return_documents": true}"#)
        let results = try #require(cohere.object["results"] as? [[String: Any]], "\(cohere.text)")
        #expect(results.count == 2 && results[0]["index"] as? Int == 1)
        #expect(
            (results[0]["document"] as? [String: Any])?["text"] as? String
                == "Air scatters blue light, so the sky is blue.")
        let tei = try await server.post("/rerank", #"{"query": "why is the sky blue", "texts": \#(texts)}"#)
        let entries = try #require(try JSONSerialization.jsonObject(with: tei.bytes) as? [[String: Any]])
        #expect(entries.count == 3 && entries[0]["index"] as? Int == 1)
        #expect((entries[0]["score"] as? Double) == (results[0]["relevance_score"] as? Double))
    }

    @Test(arguments: [
        (#"{"query": "a", "documents": []}"#, 422, "$.documents"), (#"{"query": "a"}"#, 422, "$.documents"),
        (#"{"query": "a", "documents": ["b", 3]}"#, 422, "$.documents[1]"),
        (#"{"query": "a", "documents": ["b"], "model": "late:5,cross"}"#, 422, "$.model"),
        (#"{"query": "a", "documents": ["b"], "model": "listwise"}"#, 422, "$.model"),
        (#"{"query": "a", "documents": ["b"], "model": "nothing"}"#, 404, "$.model"),
        (#"{"query": "a", "documents": ["b"], "top_n": 0}"#, 422, "$.top_n"),
    ])
    func aRerankingThatCannotBeIsRefused(body: String, status: Int, place: String) async throws {
        let answer = try await Self.shared.value.post("/v2/rerank", body)
        #expect(answer.status == status && answer.error["param"] as? String == place, "\(answer.text)")
    }
}
