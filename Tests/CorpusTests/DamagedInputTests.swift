import Testing
import TrawlCore

@testable import TrawlCorpus

/// Files with random damage: reading them ends, every document is accounted for, and errors name a file and a remedy.
@Suite struct DamagedInputTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        var testDescription: String { name }

        init(_ name: String, _ bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }

        init(_ name: String, _ text: String) { self.init(name, [UInt8](text.utf8)) }
    }

    static func samples() throws -> [Sample] {
        let markdown =
            "---\ntitle: x\ntags: [a, {b: c}]\n---\n# alpha #\n```\nb\n```\n|a|b|\n|-|-|\n|c|d|\n<div>e <!-- f --></div>\n"
        let html =
            "<html><meta charset=latin1><title>t</title><main><pre>a</pre><h2>caf&eacute;</h2><table><td x='y'>x</main></html>"
        let mail =
            "From: =?utf-8?Q?=C3=A9?= <a@x>\nSubject: s\nDate: Tue, 1 Jul 2003 10:52:37 +0200\n"
            + "Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/html\n\n<p>x\n--b\n"
            + "Content-Transfer-Encoding: base64\n\neHl6\n--b--\n"
        let rst = "Title\n=====\n\n.. note:: x\n\n:a: b\n\n``c`` `d <e>`_ *f*\n\n::\n\n   g\n"
        let styles = "<w:style w:styleId=\"H\"><w:name w:val=\"heading 2\"/></w:style>"
        return [
            Sample(
                "a.jsonl",
                #"{"id": "1", "title": "\u00e9\ud83d\ude00", "text": ["a", "b"], "metadata": {"x": [1.5e-3, {"y": null}]}}"#
                    + "\n{\"id\": 22, \"text\": \"beta\"}\n"),
            Sample("a.json", #"{"k\n1": {"text": "a{\"}", "n": [1, [2]]}, "k2": {"id": "2", "text": "b"}}"#),
            Sample("b.json", #"[{"id": 1, "text": "alpha"}, {"id": 2, "text": "b\\"}]"#),
            Sample("a.tsv", "id\ttext\ttitle\n1\talpha\tA\n2\tbeta\t\u{E9}\n"),
            Sample("a.csv", "id;text;title\n1;\"al\"\"pha\n\";A\n2;beta;\u{E9}\n"),
            Sample("a.trec", "<DOC>\n<DOCNO>1</DOCNO><TEXT>a &amp; <P a=\"1\">b</P><!-- c --> &#233;</TEXT>\n</DOC>\n"),
            Sample("b.trec", "<DOC id=\"2\" type='x'>\n<TEXT>a</TEXT>\n</DOC>\n<DOC id=3>b</DOC>\n"),
            Sample("a.md", markdown), Sample("b.md", "+++\ntitle = \"x\"\na = [1, 'b']\n+++\n* a\n  * b\n"),
            Sample("a.html", html), Sample("a.rst", rst), Sample("a.eml", mail),
            Sample("a.mbox", "From a\n" + mail + "\nFrom b\nSubject: t\n\n>From x\n"), Sample("a.py", "x = 1\n"),
            Sample("u.txt", [0xFF, 0xFE] + "tide 😀\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }),
            Sample("a.docx", try OfficeSamples.docx(OfficeSamples.paragraph("a", style: "H"), styles: styles)),
            Sample("b.docx", try OfficeSamples.docx(OfficeSamples.paragraph("a"), styles: styles, deflated: false)),
            Sample("a.odt", try OfficeSamples.odt("<text:h>a</text:h><text:p>b<text:s/>c</text:p>")),
            Sample("a.epub", try OfficeSamples.epub()),
        ]
    }

    @Test(arguments: try samples()) func anyDamageIsReadSkippedOrAnError(_ sample: Sample) throws {
        let fixture = try CorpusFixture()
        var random = SplitMix64(seed: 7)
        for _ in 0..<200 { try read(damaged(sample.bytes, using: &random), as: sample.name, in: fixture) }
    }

    // A process is started for each file, so there are few.
    @Test func damagedPDFsAreReadSkippedOrAnError() throws {
        let fixture = try CorpusFixture()
        var random = SplitMix64(seed: 8)
        let bytes = [UInt8](PDFTests.pdf(["High water.", "Low water."], title: "Tides").utf8)
        for _ in 0..<10 { try read(damaged(bytes, using: &random), as: "a.pdf", in: fixture) }
    }

    private func damaged(_ original: [UInt8], using random: inout SplitMix64) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(original[Int.random(in: 0..<original.count, using: &random)], at: index)
            case 3:
                let end = Int.random(in: index...bytes.count, using: &random)
                bytes.insert(contentsOf: bytes[index..<end], at: Int.random(in: 0...bytes.count, using: &random))
            default: bytes.removeLast(bytes.count - index)
            }
        }
        return bytes
    }

    /// Reads the file by itself, which must stop at the first fault, and in a folder with a good file, where what is bad
    /// must be skipped with a reason.
    private func read(_ bytes: [UInt8], as name: String, in fixture: CorpusFixture) throws {
        let path = try fixture.write(name, bytes)
        var stopped: TrawlError?
        do {
            _ = try allDocuments(CorpusReader(paths: [path], onBadInput: .stop))
        } catch let error as TrawlError {
            stopped = error
            #expect(error.path != nil && error.remedy != nil, "\(error)")
        }
        try fixture.write("z/good.txt", "good")
        let summary = try fixture.summary()
        let isEmpty = stopped?.message.contains("the corpus is empty") ?? false
        #expect((summary.skipped.count > 0) == (stopped != nil && !isEmpty), "\(String(describing: stopped))")
        #expect(summary.documents >= 1)
        #expect(
            summary.skipped.first.filter { $0.reason.isEmpty || $0.remedy == nil || $0.origin.path.isEmpty }.isEmpty)
    }
}
