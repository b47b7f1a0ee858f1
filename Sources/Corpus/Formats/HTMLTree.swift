import CTrawlXML2
import TrawlCore

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
