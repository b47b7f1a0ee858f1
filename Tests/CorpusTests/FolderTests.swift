import Foundation
import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct FolderTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    @Test func folderIsWalkedInOrderWithPathsAsIDs() throws {
        try fixture.write("b.txt", "\u{FEFF}Bee\r\n")
        try fixture.write("a/z.md", "text\n\n# Heading of z #\n")
        try fixture.write("a/c.html", "<title>Page</title><p>c</p>")
        try fixture.write("Z.txt", "first")
        try fixture.write("more.jsonl", "{\"id\": \"j\", \"text\": \"json\"}")
        try fixture.write(".hidden.txt", "no")
        try fixture.write(".git/x.txt", "no")
        try fixture.write("picture.png", [0x89, 0x50, 0, 0])
        var documents: [Document] = []
        let summary = try CorpusReader(paths: [fixture.path]).readAll { documents.append($0) }
        #expect(documents.map(\.id.rawValue) == ["Z.txt", "a/c.html", "a/z.md", "b.txt", "j"])
        #expect(documents.map(\.title) == ["Z", "Page", "Heading of z", "b", ""])
        #expect(documents[3].text == "Bee\n")
        #expect(summary.ignoredFiles == 1)
        #expect(summary.firstIgnoredFiles == [fixture.path + "/picture.png"])
        #expect(summary.files == 5)
        #expect(summary.bytesRead == (try CorpusReader(paths: [fixture.path])).totalBytes)
    }

    @Test func loopsOfLinksEnd() throws {
        try fixture.write("a/x.txt", "x")
        try FileManager.default.createSymbolicLink(atPath: fixture.path + "/a/up", withDestinationPath: fixture.path)
        try FileManager.default.createSymbolicLink(atPath: fixture.path + "/self", withDestinationPath: "self")
        #expect(try fixture.documents().map(\.id.rawValue) == ["a/x.txt"])
    }

    @Test func emptyCorporaAreRefused() throws {
        #expect(fixture.failure().contains("the corpus is empty"))
        try fixture.write("a.jsonl", "")
        #expect(fixture.failure().contains("the corpus is empty"))
        #expect(fixture.failure("a.jsonl").contains("the corpus is empty"))
        try fixture.write("a.txt", "\n")
        #expect(fixture.failure().contains("the corpus is empty"))
        try fixture.write("b.json", " [ ] ")
        try fixture.write("c.html", "  ")
        #expect(fixture.failure().contains("the corpus is empty"))
    }

    @Test func missingPathIsNamed() {
        #expect(fixture.failure("nowhere").hasPrefix("nowhere: cannot be read: No such file"))
    }

    @Test func filesThatAreNoTextAreRefusedWhenNamed() throws {
        try fixture.write("a.bin", [0x25, 0x50, 0, 1])
        #expect(fixture.failure("a.bin").hasPrefix("a.bin: is not text"))
    }

    @Test func firstBytesTellTheFormatOfANamedFile() throws {
        try fixture.write("one", "\n{\"id\": 1, \"text\": \"json\"}")
        try fixture.write("two", "1\ttsv")
        try fixture.write("three", "<!DOCTYPE html><body>page")
        try fixture.write("four", "plain")
        try fixture.write("five", "[ {\"id\": 5, \"text\": \"array\"}]")
        try fixture.write("six", "name\tage\nno tab here\n")
        try fixture.write("seven", "From a@b Thu Jan  1 00:00:00 1970\nSubject: x\n\nmail\n")
        #expect(
            try fixture.documents("one", "two", "three", "four", "five", "six", "seven").map(\.text)
                == ["json", "tsv", "page", "plain", "array", "name\tage\nno tab here\n", "mail"])
    }

    @Test func forcedFormatOverrulesNames() throws {
        try fixture.write("a.txt", "1\tone\n2\ttwo\n")
        try fixture.write("b", "3\tthree\n")
        #expect(try fixture.documents(format: .tsv).map(\.text) == ["one", "two", "three"])
        #expect(try fixture.documents("a.txt", format: .lines).map(\.id.rawValue) == ["1", "2"])
    }
}
