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
}
