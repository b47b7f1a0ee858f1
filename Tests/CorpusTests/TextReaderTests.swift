import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

@Suite struct TextReaderTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    private func texts(_ name: String, _ content: some Sequence<UInt8>) throws -> [String] {
        try TextReader().read(fixture.write(name, content)).map { "\($0.id)|\($0.text)" }
    }

    @Test func everyLineIsAText() throws {
        #expect(try texts("a.txt", "first\n\nthird\n".utf8) == ["1|first", "2|", "3|third"])
        #expect(try texts("b", "name\tage\r\n{no object\n".utf8) == ["1|name\tage", "2|{no object"])
        #expect(try texts("c.txt", "{\"text\": \"a\"}\n".utf8) == ["1|{\"text\": \"a\"}"])
        #expect(try texts("d.gz", gzip("one\n\n")) == ["1|one", "2|"])
        #expect(try texts("e", "".utf8).isEmpty)
    }

    @Test func objectsHaveTheirIdsOrNumbers() throws {
        let lines = "{\"text\": \"a\"}\n{\"_id\": \"x\", \"text\": \" \"}\n{\"text\": \"c\"}\n"
        #expect(try texts("a.jsonl", lines.utf8) == ["1|a", "x| ", "3|c"])
        #expect(try texts("b.tsv", "x\tone\ny\ttwo\n".utf8) == ["x|one", "y|two"])
    }

    /// What a classifier was trained on has labels beside its texts.
    @Test func tablesAreReadByTheirHeaders() throws {
        #expect(try texts("a.tsv", "text\tlabel\none, two\tgood\n".utf8) == ["2|one, two"])
        #expect(try texts("b.csv", "label,text\ngood,\"one, two\"\n".utf8) == ["2|one, two"])
        #expect(try texts("c.csv", "id;text\nx;one\n".utf8) == ["x|one"])
    }

    @Test func listsLeaveBlankLinesOut() throws {
        let path = try fixture.write("ids.zst", zstd("a b\r\n \nc\td\n"))
        #expect(try LineFile.read(path) == ["a b", "c\td"])
        #expect(errorText { try LineFile.read("/no/such/file") }.contains("/no/such/file"))
        let bad = try fixture.write("bad", [0x61, 0x0A, 0xFF])
        #expect(errorText { try LineFile.read(bad) }.contains("bad:2: is not UTF-8"))
    }
}
