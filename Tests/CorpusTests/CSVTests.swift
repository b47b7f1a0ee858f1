import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct CSVTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    @Test func quotesSeparatorsAndLineBreaksAreRead() throws {
        try fixture.write(
            "a.csv",
            "id,title,text,price\r\n1,\"A, B\",\"two\r\nlines \"\"quoted\"\"\",1.50\r\n\r\n2,,5\" pipe,\r\n3,C,last,7")
        let documents = try fixture.documents("a.csv")
        #expect(documents.map(\.title) == ["A, B", "", "C"])
        #expect(documents.map(\.text) == ["two\nlines \"quoted\"", "5\" pipe", "last"])
        #expect(documents.map { $0.value(of: "price") } == ["1.50", nil, "7"])
        #expect(documents.map(\.origin.line) == [2, 5, 6])
    }

    @Test(arguments: [";", "\t", "|"]) func theSeparatorIsDetected(separator: String) throws {
        try fixture.write(
            "a.csv",
            ["id", "text", "n, m"].joined(separator: separator) + "\n"
                + ["1", "a, b", "2"].joined(separator: separator))
        let document = try fixture.documents("a.csv")[0]
        #expect(document.text == "a, b")
        #expect(document.value(of: "n, m") == "2")
    }

    @Test func blankLinesMayPrecedeTheHeader() throws {
        try fixture.write("a.csv", "\n\nid;text\n1;a, b\n")
        #expect(try fixture.documents("a.csv").map(\.text) == ["a, b"])
    }

    @Test func aLineMayNameTheSeparator() throws {
        try fixture.write("a.csv", "sep=;\nid;text\n1;a,b\n")
        #expect(try fixture.documents("a.csv").map(\.text) == ["a,b"])
    }

    @Test func rowsWithoutIDsAreNumberedByTheirLines() throws {
        try fixture.write("a.csv", "text,x\n\"a\nb\",1\nc,2\n")
        #expect(try fixture.documents("a.csv").map(\.id.rawValue) == ["2", "4"])
        #expect(try fixture.summary("a.csv").numberedDocuments == 2)
    }

    @Test func badRecordsAreSkippedAndABadHeaderIsAnError() throws {
        try fixture.write("a.csv", [UInt8]("id,text\n1,a\n2\n3,b,c\n4,\"".utf8) + [0xE9] + [UInt8]("\nx\"\n5,d\n".utf8))
        #expect(try fixture.documents("a.csv").map(\.id.rawValue) == ["1", "5"])
        #expect(try fixture.summary("a.csv").skipped.first.map(\.origin.line) == [3, 4, 5])
        try fixture.write("b.csv", "name,price\na,1\n")
        #expect(fixture.failure("b.csv").contains("no column is named text"))
        #expect(fixture.failure("b.csv").contains("there are name, price"))
        try fixture.write("c.csv", "id,text\n1,a\n2,\"b\n3,c\n")
        #expect(fixture.failure("c.csv").hasPrefix("c.csv:3: a quoted cell"))
    }
}
