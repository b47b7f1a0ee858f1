import Foundation
import Testing
import TrawlTestSupport

/// What `trawl index` does with files and records that cannot be read.
@Suite struct SkippedInputTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func index(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(
            ["index", "--output", "i.trawl", "--build", "lexical"] + arguments, folder: folder.path)
    }

    @Test func aBadFileIsSkippedAndStrictStopsAtIt() throws {
        try folder.write("notes/a.txt", "one\n")
        try folder.write("notes/b.txt", [UInt8]("caf".utf8) + [0xE9, 10])
        try folder.write("notes/c.txt", "three\n")
        let skipped = try index("notes", "--json")
        #expect(skipped.status == 0)
        #expect(skipped.objects.first?["documents"] as? Int == 2)
        #expect(skipped.objects.first?["skipped"] as? Int == 1)
        #expect(skipped.errors.contains("notes/b.txt:1: is not UTF-8"))
        let again = try index("notes", "--strict")
        #expect(again.status == 2)
        #expect(again.errors.contains("notes/b.txt:1: is not UTF-8"))
        #expect(try TrawlProcess.run(["query", "i.trawl", "three", "--quiet"], folder: folder.path).status == 0)
    }

    @Test func aSingleBadFileIsAnError() throws {
        try folder.write("b.txt", [UInt8]("caf".utf8) + [0xE9, 10])
        let outcome = try index("b.txt")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("b.txt:1: is not UTF-8"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("i.trawl")))
    }

    @Test func linesWithoutIDsAreNumberedWithAWarning() throws {
        try folder.write("lines.jsonl", "{\"text\":\"first\"}\n{\"text\":\"second\"}\n")
        let outcome = try index("lines.jsonl")
        #expect(outcome.status == 0)
        #expect(
            outcome.errors.contains("documents without ids, which are numbered instead: 2, the first at lines.jsonl:1"))
    }

    @Test func aPDFWithoutPopplerIsSkippedWithTheRemedy() throws {
        try folder.write("notes/a.txt", "one\n")
        try folder.write("notes/b.pdf", "%PDF-1.4\n")
        let outcome = try TrawlProcess.shell(
            "PATH=/nowhere $TRAWL index notes --output i.trawl --build lexical", folder: folder.path)
        #expect(outcome.status == 0)
        #expect(
            outcome.errors.contains(
                "notes/b.pdf: is a PDF file, and pdftotext is not installed (install poppler-utils)"))
    }

    @Test func nestedMetadataHaveKeysOfTheirOwn() throws {
        try folder.write(
            "a.jsonl",
            "{\"id\":\"1\",\"text\":\"High water\",\"year\":1999,\"tags\":[\"sea\",\"tide\"],\"by\":{\"name\":\"N\"}}\n"
        )
        #expect(try index("a.jsonl").status == 0)
        let shown = try TrawlProcess.run(["show", "i.trawl", "1", "--json"], folder: folder.path)
        let metadata = shown.objects.first?["metadata"] as? [String: Any]
        #expect(metadata?.keys.sorted() == ["by.name", "tags", "year"])
    }
}
