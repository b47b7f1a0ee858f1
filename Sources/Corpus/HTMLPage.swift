import CTrawlXML2
import Glibc
import TrawlCore

/// The title and the text of an HTML page, as libxml2's tolerant parser sees it.
///
/// Scripts, styles and the head fall away; block elements stand on lines of their own; white space is folded but in
/// `<pre>`; entities are decoded.
struct HTMLPage {
    private(set) var title = ""
    private(set) var text = ""

    /// - Throws: `invalidInput` for bytes that are not in the charset that the page declares (UTF-8 if none);
    ///   `unsupported` for a charset that libxml2 does not know.
    init(_ bytes: UnsafeBufferPointer<UInt8>, path: String) throws {
        _ = Self.parserIsReady
        if bytes.allSatisfy({ $0 == 0x20 || 9...13 ~= $0 }) { return }
        if let charset = try Self.charset(of: bytes, path: path) {
            try convertedToUTF8(bytes, from: charset, path: path).withUnsafeBufferPointer {
                try parse(
                    UnsafeBufferPointer(rebasing: $0.starts(with: [0xEF, 0xBB, 0xBF]) ? $0[3...] : $0[...]), path)
            }
        } else if bytes.contains(0) {
            // The parser would take a NUL for the end.
            try bytes.map { $0 == 0 ? 0x20 : $0 }.withUnsafeBufferPointer { try parse($0, path) }
        } else {
            try parse(bytes, path)
        }
    }

    /// - Parameter bytes: UTF-8.
    private mutating func parse(_ bytes: UnsafeBufferPointer<UInt8>, _ path: String) throws {
        let options =
            HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue
            | HTML_PARSE_NONET.rawValue | HTML_PARSE_IGNORE_ENC.rawValue | XML_PARSE_HUGE.rawValue
        guard let size = Int32(exactly: bytes.count) else { throw recordTooLong("the file", path: path, line: nil) }
        let tree = bytes.withMemoryRebound(to: CChar.self) {
            htmlReadMemory($0.baseAddress, size, nil, "UTF-8", Int32(options))
        }
        guard let tree else {
            throw TrawlError(
                .invalidInput, "cannot be read as HTML", path: path, remedy: "check the file, or say another format")
        }
        defer { xmlFreeDoc(tree) }
        guard let root = xmlDocGetRootElement(tree) else { return }
        var walk = HTMLTextWalk()
        walk.visit(root)
        text = walk.text.finished()
        title = walk.title.finished().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static let parserIsReady: Void = xmlInitParser()

    /// By byte order mark, else UTF-8 when the bytes are that, else what `charset=` near the top says. Nil for UTF-8.
    private static func charset(of bytes: UnsafeBufferPointer<UInt8>, path: String) throws -> String? {
        if bytes.starts(with: [0xFF, 0xFE]) { return "UTF-16LE" }
        if bytes.starts(with: [0xFE, 0xFF]) { return "UTF-16BE" }
        do {
            try requireUTF8(bytes, path: path, firstLine: 1)
            return nil
        } catch {
            let declared = declaredCharset(bytes)
            // As in the HTML standard, which takes these names to mean the larger Windows set.
            if let declared, ["iso-8859-1", "latin1", "us-ascii", "ascii"].contains(declared) { return "windows-1252" }
            if let declared, declared != "utf-8", declared != "utf8" { return declared }
            throw error
        }
    }

    private static func declaredCharset(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        let head = bytes.prefix(4096).map { $0 &- 0x41 < 26 ? $0 + 0x20 : $0 }
        let word = [UInt8]("charset=".utf8)
        guard head.count > word.count,
            let start = (0..<head.count - word.count).first(where: { head[$0...].starts(with: word) })
        else { return nil }
        let name = head[(start + word.count)...].drop { $0 == 0x22 || $0 == 0x27 || $0 == 0x20 }
            .prefix { $0 &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2D || $0 == 0x5F }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}

/// Goes through a tree without recursion, since pages may nest as deep as they like.
private struct HTMLTextWalk {
    var title = FoldedText()
    var text = FoldedText()
    private var preDepth = 0
    private var titleDepth = 0

    private static let dropped: Set<String> = ["script", "style", "noscript", "template", "svg", "iframe", "object"]
    private static let blocks: Set<String> = [
        "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "dialog",
        "div",
        "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
        "hr", "html", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot",
        "thead", "tr", "ul",
    ]

    mutating func visit(_ root: UnsafeMutablePointer<xmlNode>) {
        var node = root
        while true {
            if enter(node), let child = node.pointee.children {
                node = child
                continue
            }
            while true {
                leave(node)
                if node == root { return }
                if let next = node.pointee.next {
                    node = next
                    break
                }
                guard let parent = node.pointee.parent else { return }
                node = parent
            }
        }
    }

    /// False when nothing below the node counts.
    private mutating func enter(_ node: UnsafeMutablePointer<xmlNode>) -> Bool {
        switch node.pointee.type {
        case XML_TEXT_NODE, XML_CDATA_SECTION_NODE:
            guard let content = node.pointee.content else { return false }
            if titleDepth > 0 {
                title.append(content, keepingSpace: false)
            } else if !isInHead(node) {
                text.append(content, keepingSpace: preDepth > 0)
            }
            return false
        case XML_ELEMENT_NODE:
            let name = name(of: node)
            if Self.dropped.contains(name) { return false }
            switch name {
            // A page's title; an inline SVG has titles too, but those are dropped with it.
            case "title": titleDepth += 1
            case "pre", "textarea": preDepth += 1
            case "td", "th": text.space()
            default: break
            }
            if Self.blocks.contains(name) { text.newline() }
            return true
        default: return false
        }
    }

    private mutating func leave(_ node: UnsafeMutablePointer<xmlNode>) {
        guard node.pointee.type == XML_ELEMENT_NODE else { return }
        let name = name(of: node)
        if Self.dropped.contains(name) { return }
        switch name {
        case "title":
            titleDepth -= 1
            title.newline()
        case "pre", "textarea": preDepth -= 1
        default: break
        }
        if Self.blocks.contains(name) { text.newline() }
    }

    private func isInHead(_ node: UnsafeMutablePointer<xmlNode>) -> Bool {
        node.pointee.parent.map { name(of: $0) == "head" } ?? false
    }

    private func name(of node: UnsafeMutablePointer<xmlNode>) -> String {
        node.pointee.name.map { String(cString: $0) } ?? ""
    }
}

/// Text under construction in which runs of white space are one space or one newline.
private struct FoldedText {
    private var bytes: [UInt8] = []
    private var pending: UInt8?

    mutating func space() { if pending == nil { pending = 0x20 } }

    mutating func newline() { pending = 10 }

    mutating func append(_ content: UnsafePointer<UInt8>, keepingSpace: Bool) {
        var pointer = content
        while pointer.pointee != 0 {
            let byte = pointer.pointee
            pointer += 1
            if byte == 0x20 || 9...13 ~= byte {
                if keepingSpace {
                    flush()
                    bytes.append(byte)
                } else {
                    space()
                }
                continue
            }
            flush()
            bytes.append(byte)
        }
    }

    private mutating func flush() {
        if let pending, !bytes.isEmpty { bytes.append(pending) }
        pending = nil
    }

    func finished() -> String { String(decoding: bytes, as: UTF8.self).trimmed() }
}

/// Replaces `&name;`, `&#233;` and `&#xE9;`; what is no entity stays as it is.
func decodingEntities(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    var output = ""
    output.reserveCapacity(text.utf8.count)
    var rest = text[...]
    while let ampersand = rest.utf8.firstIndex(of: UInt8(ascii: "&")) {
        output += rest[..<ampersand]
        rest = rest[ampersand...]
        // The longest name of an HTML 4 entity has 8 letters.
        if let semicolon = rest.utf8.prefix(12).firstIndex(of: UInt8(ascii: ";")),
            let character = entity(rest[rest.utf8.index(after: rest.startIndex)..<semicolon])
        {
            output.unicodeScalars.append(character)
            rest = rest[rest.utf8.index(after: semicolon)...]
        } else {
            output += "&"
            rest = rest.dropFirstByte()
        }
    }
    return output + rest
}

extension Substring {
    fileprivate func dropFirstByte() -> Substring { self[utf8.index(after: startIndex)...] }
}

private func entity(_ name: Substring) -> Unicode.Scalar? {
    if name.hasPrefix("#x") || name.hasPrefix("#X") { return UInt32(name.dropFirst(2), radix: 16).flatMap(character) }
    if name.hasPrefix("#") { return UInt32(name.dropFirst()).flatMap(character) }
    switch name {
    // SGML names that TREC's disks use and HTML does not know.
    case "hyph": return "-"
    case "blank": return " "
    case "apos": return "'"
    default: return htmlEntityLookup(String(name)).flatMap { Unicode.Scalar($0.pointee.value) }
    }
}

private func character(_ value: UInt32) -> Unicode.Scalar? { value == 0 ? nil : Unicode.Scalar(value) }
