import CTrawlZlib
import Foundation
import Testing

/// A zip archive with the given entries, deflated or stored.
func zip(_ entries: [(name: String, content: String)], deflated: Bool = true) throws -> [UInt8] {
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in entries {
        let bytes = [UInt8](content.utf8)
        let stored = deflated ? try compressed(bytes, windowBits: -15) : bytes
        let checksum = bytes.withUnsafeBufferPointer {
            UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count))
        }
        let offset = archive.count
        let common =
            little(20, 2) + little(0, 2) + little(deflated ? 8 : 0, 2) + little(0, 4) + little(Int(checksum), 4)
            + little(stored.count, 4) + little(bytes.count, 4) + little(name.utf8.count, 2) + little(0, 2)
        archive += little(0x0403_4B50, 4) + common + Array(name.utf8) + stored
        directory +=
            little(0x0201_4B50, 4) + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4)
            + little(offset, 4) + Array(name.utf8)
    }
    let start = archive.count
    return archive + directory + little(0x0605_4B50, 4) + little(0, 4) + little(entries.count, 2)
        + little(entries.count, 2) + little(directory.count, 4) + little(start, 4) + little(0, 2)
}

private func little(_ number: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(number >> ($0 * 8) & 0xFF) } }

/// Documents of office programs and readers, as small as they may be.
enum OfficeSamples {
    private static let w = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\""

    static func docx(_ body: String, styles: String = "", core: String = "", deflated: Bool = true) throws -> [UInt8] {
        try zip(
            [
                ("word/document.xml", "<?xml version=\"1.0\"?><w:document \(w)><w:body>\(body)</w:body></w:document>"),
                ("word/styles.xml", "<w:styles \(w)>\(styles)</w:styles>"),
                (
                    "docProps/core.xml",
                    "<cp:p xmlns:cp=\"c\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\(core)</cp:p>"
                ),
            ], deflated: deflated)
    }

    /// A paragraph of Word, perhaps in a style.
    static func paragraph(_ text: String, style: String? = nil) -> String {
        let properties = style.map { "<w:pPr><w:pStyle w:val=\"\($0)\"/></w:pPr>" } ?? ""
        return "<w:p>\(properties)<w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">\(text)</w:t></w:r></w:p>"
    }

    static func odt(_ body: String, meta: String = "") throws -> [UInt8] {
        let namespaces =
            "xmlns:office=\"o\" xmlns:text=\"t\" xmlns:table=\"a\" xmlns:meta=\"m\" xmlns:style=\"s\" "
            + "xmlns:dc=\"http://purl.org/dc/elements/1.1/\""
        return try zip([
            ("mimetype", "application/vnd.oasis.opendocument.text"),
            (
                "content.xml",
                "<office:document-content \(namespaces)><office:body><office:text>\(body)</office:text></office:body>"
                    + "</office:document-content>"
            ),
            ("meta.xml", "<office:document-meta \(namespaces)>\(meta)</office:document-meta>"),
        ])
    }

    static func epub() throws -> [UInt8] {
        func page(_ body: String) -> String {
            "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title/></head><body>\(body)</body></html>"
        }
        return try zip([
            ("mimetype", "application/epub+zip"),
            (
                "META-INF/container.xml",
                "<container><rootfiles><rootfile full-path=\"OPS/book.opf\"/></rootfiles></container>"
            ),
            (
                "OPS/book.opf",
                """
                <package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Sea</dc:title>
                <dc:creator>A. Writer</dc:creator><dc:language>en</dc:language></metadata>
                <manifest><item id="two" href="text/second%20one.xhtml" media-type="application/xhtml+xml"/>
                <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
                <item id="one" href="text/first.xhtml" media-type="application/xhtml+xml"/>
                <item id="lost" href="text/lost.xhtml" media-type="application/xhtml+xml"/></manifest>
                <spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/><itemref idref="lost"/></spine>
                </package>
                """
            ),
            (
                "OPS/nav.xhtml",
                page(
                    "<nav><a href=\"text/first.xhtml\">First</a><a href=\"text/second%20one.xhtml#x\">Second</a></nav>")
            ),
            ("OPS/text/second one.xhtml", page("<p>Low tide.</p>")),
            ("OPS/text/first.xhtml", page("<section><h2>Chapter é</h2><p>High tide.</p></section>")),
        ])
    }
}
