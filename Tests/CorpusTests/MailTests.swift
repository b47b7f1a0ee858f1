import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct MailTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    func message(_ text: String) throws -> Document {
        try fixture.write("a.eml", text)
        return try fixture.documents("a.eml")[0]
    }

    @Test func headersAndTextAreRead() throws {
        let document = try message(
            "Received: x\r\nFrom: =?iso-8859-1?Q?Andr=E9?= <a@x>\r\nTo: b@x,\r\n\tc@x\r\n"
                + "Subject: =?utf-8?B?VGlkZQ==?=\r\n =?utf-8?Q?_tables?= today\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\n"
                + "Message-ID: <1@x>\r\nContent-Type: text/plain; charset=\"iso-8859-1\"\r\n"
                + "Content-Transfer-Encoding: quoted-printable\r\n\r\nHigh water =E9 at n=\r\noon.\r\n")
        #expect(document.title == "Tide tables today")
        #expect(document.text == "High water é at noon.")
        #expect(document.value(of: "from") == "André <a@x>")
        #expect(document.value(of: "to") == "b@x, c@x")
        #expect(document.value(of: "date") == "2003-07-01T08:52:37Z")
        #expect(document.value(of: "message_id") == "<1@x>")
    }

    @Test func datesInZonesThatDoNotExistStayAsTheyAre() throws {
        let date = "Tue, 1 Jul 2003 10:52:37 -9223372036854775807"
        #expect(try message("Date: \(date)\nSubject: x\n\nbody\n").value(of: "date") == date)
    }

    @Test func plainPartsArePreferredAndAttachmentsAreNamed() throws {
        let document = try message(
            """
            From: a@x
            Content-Type: multipart/mixed; boundary="=_o"

            preamble
            --=_o
            Content-Type: multipart/alternative; boundary=i

            --i
            Content-Type: text/plain

            plain
            --i
            Content-Type: text/html

            <p>rich</p>
            --i--
            --=_o
            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: base64

            PGgxPk1vcmU8L2gxPjxwPnRleHQgw6k8L3A+
            --=_o
            Content-Type: application/pdf; name="tide.pdf"
            Content-Disposition: attachment; filename="tide.pdf"

            %PDF
            --=_o--
            epilogue
            """)
        #expect(document.text == "plain\n\nMore\ntext é")
        #expect(headingLines(document) == ["1 More"])
        #expect(document.values(of: "attachment") == ["tide.pdf"])
        #expect(document.title == "a")
    }

    /// Many programs leave the padding out, and mailing lists add a footer to what is encoded.
    @Test(arguments: [
        ("SGlnaCB3YXRlcg", "High water", 0), ("SGlnaCB3\nYXRlcg\n==\n", "High water", 0),
        ("SGlnaCB3YXRlcg==\n_______\nlist mailing list\n", "High water", 1), ("SGlnaCB3\nnot base64\n", "High w", 1),
        ("SGlnaCB3Y", "High w", 1), ("", "", 0),
    ]) func base64IsReadAsFarAsItGoes(_ body: String, _ text: String, _ repaired: Int) throws {
        let document = try message("Subject: x\nContent-Transfer-Encoding: base64\n\n" + body)
        #expect(document.text == text)
        #expect(try fixture.summary("a.eml").repaired.count == repaired)
        #expect(try message("Subject: =?utf-8?B?VGlkZXM?=\n\nx").title == "Tides")
    }

    @Test func aWrongCharsetIsReported() throws {
        try fixture.write("a.eml", [UInt8]("Subject: x\nContent-Type: text/plain; charset=utf-8\n\ncaf".utf8) + [0xE9])
        #expect(try fixture.documents("a.eml")[0].text == "café")
        #expect(try fixture.summary("a.eml").repaired.count == 1)
    }

    @Test func mailboxesHoldMessages() throws {
        try fixture.write(
            "in.mbox",
            "From a@x Thu Jan  1 00:00:00 1970\nSubject: One\n\nfirst\n>From here\nFrom there\n\n"
                + "From b@x Thu Jan  1 00:00:00 1970\nSubject: Two\n\nsecond\n")
        let documents = try fixture.documents("in.mbox")
        #expect(documents.map(\.id.rawValue) == ["in.mbox:1", "in.mbox:2"])
        #expect(documents.map(\.title) == ["One", "Two"])
        #expect(documents.map(\.text) == ["first\nFrom here\nFrom there", "second"])
        #expect(documents.map(\.origin.line) == [1, 8])
        try fixture.write("b.mbox", "text\n")
        #expect(fixture.failure("b.mbox").contains("is not a mailbox"))
        try fixture.write("b.eml", "text\n")
        #expect(fixture.failure("b.eml").contains("is not an e-mail message"))
    }
}
