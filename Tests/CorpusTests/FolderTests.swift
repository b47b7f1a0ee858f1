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
        try fixture.write("a.pdf", [0x25, 0x50, 0, 1])
        #expect(fixture.failure("a.pdf").hasPrefix("a.pdf: is not text"))
        try fixture.write("a.csv", "id,text\n")
        #expect(fixture.failure("a.csv").hasPrefix("a.csv: is a CSV file"))
    }

    @Test func firstBytesTellTheFormatOfANamedFile() throws {
        try fixture.write("one", "\n{\"id\": 1, \"text\": \"json\"}")
        try fixture.write("two", "1\ttsv")
        try fixture.write("three", "<!DOCTYPE html><body>page")
        try fixture.write("four", "plain")
        try fixture.write("five", "[ {\"id\": 5, \"text\": \"array\"}]")
        #expect(
            try fixture.documents("one", "two", "three", "four", "five").map(\.text)
                == ["json", "tsv", "page", "plain", "array"])
    }

    @Test func forcedFormatOverrulesNames() throws {
        try fixture.write("a.txt", "1\tone\n2\ttwo\n")
        try fixture.write("b", "3\tthree\n")
        #expect(try fixture.documents(format: .tsv).map(\.text) == ["one", "two", "three"])
        #expect(try fixture.documents("a.txt", format: .lines).map(\.id.rawValue) == ["1", "2"])
    }

    @Test func markdownTitlesAreFound() {
        #expect(markdownTitle("text\n# One *two*\n") == "One *two*")
        #expect(markdownTitle("```\n# no\n```\n## Yes ##\n") == "Yes")
        #expect(markdownTitle("Title\n=====\n") == "Title")
        #expect(markdownTitle("---\ntitle: \"Front\"\n---\n# Other") == "Front")
        #expect(markdownTitle("---\ntags: x\n---\n# Other") == "Other")
        #expect(markdownTitle("#hashtag\n\n####### seven\n") == nil)
    }
}

@Suite struct HTMLTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    func page(_ html: String) throws -> Document {
        try fixture.write("a.html", html)
        return try fixture.documents("a.html")[0]
    }

    @Test func blocksEntitiesAndDroppedElements() throws {
        let document = try page(
            """
            <!doctype html><html><head><title> A &amp;
            B </title><style>p { x }</style><meta charset="utf-8"></head><body>
            <script>var x = "<p>no</p>";</script>
            <h1>Big</h1>text <b>bo</b>ld &lt;tag&gt; caf&eacute; &#8212; &#x41;<br>next
            <div><div>deep<p>para <i>one</p></i></div></div><ul><li>x<li>y</ul>
            <table><tr><td>1</td><td>2</td></tr></table><noscript>no</noscript>
            <pre>a  b
            c</pre>unclosed <b>tail
            """)
        #expect(document.title == "A & B")
        #expect(
            document.text
                == "Big\ntext bold <tag> café — A\nnext\ndeep\npara one\nx\ny\n1 2\na  b\nc\nunclosed tail")
    }

    @Test func titleFallsBackToTheFileName() throws {
        #expect(try page("<p>x").title == "a")
    }

    @Test func charsetsAreHonoured() throws {
        let latin = [UInt8]("<meta charset=ISO-8859-1><p>caf".utf8) + [0xE9, 0x80]
        try fixture.write("l.html", latin)
        #expect(try fixture.documents("l.html")[0].text == "café€")
        let japanese = [UInt8]("<meta http-equiv=content-type content='text/html; charset=Shift_JIS'><p>".utf8)
        try fixture.write("j.html", japanese + [0x93, 0xFA, 0x96, 0x7B])
        #expect(try fixture.documents("j.html")[0].text == "日本")
        try fixture.write("u.html", [0xFF, 0xFE] + "<p>é日".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
        #expect(try fixture.documents("u.html")[0].text == "é日")
        #expect(try page("<p>né 日本</p>").text == "né 日本")
        #expect(try page("<meta charset=latin1><p>né 日本</p>").text == "né 日本")
        #expect(try page("\u{FEFF}<p>né\0 日本</p>").text == "né 日本")
    }

    @Test func undeclaredAndUnknownCharsetsAreRefused() throws {
        try fixture.write("l.html", [UInt8]("<p>a\ncaf".utf8) + [0xE9])
        #expect(fixture.failure("l.html").hasPrefix("l.html:2: is not UTF-8: byte 4 of the line is 0xE9"))
        try fixture.write("w.html", [UInt8]("<meta charset=windows-1252>\n<p>caf".utf8) + [0xE9, 0x81])
        #expect(
            fixture.failure("w.html").hasPrefix(
                "w.html:2: is not in the charset windows-1252: byte 8 of the line is 0x81"))
        try fixture.write("k.html", [UInt8]("<meta charset=klingon><p>caf".utf8) + [0xE9])
        #expect(fixture.failure("k.html").hasPrefix("k.html: declares the charset klingon"))
    }

    @Test func deepNestingKeepsItsText() throws {
        let html =
            String(repeating: "<div>", count: 3_000) + "deep" + String(repeating: "</div>", count: 3_000) + "<p>end"
        #expect(try page(html).text == "deep\nend")
    }
}
