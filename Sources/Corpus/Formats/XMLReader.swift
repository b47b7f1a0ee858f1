import CTrawlXML2
import TrawlCore

/// What is met on the way through an XML document.
enum XMLEvent {
    /// The beginning of an element, by its local name.
    case start(String, XMLAttributes)
    case end(String)
    /// Text, as UTF-8 that ends in a NUL and is valid until the next event.
    case text(CStringBytes)
}

/// The attributes of the element that has just begun.
struct XMLAttributes {
    fileprivate let reader: xmlTextReaderPtr

    /// The value of an attribute by its local name, whatever its namespace.
    subscript(name: String) -> String? {
        defer { xmlTextReaderMoveToElement(reader) }
        while xmlTextReaderMoveToNextAttribute(reader) == 1 {
            guard let found = xmlTextReaderConstLocalName(reader), String(cString: found) == name else { continue }
            return xmlTextReaderConstValue(reader).map { String(cString: $0) }
        }
        return nil
    }
}

/// Gives the elements and texts of an XML document to `body` in order. Entities of the document's own and files outside of
/// it are not read.
///
/// - Parameters:
///   - skipped: Local names of elements that are left out with all that is in them.
///   - path: For messages, as is `part`.
/// - Throws: `corrupted` for what is not well-formed, nested deeper than 256 levels or has a text above 10 MB, which are
///   libxml2's limits; what `body` throws.
func readXML(
    _ bytes: [UInt8], path: String, part: String, skipping skipped: Set<String> = [],
    _ body: (XMLEvent) throws -> Void
) throws {
    let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
    func fault(_ reader: xmlTextReaderPtr?) -> TrawlError {
        let line = reader.map { Int(xmlTextReaderGetParserLineNumber($0)) }
        return TrawlError(
            .corrupted, "its part \(part) is not well-formed XML" + (line.map { ", in line \($0)" } ?? ""), path: path,
            remedy: "save the file again")
    }
    try bytes.withUnsafeBufferPointer { bytes in
        try bytes.withMemoryRebound(to: CChar.self) { characters in
            guard let size = Int32(exactly: characters.count),
                let reader = xmlReaderForMemory(characters.baseAddress, size, nil, nil, Int32(options))
            else { throw fault(nil) }
            defer { xmlFreeTextReader(reader) }
            var status = xmlTextReaderRead(reader)
            while status == 1 {
                let kind = xmlTextReaderNodeType(reader)
                if kind == Int32(XML_READER_TYPE_ELEMENT.rawValue), let name = name(reader), skipped.contains(name) {
                    status = xmlTextReaderNext(reader)
                    continue
                }
                try give(reader, kind, to: body)
                status = xmlTextReaderRead(reader)
            }
            if status != 0 { throw fault(reader) }
        }
    }
}

private func name(_ reader: xmlTextReaderPtr) -> String? {
    xmlTextReaderConstLocalName(reader).map { String(cString: $0) }
}

private func give(_ reader: xmlTextReaderPtr, _ kind: Int32, to body: (XMLEvent) throws -> Void) throws {
    switch UInt32(bitPattern: kind) {
    case XML_READER_TYPE_ELEMENT.rawValue:
        guard let name = name(reader) else { return }
        let isEmpty = xmlTextReaderIsEmptyElement(reader) == 1
        try body(.start(name, XMLAttributes(reader: reader)))
        if isEmpty { try body(.end(name)) }
    case XML_READER_TYPE_END_ELEMENT.rawValue:
        if let name = name(reader) { try body(.end(name)) }
    case XML_READER_TYPE_TEXT.rawValue, XML_READER_TYPE_CDATA.rawValue,
        XML_READER_TYPE_SIGNIFICANT_WHITESPACE.rawValue, XML_READER_TYPE_WHITESPACE.rawValue:
        if let text = xmlTextReaderConstValue(reader) { try body(.text(CStringBytes(text))) }
    default: break
    }
}

/// The texts of the elements that have no elements in them, by their local names.
func leafTexts(of bytes: [UInt8], path: String, part: String) throws -> [(name: String, text: String)] {
    var texts: [(name: String, text: String)] = []
    var text: [UInt8] = []
    try readXML(bytes, path: path, part: part) { event in
        switch event {
        case .start: text.removeAll()
        case .text(let bytes): text.append(contentsOf: bytes)
        case .end(let name):
            let value = String(decoding: text, as: UTF8.self).trimmed()
            if !value.isEmpty { texts.append((name, value)) }
            text.removeAll()
        }
    }
    return texts
}
