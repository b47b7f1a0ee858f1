import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct EncodingTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    private func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
        ("\u{FEFF}" + text).utf16.flatMap { unit -> [UInt8] in
            let bytes = [UInt8(unit & 0xFF), UInt8(unit >> 8)]
            return isBigEndian ? bytes.reversed() : bytes
        }
    }

    @Test(arguments: [false, true]) func utf16WithAMarkIsDecodedInEveryFormat(isBigEndian: Bool) throws {
        let samples = [
            ("a.txt", "Tide tables for the harbour: é 😀\r\n"), ("a.md", "# é\n\nharbour 😀"),
            ("a.csv", "id,text\n1,harbour é 😀\n"), ("a.tsv", "1\tharbour é 😀\n"),
            ("a.jsonl", "{\"id\":\"1\",\"text\":\"harbour é 😀\"}\n"),
            ("a.json", "[{\"id\":\"1\",\"text\":\"harbour é 😀\"}]"),
            ("a.html", "<p>harbour é 😀"), ("a.trec", "<DOC><DOCNO>1</DOCNO>harbour é 😀</DOC>"),
        ]
        for (name, text) in samples {
            try fixture.write(name, utf16(text, isBigEndian: isBigEndian))
            let documents = try fixture.documents(name)
            #expect(documents.map { $0.text.contains("harbour") && $0.text.contains("😀") } == [true], "\(name)")
        }
        let long = String(repeating: "ab😀é", count: 20_000)
        try fixture.write("long.txt", utf16(long, isBigEndian: isBigEndian))
        #expect(try fixture.documents("long.txt")[0].text == long)
    }

    @Test func malformedUTF16IsReplacedAndReported() throws {
        try fixture.write("a.txt", [0xFF, 0xFE, 0x61, 0, 0x3D, 0xD8, 0x62, 0, 0x63])
        #expect(try fixture.documents("a.txt")[0].text == "a\u{FFFD}b\u{FFFD}")
        #expect(try fixture.summary("a.txt").repaired.first[0].reason.contains("2 times"))
    }

    @Test func utf16WithoutAMarkAndUTF32AreNamed() throws {
        try fixture.write("a.txt", utf16("plain text", isBigEndian: false).dropFirst(2))
        #expect(fixture.failure("a.txt").contains("looks like UTF-16 without a byte order mark"))
        #expect(fixture.failure("a.txt").contains("UTF-16LE"))
        try fixture.write("b.txt", [0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0])
        #expect(fixture.failure("b.txt").contains("is UTF-32"))
    }

    @Test func halvesOfSurrogatePairsInJSONAreReplacedAndReported() throws {
        try fixture.write(
            "posts.jsonl",
            #"{"_id":"1","text":"good post \uFFFD \\ud83d"}"# + "\n" + #"{"_id":"2","text":"cut emoji \ud83d"}"# + "\n"
                + #"{"_id":"3","text":"\ude00 \ud83d\u0041 \ud83d\ude00"}"#)
        #expect(
            try fixture.documents("posts.jsonl").map(\.text)
                == ["good post \u{FFFD} \\ud83d", "cut emoji \u{FFFD}", "\u{FFFD} \u{FFFD}A 😀"])
        let repaired = try fixture.summary("posts.jsonl").repaired
        #expect(repaired.first.map(\.origin.line) == [2, 3])
        #expect(repaired.first[0].reason.contains("surrogate"))
    }

    @Test func windows1252IsReportedWithTheRemedy() throws {
        try fixture.write("a.txt", [UInt8]("caf".utf8) + [0xE9])
        #expect(fixture.failure("a.txt").contains("not UTF-8"))
        #expect(fixture.failure("a.txt").contains("iconv -f WINDOWS-1252 -t UTF-8"))
    }
}
