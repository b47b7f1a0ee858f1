import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

/// One bad file or record of many is skipped and reported.
@Suite struct BadInputTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    @Test func aBadFileOfAFolderIsSkippedWithItsReason() throws {
        try fixture.write("a.txt", "one\n")
        try fixture.write("b.txt", [UInt8]("caf".utf8) + [0xE9, 10])
        try fixture.write("c.txt", "three\n")
        #expect(try fixture.documents().map(\.id.rawValue) == ["a.txt", "c.txt"])
        let summary = try fixture.summary()
        #expect(summary.skipped.count == 1)
        #expect(summary.skipped.first[0].origin == Origin(path: fixture.path + "/b.txt", line: 1))
        #expect(summary.warnings[0].contains("b.txt:1: is not UTF-8"))
        #expect(fixture.failure().hasPrefix("b.txt:1: is not UTF-8"))
    }

    @Test func badLinesAreSkippedAndCounted() throws {
        try fixture.write(
            "a.jsonl",
            "{\"id\":1,\"text\":\"a\"}\n{broken\n{\"id\":2}\n{\"id\":\" \",\"text\":\"b\"}\n{\"id\":3,\"text\":\"c\"}\n"
        )
        #expect(try fixture.documents("a.jsonl").map(\.id.rawValue) == ["1", "3"])
        #expect(try fixture.summary("a.jsonl").skipped.first.map(\.origin.line) == [2, 3, 4])
        try fixture.write("a.tsv", "1\ta\n2\tb\tc\n3\td\n")
        #expect(try fixture.documents("a.tsv").map(\.id.rawValue) == ["1", "3"])
        try fixture.write("a.json", "[{\"id\":1,\"text\":\"a\"}, {\"id\":2,\"text\":tru}, {\"id\":3,\"text\":\"c\"}]")
        #expect(try fixture.documents("a.json").map(\.id.rawValue) == ["1", "3"])
        try fixture.write("l.txt", [UInt8]("a\nb".utf8) + [0xE9] + [UInt8]("\nc".utf8))
        #expect(try fixture.documents("l.txt", format: .lines).map(\.text) == ["a", "c"])
    }

    @Test func aBadDocumentOfATRECFileIsSkipped() throws {
        let first = [UInt8]("<DOC><DOCNO>1</DOCNO>a</DOC><DOC>no id</DOC>\n<DOC><DOCNO>2</DOCNO>\n".utf8)
        try fixture.write("a.trec", first + [0xE9, 10] + [UInt8]("x</DOC>\n<DOC><DOCNO>3</DOCNO>c</DOC>\n<DOC>".utf8))
        try fixture.write("b.trec", "<DOC><DOCNO>4</DOCNO>d</DOC>")
        let summary = try fixture.summary("a.trec", "b.trec")
        #expect(summary.documents == 3)
        #expect(summary.skipped.first.map(\.origin.line) == [1, 3, 6])
    }

    @Test func theRestOfADamagedFileIsSkipped() throws {
        let whole = try gzip((0..<5_000).map { "{\"id\":\($0),\"text\":\"number \($0 * 7919)\"}\n" }.joined())
        try fixture.write("a.jsonl.gz", whole.prefix(whole.count / 2))
        try fixture.write("b.jsonl", "{\"id\":\"b\",\"text\":\"b\"}")
        let summary = try fixture.summary()
        #expect(summary.documents > 1_000)
        #expect(summary.skipped.first.map { $0.reason.contains("truncated") } == [true])
        #expect(summary.bytesRead == (try CorpusReader(paths: [fixture.path])).totalBytes)
    }

    @Test func aFileThatIsTheWholeCorpusMustBeReadable() throws {
        let whole = try gzip((0..<5_000).map { "{\"id\":\($0),\"text\":\"number \($0 * 7919)\"}\n" }.joined())
        try fixture.write("a.jsonl.gz", whole.prefix(whole.count / 2))
        #expect(errorText { try fixture.documents("a.jsonl.gz") }.contains("truncated"))
        try fixture.write("b.txt", [0xE9])
        #expect(errorText { try fixture.documents("b.txt") }.contains("not UTF-8"))
    }

    @Test func nothingReadableIsAnError() throws {
        try fixture.write("a.jsonl", "{\n")
        #expect(errorText { try fixture.documents("a.jsonl") }.contains("a.jsonl:1: malformed JSON"))
        try fixture.write("a.jsonl", "{\n{\n")
        #expect(errorText { try fixture.documents("a.jsonl") }.contains("2 files or records cannot be read"))
    }

    @Test func whatAFolderHasAndCannotBeReadIsReported() throws {
        try fixture.write("a.txt", "one")
        try FileManager.default.createSymbolicLink(atPath: fixture.path + "/b.txt", withDestinationPath: "nowhere")
        #expect(mkfifo(fixture.path + "/c.txt", 0o600) == 0)
        let name: [CChar] = (fixture.path + "/e").utf8CString.dropLast() + [CChar(bitPattern: 0xFF), 0]
        #expect(mkdir(name, 0o700) == 0)
        let reasons = try fixture.summary().skipped.first.map(\.reason)
        #expect(reasons == ["its name is not UTF-8", "is a link to nothing", "is a pipe, a socket or a device"])
        #expect(!fixture.failure().contains("nothing was thrown"))
        rmdir(name)
    }

    @Test func pathsTooLongForTheSystemAreReported() throws {
        try fixture.write("a.txt", "one")
        // Relative to folder descriptors, since no path may be as long.
        var folder = open(fixture.path, O_RDONLY)
        for _ in 0..<25 {
            let name = String(repeating: "d", count: 200)
            mkdirat(folder, name, 0o700)
            let next = openat(folder, name, O_RDONLY)
            close(folder)
            folder = next
        }
        close(folder)
        let summary = try fixture.summary()
        #expect(summary.documents == 1)
        #expect(summary.skipped.first.map { $0.reason.contains("too long") } == [true])
    }
}
