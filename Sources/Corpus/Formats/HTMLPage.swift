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
