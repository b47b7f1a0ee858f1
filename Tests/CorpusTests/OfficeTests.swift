import Testing
import TrawlCore

@testable import TrawlCorpus

/// Word, OpenDocument and EPUB.
@Suite struct OfficeTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    func document(_ name: String, _ bytes: [UInt8]) throws -> Document {
        try fixture.write(name, bytes)
        return try fixture.documents(name)[0]
    }

    @Test(arguments: [true, false]) func wordDocumentsKeepTextAndHeadings(deflated: Bool) throws {
        let styles = """
            <w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
            <w:style w:styleId="Own"><w:basedOn w:val="Base"/></w:style>
            <w:style w:styleId="Base"><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
            <w:style w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>
            """
        let body =
            OfficeSamples.paragraph("Tides", style: "berschrift1")
            + OfficeSamples.paragraph("High water ", style: "Loop")
            + OfficeSamples.paragraph("Low", style: "Own")
            + "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r><w:del><w:r><w:t>"
            + "gone</w:t></w:r></w:del><w:r><w:instrText>PAGE</w:instrText><w:br/><w:t>c &amp; é</w:t></w:r></w:p>"
            + "<w:tbl><w:tr><w:tc>\(OfficeSamples.paragraph("1"))</w:tc><w:tc>\(OfficeSamples.paragraph("2"))</w:tc></w:tr>"
            + "<w:tr><w:tc>\(OfficeSamples.paragraph("3"))</w:tc></w:tr></w:tbl>"
        let bytes = try OfficeSamples.docx(
            body, styles: styles, core: "<dc:title>Report</dc:title><dc:creator>N. N.</dc:creator>", deflated: deflated)
        let document = try document("a.docx", bytes)
        #expect(document.title == "Report")
        #expect(document.value(of: "author") == "N. N.")
        #expect(document.text == "Tides\n\nHigh water\n\nLow\n\na b\nc & é\n\n1 2\n3")
        #expect(headingLines(document) == ["1 Tides", "2 Low"])
    }

    @Test func titlesOfWordDocumentsFallBack() throws {
        let styles = "<w:style w:styleId=\"T\"><w:name w:val=\"Title\"/></w:style>"
        let body = OfficeSamples.paragraph("intro") + OfficeSamples.paragraph("Named", style: "T")
        #expect(try document("a.docx", OfficeSamples.docx(body, styles: styles)).title == "Named")
        #expect(try document("b.docx", OfficeSamples.docx(OfficeSamples.paragraph("x"))).title == "b")
    }

    @Test func openDocumentsKeepTextAndHeadings() throws {
        let body = """
            <text:tracked-changes><text:p>gone</text:p></text:tracked-changes>
            <text:h text:outline-level="2">Low <text:span>tide</text:span></text:h>
            <text:p>a<text:s/>b<text:tab/>c<text:line-break/>d<text:note><text:note-citation>1</text:note-citation></text:note></text:p>
            <table:table><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell>
            <table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table>
            """
        let document = try document("a.odt", OfficeSamples.odt(body, meta: "<dc:title>Notes</dc:title>"))
        #expect(document.title == "Notes")
        #expect(document.text == "Low tide\n\na b c\nd\n\n1 2")
        #expect(headingLines(document) == ["2 Low tide"])
        let styled =
            "<style:style style:name=\"P1\" style:parent-style-name=\"Title\"/><text:p text:style-name=\"P1\">Named</text:p>"
        #expect(try self.document("b.odt", OfficeSamples.odt(styled)).title == "Named")
    }

    @Test func levelsOfHeadingsAreThoseOfWordProcessors() throws {
        let levels = ["9223372036854775807", "-3", "0", "2"]
        let body = levels.map { "<text:h text:outline-level=\"\($0)\">a</text:h>" }.joined()
        #expect(headingLines(try document("a.odt", OfficeSamples.odt(body))) == ["10 a", "1 a", "1 a", "2 a"])
    }

    @Test func booksAreReadInTheOrderOfTheirChapters() throws {
        let document = try document("a.epub", OfficeSamples.epub())
        #expect(document.title == "The Sea")
        #expect(document.value(of: "author") == "A. Writer")
        #expect(document.value(of: "language") == "en")
        #expect(document.text == "Chapter é\nHigh tide.\n\nSecond\nLow tide.")
        #expect(headingLines(document) == ["2 Chapter é", "1 Second"])
        #expect(try fixture.summary("a.epub").repaired.first[0].reason.contains("OPS/text/lost.xhtml"))
    }

    @Test func whatIsNotADocumentIsNamed() throws {
        try fixture.write("a.docx", "text")
        #expect(fixture.failure("a.docx").contains("is not a zip archive"))
        try fixture.write("b.docx", [0xD0, 0xCF, 0x11, 0xE0] + [UInt8](repeating: 0, count: 600))
        #expect(fixture.failure("b.docx").contains("Word before 2007"))
        try fixture.write("c.docx", zip([("x", "y")]))
        #expect(fixture.failure("c.docx").contains("has no text of a Word document"))
        try fixture.write("d.epub", zip([("x", "y")]))
        #expect(fixture.failure("d.epub").contains("container.xml is missing"))
        try fixture.write("e.docx", zip([("word/document.xml", "<a><b></a>")]))
        #expect(fixture.failure("e.docx").contains("its part word/document.xml is not well-formed XML"))
    }

    @Test func archivesThatUnpackToTooMuchAreRefused() throws {
        let bomb = String(repeating: " ", count: 40 << 20)
        try fixture.write("a.docx", zip([("word/document.xml", bomb)]))
        #expect(fixture.failure("a.docx").contains("would unpack to 40 MiB"))
        var lying = try zip([("word/document.xml", "<a>" + String(repeating: "b", count: 1_000) + "</a>")])
        // The directory's size of the entry, which is less than it unpacks to.
        let directory = try #require(lying.indices.last { lying[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
        lying[directory + 24] = 10
        lying[directory + 25] = 0
        try fixture.write("b.docx", lying)
        #expect(fixture.failure("b.docx").contains("its entry word/document.xml is damaged"))
    }

    @Test func entitiesOfADocumentAreNotExpanded() throws {
        var text = "<!DOCTYPE d [<!ENTITY a \"aaaaaaaaaa\">"
        for level in 0..<9 {
            let (name, inner) = (Unicode.Scalar(98 + level)!, Unicode.Scalar(97 + level)!)
            text += "<!ENTITY \(name) \"" + String(repeating: "&\(inner);", count: 10) + "\">"
        }
        try fixture.write("a.odt", zip([("content.xml", text + "]><d><p>x&j;</p></d>")]))
        let failure = fixture.failure("a.odt")
        #expect(failure.contains("not well-formed") || failure == "nothing was thrown")
    }
}

@Suite struct PDFTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    /// A file with one line of text on each page.
    static func pdf(_ pages: [String], title: String? = nil) -> String {
        let kids = pages.indices.map { "\($0 * 2 + 4) 0 R" }.joined(separator: " ")
        var objects = [
            "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [\(kids)] /Count \(pages.count) >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
        for (number, text) in pages.enumerated() {
            objects.append(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
                    + "/Contents \(number * 2 + 5) 0 R >>")
            let stream = "BT /F1 12 Tf 72 700 Td (\(text)) Tj ET"
            objects.append("<< /Length \(stream.utf8.count) >>\nstream\n\(stream)\nendstream")
        }
        if let title { objects.append("<< /Title (\(title)) /Author (N. N.) >>") }
        var file = "%PDF-1.4\n"
        var offsets: [Int] = []
        for (number, object) in objects.enumerated() {
            offsets.append(file.utf8.count)
            file += "\(number + 1) 0 obj\n\(object)\nendobj\n"
        }
        let start = file.utf8.count
        file += "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
        for offset in offsets { file += String(repeating: "0", count: 10 - "\(offset)".count) + "\(offset) 00000 n \n" }
        let info = title == nil ? "" : "/Info \(objects.count) 0 R "
        return file + "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R \(info)>>\nstartxref\n\(start)\n%%EOF\n"
    }

    @Test func textAndPropertiesAreRead() throws {
        try fixture.write("a.pdf", Self.pdf(["High water.", "Low water."], title: "Tides"))
        let document = try fixture.documents("a.pdf")[0]
        #expect(document.title == "Tides")
        #expect(document.text.split(separator: "\n").map(String.init) == ["High water.", "Low water."])
        #expect(document.text.contains("\n\n"))
        #expect(document.value(of: "author") == "N. N.")
        #expect(document.value(of: "pages") == "2")
        #expect(document.value(of: "format") == "pdf")
    }

    @Test func theFirstLineIsTheTitleOfAFileWithoutOne() throws {
        try fixture.write("a", Self.pdf(["Tide tables"]))
        #expect(try fixture.documents("a")[0].title == "Tide tables")
    }

    @Test func whatIsNotAPDFIsNamed() throws {
        try fixture.write("a.pdf", "text")
        #expect(fixture.failure("a.pdf").hasPrefix("a.pdf: pdftotext cannot read it: "))
    }
}
