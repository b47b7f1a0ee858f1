import Foundation
import Testing
import TrawlCorpus
import TrawlEngine
import TrawlTestSupport

@testable import TrawlServer

@Suite struct ServedIndexTests {
    /// The pages of a commit that is held cannot be used again: the file would grow with every write.
    @Test func aServerWithoutRequestsLetsGoOfEarlierCommits() async throws {
        let server = try await RunningServer()
        let path = server.folder.path("notes.trawl")
        func change(_ version: Int) throws {
            let lines = (0..<200).map { "{\"_id\": \"n\($0)\", \"text\": \"version \(version) of number \($0)\"}\n" }
                .joined()
            let file = try server.folder.write("more.jsonl", lines)
            try Engine().add(CorpusReader(paths: [file]).makeIterator(), to: path, replacing: true)
        }
        var sizes: [Int] = []
        for version in 0..<7 {
            try change(version)
            try await Task.sleep(for: .milliseconds(1100))
            let attributes = try FileManager.default.attributesOfItem(atPath: path + "/data.mdb")
            sizes.append((attributes[.size] as? Int) ?? 0)
        }
        #expect(sizes[6] <= sizes[3] * 5 / 4, "\(sizes)")
    }

    @Test func anIndexThatIsBuiltAgainIsServed() async throws {
        let server = try await RunningServer()
        let path = server.folder.path("notes.trawl")
        try SearchIndex.remove(path: path)
        let gone = try await server.post("/v1/search", #"{"query": "oceans"}"#)
        #expect(gone.status == 404, "\(gone.text)")
        let corpus = try server.folder.write("other.jsonl", #"{"_id": "new", "text": "oceans of sand"}"#)
        try Engine().build(
            RecipeFile(IndexRecipe(build: ["lexical"])), at: path,
            documents: CorpusReader(paths: [corpus]).makeIterator())
        #expect(try await server.post("/v1/search", #"{"query": "oceans"}"#).hits == ["new"])
        #expect(try await server.send("GET", "/v1/indexes/notes").object["documents"] as? Int == 1)
    }
}
