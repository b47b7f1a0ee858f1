import Foundation
import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct FileMetadataTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    @Test func documentsThatAreFilesSayWhichFile() throws {
        let path = try fixture.write("sub/a.txt", "é")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)], ofItemAtPath: path)
        let document = try fixture.documents()[0]
        #expect(
            document.metadata.map { "\($0.key)=\($0.value)" }
                == ["path=sub/a.txt", "size=2", "modified=2023-11-14T22:13:20Z", "format=text"])
        #expect(document.text == "é")
    }

    @Test func frontMatterWins() throws {
        try fixture.write("a.md", "---\nformat: essay\nsize: [1, 2]\n---\nText.")
        let document = try fixture.documents()[0]
        #expect(document.values(of: "format") == ["essay"])
        #expect(document.values(of: "size") == ["1", "2"])
        #expect(document.value(of: "path") == "a.md")
    }

    @Test func linesAndRecordsHaveNoFileMetadata() throws {
        try fixture.write("a.jsonl", "{\"id\":1,\"text\":\"a\"}")
        #expect(try fixture.documents()[0].metadata.isEmpty)
    }

    @Test func sourceCodeIsTextWithItsLanguage() throws {
        try fixture.write("a.py", "# Not a heading\nx = 1\n")
        try fixture.write("b.swift", "let x = 1\n")
        try fixture.write("README", "Read me\n")
        try fixture.write("c.yaml", "---\na: 1\n")
        let documents = try fixture.documents()
        #expect(documents.map(\.id.rawValue) == ["README", "a.py", "b.swift", "c.yaml"])
        #expect(documents.map { $0.value(of: "language") } == [nil, "python", "swift", nil])
        #expect(documents[1].text == "# Not a heading\nx = 1\n")
        #expect(documents.map(\.headings.isEmpty) == [true, true, true, true])
    }
}
