import Foundation
import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct TSVTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    @Test func twoThreeAndFourColumnsAreRead() throws {
        try fixture.write("two.tsv", "0\tThe Manhattan Project\r\n1\tpassage\r\n")
        try fixture.write("three.tsv", "a\tTitle\ttext")
        try fixture.write("four.tsv", "D1\thttp://x\tTitle\tbody\n")
        #expect(try fixture.documents("two.tsv").map(\.text) == ["The Manhattan Project", "passage"])
        #expect(try fixture.documents("three.tsv").map(\.title) == ["Title"])
        let document = try fixture.documents("four.tsv")[0]
        #expect(document.text == "body")
        #expect(document.value(of: "url") == "http://x")
    }

    @Test func headerNamesTheColumns() throws {
        try fixture.write("a.tsv", "id\ttext\ttitle\tyear\n1\tsome text\tA title\t1999\n")
        let document = try fixture.documents("a.tsv")[0]
        #expect(document.text == "some text")
        #expect(document.title == "A title")
        #expect(document.metadata == [.init(key: "year", value: "1999")])
        #expect(document.origin.line == 2)
    }

    /// Without an id only a first line that begins with a name of the text: elsewhere that word may be a text.
    @Test func aHeaderMayNameNoID() throws {
        try fixture.write("a.tsv", "text\tlabel\nsome text\tgood\nmore\tbad\n")
        let documents = try fixture.documents("a.tsv")
        #expect(documents.map(\.text) == ["some text", "more"])
        #expect(documents.map(\.id.rawValue) == ["2", "3"])
        #expect(documents.map { $0.value(of: "label") } == ["good", "bad"])
        for first in ["q1\ttext", "content\tTides rise.", "1\tpassage"] {
            try fixture.write("b.tsv", first + "\n2\tmore\n")
            #expect(try fixture.documents("b.tsv").count == 2, "\(first)")
        }
    }

    @Test func wrongNumberOfColumnsIsNamed() throws {
        try fixture.write("a.tsv", "1\tone\n2\ttwo\ttoo many\n")
        #expect(
            fixture.failure("a.tsv").hasPrefix("a.tsv:2: the line has 3 tab-separated columns and the first line 2"))
        try fixture.write("b.tsv", "no tab here\n")
        #expect(fixture.failure("b.tsv").hasPrefix("b.tsv:1: the line has 1 tab-separated columns"))
    }

    @Test func emptyIDIsRefused() throws {
        try fixture.write("a.tsv", "1\tone\n\ttwo\n")
        #expect(fixture.failure("a.tsv").hasPrefix("a.tsv:2: the id is empty"))
    }
}

@Suite struct TRECTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    @Test func severalDocumentsOfOneFileAreRead() throws {
        try fixture.write(
            "FT911-1",
            """
            <DOC>
            <DOCNO> FT911-1 </DOCNO>
            <HEADLINE>
            FT  14 MAY 91 / Law
              and order
            </HEADLINE>
            <TEXT>
            Profits &amp; losses of A&hyph;B rose 5 &lt; 6 &unknown; AT&T &eacute;&#233;.
            <P>
            Second <F P=106> part </F><!-- a <comment> --> here.
            </P>
            </TEXT>
            <BYLINE>By X</BYLINE>
            <TEXT>More.</TEXT>
            </DOC>
            <doc><docno>2</docno><title>T</title><text>one</text></doc><DOC><DOCNO>3</DOCNO>
            Only loose <b>wo</b>rds, 3 < 4.
            </DOC>

            """)
        let documents = try fixture.documents()
        #expect(documents.map(\.id.rawValue) == ["FT911-1", "2", "3"])
        #expect(documents.map(\.title) == ["FT 14 MAY 91 / Law and order", "T", ""])
        #expect(documents.map(\.origin.line) == [1, 16, 16])
        #expect(documents[0].text.hasPrefix("Profits & losses of A-B rose 5 < 6 &unknown; AT&T éé."))
        #expect(documents[0].text.hasSuffix("More."))
        #expect(!documents[0].text.contains("<P"))
        #expect(documents[0].text.contains("Second"))
        #expect(!documents[0].text.contains("comment"))
        #expect(!documents[0].text.contains("By X"))
        #expect(documents[1].text == "one")
        #expect(documents[2].text == "Only loose words, 3 < 4.")
    }

    @Test func commentsThatNeverEndTakeNoQuadraticTime() throws {
        let open = String(repeating: "<!-- a ", count: 100_000)
        try fixture.write(
            "a.trec", "<DOC><DOCNO>1</DOCNO><TEXT>x<!-- y -->z \(open)</TEXT></DOC>\n")
        let start = ContinuousClock.now
        let documents = try fixture.documents()
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(documents[0].text.hasPrefix("xz <!-- a <!-- a"))
    }

    @Test(.timeLimit(.minutes(1))) func tagsThatAreNotClosedTakeNoTimeWithoutEnd() throws {
        let open = String(repeating: "<doc ", count: 4_000_000)
        try fixture.write("a.trec", open + "\n<DOC>\n<DOCNO>1</DOCNO><TEXT>x</TEXT></DOC>\n")
        #expect(try fixture.documents("a.trec").map(\.text) == ["x"])
    }

    @Test func unclosedAndNamelessDocumentsAreNamed() throws {
        try fixture.write("a.trec", "\n<DOC>\n<DOCNO>1</DOCNO><TEXT>x</TEXT>\n")
        #expect(fixture.failure("a.trec").hasPrefix("a.trec:2: the file ends before the </DOC>"))
        try fixture.write("b.trec", "<DOC>\n<DOCNO>1</DOCNO><TEXT>x</TEXT></DOC>\n<DOC>\n<TEXT>y</TEXT></DOC>\n")
        #expect(fixture.failure("b.trec").hasPrefix("b.trec:3: the document has no <DOCNO>"))
        try fixture.write("c.trec", "hello\n")
        #expect(fixture.failure("c.trec").hasPrefix("c.trec: there is no <DOC>"))
    }

    @Test func latin1IsRefusedWithItsPlace() throws {
        try fixture.write(
            "a.trec", [UInt8]("<DOC>\n<DOCNO>1</DOCNO>\n<TEXT>caf".utf8) + [0xE9] + [UInt8]("</TEXT></DOC>".utf8))
        #expect(fixture.failure("a.trec").hasPrefix("a.trec:3: is not UTF-8: byte 10 of the line is 0xE9 (convert"))
    }

    @Test func newswireHasIDsInItsTags() throws {
        try fixture.write(
            "a.trec",
            """
            <DOC id="AGY_ENG_20061001.0001" type="story" >
            <HEADLINE>
            Tides
            </HEADLINE>
            <TEXT>
            <P>
            High water at noon.
            </P>
            </TEXT>
            </DOC>
            <doc id='2' url="http://x?a=1&amp;b=2" title="Anarchism">
            Text > here.
            </doc>
            <document>no</document>
            """)
        let documents = try fixture.documents("a.trec")
        #expect(documents.map(\.id.rawValue) == ["AGY_ENG_20061001.0001", "2"])
        #expect(documents.map(\.title) == ["Tides", "Anarchism"])
        #expect(documents.map(\.text) == ["High water at noon.", "Text > here."])
        #expect(documents[0].value(of: "type") == "story")
        #expect(documents[1].value(of: "url") == "http://x?a=1&b=2")
    }
}
