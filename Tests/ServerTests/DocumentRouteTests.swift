import Foundation
import Testing

@testable import TrawlServer

@Suite struct DocumentRouteTests {
    @Test func documentsAreAddedReplacedAndDeletedAndSearchesSeeIt() async throws {
        let server = try await RunningServer()
        let documents = "/v1/indexes/notes/documents"
        let lines = """
            {"id": "new/1", "text": "A zeppelin floats."}
            {"id": "moon", "title": "Moon", "text": "The moon has craters."}

            """
        for _ in 0..<2 {
            // Twice gives what once gives.
            let put = try await server.send("PUT", documents, lines)
            #expect(put.status == 200 && put.object["written"] as? Int == 2, "\(put.text)")
            #expect((put.object["index"] as? [String: Any])?["documents"] as? Int == 6)
        }
        #expect(try await server.post("/v1/search", #"{"query": "zeppelin"}"#).hits == ["new/1"])
        #expect(try await server.post("/v1/search", #"{"query": "craters"}"#).hits == ["moon"])
        #expect(try await server.post("/v1/search", #"{"query": "oceans"}"#).hits.isEmpty)
        let one = try await server.send("GET", documents + "/new%2F1")
        #expect(one.object["text"] as? String == "A zeppelin floats.")
        let gone = try await server.send("DELETE", documents + "/new%2F1")
        #expect(gone.object["deleted"] as? Int == 1)
        let again = try await server.send("DELETE", documents, #"{"ids": ["new/1", "moon"]}"#)
        #expect(again.object["deleted"] as? Int == 1 && again.object["missing"] as? Int == 1)
        #expect(try await server.post("/v1/search", #"{"query": "zeppelin craters"}"#).hits.isEmpty)
        #expect(try await server.send("GET", documents + "/moon").status == 404)
    }

    @Test(arguments: [
        ("{\"id\": \"x\", \"text\": \"good\"}\n{\"id\": \"y\"}\n", "line 2"),
        ("{\"id\": \"x\", \"text\": \"good\"}\n{\"text\": \"no id\"}\n", "line 2"), ("nonsense\n", "line 1"),
        ("{\"id\": \"x\", \"text\": \"a\"}\n{\"id\": \"x\", \"text\": \"b\"}\n", "at line 1"),
    ])
    func aBodyWithABadLineChangesNothing(body: String, place: String) async throws {
        let server = try await RunningServer()
        let put = try await server.send("PUT", "/v1/indexes/notes/documents", body)
        #expect(put.status == 422 && (put.error["message"] as? String)?.contains(place) == true, "\(put.text)")
        #expect(try await server.send("GET", "/v1/indexes/notes").object["documents"] as? Int == 5)
    }

    @Test func writersWaitForEachOtherAndNothingIsLost() async throws {
        let server = try await RunningServer()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<12 {
                group.addTask {
                    let line = #"{"id": "n\#(number)", "text": "numbered \#(number)"}"# + "\n"
                    return try await server.send("PUT", "/v1/indexes/notes/documents", line).status
                }
                group.addTask { try await server.post("/v1/search", #"{"query": "numbered"}"#).status }
            }
            for try await status in group { #expect(status == 200) }
        }
        #expect(try await server.send("GET", "/v1/indexes/notes").object["documents"] as? Int == 17)
    }

    @Test func documentsAreListedInPages() async throws {
        let server = try await RunningServer()
        var listed: [String] = []
        var path = "/v1/indexes/notes/documents?limit=2"
        while true {
            let page = try await server.send("GET", path)
            listed += (page.object["documents"] as? [[String: Any]] ?? []).compactMap { $0["document"] as? String }
            guard let after = page.object["after"] as? String else { break }
            path = "/v1/indexes/notes/documents?limit=2&after=\(after)"
        }
        #expect(listed == ["moon", "leaf", "rock", "bird", "sky"])
        // The next page begins in another segment, and skips what was deleted.
        let lines = (1...3).map { #"{"id": "n\#($0)", "text": "numbered"}"# + "\n" }.joined()
        #expect(try await server.send("PUT", "/v1/indexes/notes/documents", lines).status == 200)
        #expect(try await server.send("DELETE", "/v1/indexes/notes/documents/n1").status == 200)
        let next = try await server.send("GET", "/v1/indexes/notes/documents?limit=2&after=bird")
        let documents = next.object["documents"] as? [[String: Any]] ?? []
        #expect(documents.map { $0["document"] as? String } == ["sky", "n2"])
        #expect(next.object["after"] as? String == "n2")
        #expect(try await server.send("GET", "/v1/indexes/notes/documents?after=none").status == 404)
        #expect(try await server.send("GET", "/v1/indexes/notes/documents?limit=0").status == 422)
        #expect(try await server.send("GET", "/v1/indexes/notes/documents?size=1").status == 422)
    }

    @Test func aPlusInAQueryIsASpace() async throws {
        let server = try await RunningServer()
        let lines = ["a b", "c+d", "z"].map { #"{"id": "\#($0)", "text": "x"}"# + "\n" }.joined()
        #expect(try await server.send("PUT", "/v1/indexes/notes/documents", lines).status == 200)
        for (after, next) in [("a+b", ["c+d", "z"]), ("a%20b", ["c+d", "z"]), ("c%2Bd", ["z"])] {
            let page = try await server.send("GET", "/v1/indexes/notes/documents?after=\(after)")
            let documents = page.object["documents"] as? [[String: Any]] ?? []
            #expect(documents.map { $0["document"] as? String } == next, "\(after): \(page.text)")
        }
    }

    @Test func aReadOnlyServerChangesNothing() async throws {
        let server = try await RunningServer { $0.isReadOnly = true }
        let line = #"{"id": "x", "text": "y"}"#
        #expect(try await server.send("PUT", "/v1/indexes/notes/documents", line).status == 403)
        #expect(try await server.send("DELETE", "/v1/indexes/notes/documents/moon").status == 403)
        #expect(try await server.send("GET", "/v1/indexes/notes/documents/moon").status == 200)
    }
}
