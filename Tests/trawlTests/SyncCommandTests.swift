import Foundation
import Testing
import TrawlTestSupport

/// `trawl index --sync` and `--watch`, as a person or a timer runs them.
@Suite struct SyncCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/notes", withIntermediateDirectories: true)
        try folder.write("# Tides\n\nThe moon pulls the oceans.\n", to: "notes/tides.md")
        try folder.write("Plants turn light into sugar.\n", to: "notes/leaves.txt")
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private func sync(_ more: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(
            ["index", "notes", "--output", "n.trawl", "--sync", "--build", "lexical"] + more, folder: folder.path)
    }

    @Test func theSameCommandBuildsAndThenSynchronises() throws {
        #expect(try sync().status == 0)
        #expect(try run("query", "n.trawl", "oceans").output.contains("Tides"))
        let unchanged = try sync()
        #expect(unchanged.status == 0 && unchanged.errors.contains("0 added, 0 replaced, 0 removed; 2 files unchanged"))
        try folder.write("Rain falls.\n", to: "notes/rain.txt")
        try FileManager.default.removeItem(atPath: folder.path + "/notes/leaves.txt")
        let changed = try sync()
        #expect(changed.errors.contains("1 added, 0 replaced, 1 removed; 1 files unchanged"), "\(changed.errors)")
        #expect(try run("query", "n.trawl", "sugar").status == 1)
        #expect(try run("query", "n.trawl", "rain").status == 0)
    }

    @Test func eachSynchronisationReportsTheSameKeys() throws {
        func report() throws -> [String: Any] {
            let outcome = try sync("--json", "--quiet")
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        }
        let counts = ["added", "replaced", "removed", "files_read", "files_unchanged", "skipped"]
        let first = try report()
        #expect(counts.map { first[$0] as? Int } == [2, 0, 0, 2, 0, 0])
        let unchanged = try report()
        #expect(counts.map { unchanged[$0] as? Int } == [0, 0, 0, 0, 2, 0])
        try folder.write("Rain falls.\n", to: "notes/rain.txt")
        try Data([0x50, 0x4b, 3, 4]).write(to: URL(fileURLWithPath: folder.path + "/notes/broken.docx"))
        let changed = try report()
        #expect(counts.map { changed[$0] as? Int } == [1, 0, 0, 2, 2, 1])
        #expect(Set(changed.keys) == Set(first.keys) && Set(first.keys) == Set(counts + ["index"]))
    }

    @Test func flagsThatDifferFromTheIndexAreRefused() throws {
        #expect(try sync().status == 0)
        let other = try sync("--passage-size", "50")
        #expect(other.status == 64 && other.errors.contains("--sync keeps to the recipe"), "\(other.errors)")
    }

    @Test func headingsAboveAPassageAreShown() throws {
        let long = (0..<60).map { "Sentence number \($0) speaks of many other things in plain words." }.joined(
            separator: " ")
        try folder.write(
            "# Book\n\n## Water\n\n\(long)\n\n### Tides\n\n\(long) The ebb follows.\n", to: "notes/book.md")
        let built = try run(
            "index", "notes", "--output", "d.trawl", "--build", "lexical,dense", "--quiet")
        #expect(built.status == 0, "\(built.errors)")
        let found = try run("query", "d.trawl", "ebb", "--mode", "lexical", "-k", "1")
        #expect(found.output.contains("Book › Water"), "\(found.output)")
    }
}
