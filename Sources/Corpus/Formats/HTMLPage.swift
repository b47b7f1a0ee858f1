import CTrawlXML2
import TrawlCore

/// The title, the main content and the headings of an HTML page, as libxml2's tolerant parser sees it.
///
/// The main content is that of `<main>`, else that of the `<article>`s, else the page without its navigation, its header
/// and its footer; see `HTMLText`.
struct HTMLPage {
    private(set) var content = FileContent()

    /// - Throws: `invalidInput` for bytes that are not in the charset that the page declares (UTF-8 if none) and for
    ///   elements nested too deep; `unsupported` for a charset that iconv does not know.
    init(_ bytes: UnsafeBufferPointer<UInt8>, path: String) throws {
        if bytes.allSatisfy({ $0 == 0x20 || 9...13 ~= $0 }) { return }
        if let charset = try Self.charset(of: bytes, path: path) {
            try convertedToUTF8(bytes, from: charset, path: path).withUnsafeBufferPointer { try read($0, path) }
        } else {
            try read(bytes, path)
        }
    }

    /// - Parameter bytes: UTF-8.
    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>, _ path: String) throws {
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        try withHTMLTree(UnsafeBufferPointer(rebasing: bytes.dropFirst(hasMark ? 3 : 0)), path: path) { root in
            content.title = HTMLText.title(of: root)
            content.body = HTMLText.mainContent(of: root)
            if content.title.isEmpty {
                content.title = HTMLText.firstHeading(of: root) ?? ""
            }
        }
    }

    /// UTF-8 when the bytes are that, else what `charset=` or `encoding=` near the top says. Nil for UTF-8.
    private static func charset(of bytes: UnsafeBufferPointer<UInt8>, path: String) throws -> String? {
        do {
            try requireUTF8(bytes, path: path, firstLine: 1)
            return nil
        } catch {
            let declared = declaredCharset(bytes, after: "charset=") ?? declaredCharset(bytes, after: "encoding=")
            // As in the HTML standard, which takes these names to mean the larger Windows set.
            if let declared, ["iso-8859-1", "latin1", "us-ascii", "ascii"].contains(declared) { return "windows-1252" }
            if let declared, declared != "utf-8", declared != "utf8" { return declared }
            throw error
        }
    }

    private static func declaredCharset(_ bytes: UnsafeBufferPointer<UInt8>, after key: String) -> String? {
        let head = bytes.prefix(4096).map { $0 &- 0x41 < 26 ? $0 + 0x20 : $0 }
        let word = [UInt8](key.utf8)
        guard head.count > word.count,
            let start = (0..<head.count - word.count).first(where: { head[$0...].starts(with: word) })
        else { return nil }
        let name = head[(start + word.count)...].drop { $0 == 0x22 || $0 == 0x27 || $0 == 0x20 }
            .prefix { $0 &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2D || $0 == 0x5F }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}

/// Gives the root element of an HTML page or fragment to `body`; does not call it when there is none.
///
/// - Parameter bytes: UTF-8.
/// - Throws: `invalidInput` for elements nested deeper than `HTMLBounds.parserDepth`, what `body` throws.
func withHTMLTree(
    _ bytes: UnsafeBufferPointer<UInt8>, path: String, _ body: (UnsafeMutablePointer<xmlNode>) throws -> Void
) throws {
    _ = htmlParserIsReady
    if bytes.isEmpty { return }
    if let bounded = HTMLBounds.bounded(bytes) {
        return try bounded.withUnsafeBufferPointer { try parse($0, path: path, body) }
    }
    if bytes.contains(0) {
        // The parser would take a NUL for the end.
        return try bytes.map { $0 == 0 ? 0x20 : $0 }.withUnsafeBufferPointer { try parse($0, path: path, body) }
    }
    try parse(bytes, path: path, body)
}

private let htmlParserIsReady: Void = xmlInitParser()

private func parse(
    _ bytes: UnsafeBufferPointer<UInt8>, path: String, _ body: (UnsafeMutablePointer<xmlNode>) throws -> Void
) throws {
    let options =
        HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue
        | HTML_PARSE_NONET.rawValue | HTML_PARSE_IGNORE_ENC.rawValue | XML_PARSE_HUGE.rawValue
    guard let size = Int32(exactly: bytes.count) else { throw recordTooLong("the file", path: path, line: nil) }
    guard let context = htmlNewParserCtxt() else {
        throw TrawlError(.full, "libxml2 cannot start", path: path, remedy: "free some memory")
    }
    defer { htmlFreeParserCtxt(context) }
    context.pointee.sax.pointee.startElement = { context, name, attributes in
        guard let context else { return }
        let parser = context.assumingMemoryBound(to: xmlParserCtxt.self)
        if parser.pointee.nameNr > HTMLBounds.parserDepth { return xmlStopParser(parser) }
        xmlSAX2StartElement(context, name, attributes)
    }
    let tree = bytes.withMemoryRebound(to: CChar.self) {
        htmlCtxtReadMemory(context, $0.baseAddress, size, nil, "UTF-8", Int32(options))
    }
    defer { xmlFreeDoc(tree) }
    if context.pointee.errNo == Int32(XML_ERR_USER_STOP.rawValue) {
        throw TrawlError(
            .invalidInput, "its elements are nested deeper than \(HTMLBounds.parserDepth) levels", path: path,
            remedy: "check that it is a whole HTML page")
    }
    guard let tree, let root = xmlDocGetRootElement(tree) else { return }
    try body(root)
}
