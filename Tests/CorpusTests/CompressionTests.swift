import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct CompressionTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    static let contents: [(name: String, content: String)] = [
        ("a.jsonl", "{\"id\": \"1\", \"text\": \"alpha\"}\n{\"id\": \"2\", \"text\": \"beta\"}\n"),
        ("a.json", "[{\"id\": \"1\", \"text\": \"alpha\"}, {\"id\": \"2\", \"text\": \"beta\"}]"),
        ("a.tsv", "1\talpha\n2\tbeta\n"),
        ("a.trec", "<DOC><DOCNO>1</DOCNO><TEXT>alpha</TEXT></DOC>\n<DOC><DOCNO>2</DOCNO><TEXT>beta</TEXT></DOC>\n"),
        ("a.txt", "alpha\n"), ("a.md", "# alpha\n"), ("a.html", "<p>alpha</p>"),
    ]

    @Test(arguments: contents)
    func everyFormatIsTheSamePlainAndCompressed(name: String, content: String) throws {
        try fixture.write("plain/" + name, content)
        try fixture.write("gzip/" + name + ".gz", gzip(content))
        try fixture.write("zstd/" + name + ".zst", zstd(content))
        let plain = try fixture.documents("plain")
        #expect(!plain.isEmpty)
        for folder in ["gzip", "zstd"] {
            let compressed = try fixture.documents(folder)
            #expect(compressed.map(\.text) == plain.map(\.text))
            #expect(compressed.map(\.title) == plain.map(\.title))
            #expect(compressed.map(\.origin.line) == plain.map(\.origin.line))
        }
    }

    @Test func beirFolderMayBeCompressed() throws {
        try fixture.write("corpus.jsonl.gz", gzip("{\"_id\": \"1\", \"text\": \"alpha\"}"))
        try fixture.write("queries.jsonl", "{\"_id\": \"q\", \"text\": \"beta\"}")
        #expect(try fixture.documents().map(\.text) == ["alpha"])
    }

    @Test func membersAndFramesFollowOneAnother() throws {
        let (first, second) = ("1\talpha\n2\tbe", "ta\n3\tgamma\n")
        try fixture.write("a.tsv.gz", gzip(first) + gzip("") + gzip(second) + [0, 0, 0, 0])
        try fixture.write("b.tsv.zst", zstd(first) + zstd("") + zstd(second))
        for name in ["a.tsv.gz", "b.tsv.zst"] {
            #expect(try fixture.documents(name).map(\.text) == ["alpha", "beta", "gamma"])
        }
    }

    @Test func largeStreamsCrossTheBuffers() throws {
        let content = (0..<60_000).map { "\($0)\ttext number \($0 &* 2_654_435_761 % 1_000_003)\n" }.joined()
        try fixture.write("a.tsv.gz", gzip(content))
        try fixture.write("b.tsv.zst", zstd(content))
        try fixture.write("c.tsv", content)
        let plain = try fixture.documents("c.tsv").map(\.text)
        #expect(plain.count == 60_000)
        #expect(try fixture.documents("a.tsv.gz").map(\.text) == plain)
        #expect(try fixture.documents("b.tsv.zst").map(\.text) == plain)
    }

    @Test func truncatedFilesAreNamed() throws {
        let content = (0..<2_000).map { "\($0)\tsome words \($0 * 7919)\n" }.joined()
        for (name, bytes) in [("a.tsv.gz", try gzip(content)), ("a.tsv.zst", try zstd(content))] {
            for kept in [bytes.count / 2, bytes.count - 1] {
                try fixture.write(name, bytes.prefix(kept))
                let failure = fixture.failure(name)
                #expect(failure.hasPrefix("\(name): is truncated"), "\(failure)")
            }
        }
    }

    @Test func damagedFilesAreNamed() throws {
        let content = (0..<2_000).map { "\($0)\tsome words \($0 * 7919)\n" }.joined()
        for (name, bytes) in [("a.tsv.gz", try gzip(content)), ("a.tsv.zst", try zstd(content))] {
            var damaged = bytes
            for index in damaged.count / 2..<damaged.count / 2 + 40 { damaged[index] = 0xFF }
            try fixture.write(name, damaged)
            #expect(fixture.failure(name).hasPrefix("\(name)"))
            #expect(fixture.failure(name) != "no error")
        }
    }

    @Test func garbageAfterAMemberIsRefused() throws {
        try fixture.write("a.tsv.gz", gzip("1\talpha\n") + [1, 2, 3, 4])
        #expect(fixture.failure("a.tsv.gz").hasPrefix("a.tsv.gz: gzip data are damaged in member 2"))
    }

    @Test func falseSuffixesAndOtherCompressionsAreNamed() throws {
        try fixture.write("a.tsv.gz", "1\talpha\n")
        #expect(fixture.failure("a.tsv.gz").hasPrefix("a.tsv.gz: is named .gz but"))
        try fixture.write("a.tsv.zst", "")
        #expect(fixture.failure("a.tsv.zst").hasPrefix("a.tsv.zst: is named .zst but"))
        try fixture.write("a.tsv.bz2", "BZh91AY&SY")
        #expect(fixture.failure("a.tsv.bz2").hasPrefix("a.tsv.bz2: is compressed with bzip2"))
    }

    @Test func compressionIsSeenWithoutASuffix() throws {
        try fixture.write("a.tsv", gzip("1\talpha\n"))
        #expect(try fixture.documents("a.tsv").map(\.text) == ["alpha"])
    }
}
