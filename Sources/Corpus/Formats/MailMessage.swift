import Foundation
import TrawlCore

/// An e-mail message (RFC 5322, MIME): its subject is the title; its text is that of its plain parts, or of HTML parts where
/// no plain one says the same.
struct MailMessage {
    private(set) var content = FileContent()

    /// Multipart messages nested deeper than this are cut off there.
    private static let maximumDepth = 20

    /// - Parameter bytes: one message.
    /// - Throws: `invalidInput` when it does not begin with header fields.
    init(_ bytes: ArraySlice<UInt8>, path: String, line: Int? = nil) throws {
        let message = MailPart(bytes)
        guard !message.headers.isEmpty else {
            throw TrawlError(
                .invalidInput, "is not an e-mail message: it does not begin with header fields", path: path, line: line,
                remedy: "check the file, or say another format")
        }
        content.title = message.decodedHeader("subject") ?? ""
        for name in ["from", "to", "cc"] { content.add(name, message.decodedHeader(name)) }
        content.add("date", message.header("date").map(Self.timestamp))
        content.add("message_id", message.header("message-id"))
        content.body = text(of: message, depth: 0) ?? MarkedText()
    }

    private mutating func text(of part: MailPart, depth: Int) -> MarkedText? {
        guard depth < Self.maximumDepth else {
            content.repair =
                "its parts are nested deeper than \(Self.maximumDepth) levels, and what is deeper was left out"
            return nil
        }
        if let name = part.attachmentName {
            content.add("attachment", name)
            return nil
        }
        switch part.type {
        case "multipart/alternative":
            // From the plainest to the richest.
            let texts = part.parts.compactMap { part in text(of: part, depth: depth + 1).map { (part.type, $0) } }
            return (texts.first { $0.0 == "text/plain" && !isBlank($0.1.text) } ?? texts.last { !isBlank($0.1.text) })?
                .1
        case let type where type.hasPrefix("multipart/"):
            return joined(part.parts.compactMap { text(of: $0, depth: depth + 1) })
        case "message/rfc822":
            let inner = MailPart(part.decodedBody[...])
            let subject = inner.decodedHeader("subject").map { MarkedText(text: $0) }
            return joined([subject, text(of: inner, depth: depth + 1)].compactMap { $0 })
        case "text/html":
            let bytes = utf8(part)
            return try? bytes.withUnsafeBufferPointer { try HTMLPage($0, path: "").content.body }
        case let type where type.hasPrefix("text/"):
            return MarkedText(text: String(decoding: utf8(part), as: UTF8.self).replacing("\r\n", with: "\n").trimmed())
        default: return nil
        }
    }

    private func joined(_ texts: [MarkedText]) -> MarkedText {
        var whole = MarkedText()
        var lines = 0
        var pieces: [String] = []
        for text in texts where !text.text.isEmpty {
            whole.headings += text.headings.map { RawHeading(level: $0.level, line: $0.line + lines) }
            pieces.append(text.text)
            lines += text.text.utf8.count { $0 == 10 } + 2
        }
        whole.text = pieces.joined(separator: "\n\n")
        return whole
    }

    private mutating func utf8(_ part: MailPart) -> [UInt8] {
        let (bytes, isWhole) = MailCharset.utf8(part.decodedBody, charset: part.charset)
        if !isWhole {
            content.repair = "its text is not in the charset \(part.charset ?? "UTF-8"), and was read as Windows-1252"
        }
        return bytes
    }

    /// `Tue, 1 Jul 2003 10:52:37 +0200` in ISO 8601 and UTC, which sorts by time; a date that is malformed stays as it is.
    private static func timestamp(_ date: String) -> String {
        var words = date.split(whereSeparator: { $0.isWhitespace || $0 == "," })
        if words.first?.first?.isLetter == true { words.removeFirst() }
        guard words.count >= 4, let day = Int32(words[0]), let year = Int32(words[2]),
            let month = months.firstIndex(of: words[1].prefix(3).lowercased())
        else { return date }
        let clock = words[3].split(separator: ":").map { Int32($0) ?? -1 }
        guard clock.count >= 2, 1...31 ~= day, 1900...9999 ~= year, !clock.contains(where: { $0 < 0 || $0 > 60 }) else {
            return date
        }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, Int32(month), day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock.count > 2 ? clock[2] : 0)
        // Zones with names are those of America or unknown, which the standard takes for UTC.
        let zone = words.count > 4 ? Int(words[4]) ?? 0 : 0
        return timestampUTC(timegm(&parts) - (zone / 100 * 60 + zone % 100) * 60)
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
}

/// A message or a part of one: header fields, a blank line, a body.
private struct MailPart {
    /// Names in lower case, unfolded values as they are written.
    let headers: [(name: String, value: [UInt8])]
    private let body: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        var headers: [(name: String, value: [UInt8])] = []
        var rest = bytes
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 10) ?? rest.endIndex
            var line = rest[..<end]
            let next = rest[end...].dropFirst()
            if line.last == 13 { line = line.dropLast() }
            if line.isEmpty {
                rest = next
                break
            }
            if let first = line.first, first == 0x20 || first == 0x09, let last = headers.indices.last {
                headers[last].value += [0x20] + line.drop { $0 == 0x20 || $0 == 0x09 }
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
                line[..<colon].allSatisfy({ 0x21...0x7E ~= $0 })
            {
                let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
                headers.append((name, Array(line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 })))
            } else if !line.starts(with: "From ".utf8), !line.starts(with: ">From ".utf8) {
                // Not a header: the body begins without a blank line.
                break
            }
            rest = next
        }
        self.headers = headers
        body = rest
    }

    func header(_ name: String) -> String? {
        headers.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self).trimmed() }
    }

    func decodedHeader(_ name: String) -> String? {
        headers.first { $0.name == name }.map { MailCharset.decodedWords($0.value) }
    }

    /// In lower case, such as `text/plain`.
    var type: String {
        let value = header("content-type") ?? "text/plain"
        return value.prefix { $0 != ";" }.trimmed().lowercased()
    }

    var charset: String? { parameter("charset", of: "content-type") }

    /// The file name of an attachment; nil for what is to be read.
    var attachmentName: String? {
        let disposition = header("content-disposition")?.lowercased() ?? ""
        let name = parameter("filename", of: "content-disposition") ?? parameter("name", of: "content-type")
        guard disposition.hasPrefix("attachment") || (name != nil && !type.hasPrefix("text/")) else { return nil }
        return MailCharset.decodedWords(Array((name ?? "unnamed").utf8))
    }

    /// `boundary="=_x"` of a header's value.
    private func parameter(_ name: String, of header: String) -> String? {
        var rest = self.header(header)?.drop { $0 != ";" } ?? ""
        while rest.first == ";" {
            rest = rest.dropFirst().drop { $0.isWhitespace }
            let key = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest[key.endIndex...]
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst()
            var value: Substring
            if rest.first == "\"" {
                value = rest.dropFirst().prefix { $0 != "\"" }
                rest = rest[value.endIndex...].drop { $0 != ";" }
            } else {
                value = rest.prefix { $0 != ";" }
                rest = rest[value.endIndex...]
            }
            if key.trimmed().lowercased() == name { return value.trimmed() }
        }
        return nil
    }

    /// The parts of a multipart body.
    var parts: [MailPart] {
        guard let boundary = parameter("boundary", of: "content-type"), !boundary.isEmpty else { return [] }
        let marker = Array("--\(boundary)".utf8)
        var parts: [MailPart] = []
        var start: Int?
        var position = body.startIndex
        while position < body.endIndex {
            let end = body[position...].firstIndex(of: 10) ?? body.endIndex
            if body[position..<end].starts(with: marker) {
                if let start { parts.append(MailPart(body[start..<position])) }
                let isLast = body[(position + marker.count)..<end].starts(with: "--".utf8)
                start = isLast ? nil : min(end + 1, body.endIndex)
                if isLast { break }
            }
            position = end + 1
        }
        // Without a closing marker the last part ends with the message.
        if let start { parts.append(MailPart(body[start...])) }
        return parts
    }

    /// The body without its transfer encoding.
    var decodedBody: [UInt8] {
        switch header("content-transfer-encoding")?.lowercased() {
        case "base64": [UInt8](Data(base64Encoded: Data(body), options: .ignoreUnknownCharacters) ?? Data())
        case "quoted-printable": MailCharset.decodedQuotedPrintable(body)
        default: Array(body)
        }
    }
}

/// Charsets and encodings of mail.
private enum MailCharset {
    /// Converts from a charset; what is not in it is read as Windows-1252, which has a character for almost every byte.
    static func utf8(_ bytes: [UInt8], charset: String?) -> (bytes: [UInt8], isWhole: Bool) {
        let name = (charset ?? "utf-8").lowercased()
        let isUTF8 = String(validating: bytes, as: UTF8.self) != nil
        if isUTF8, ["utf-8", "utf8", "us-ascii", "ascii"].contains(name) { return (bytes, true) }
        let isName =
            !name.isEmpty && name.utf8.allSatisfy { $0 &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2D || $0 == 0x5F }
        if isName, name != "utf-8", name != "utf8", let converted = convert(bytes, name) { return (converted, true) }
        if isUTF8 { return (bytes, true) }
        return (convert(bytes, "windows-1252") ?? Array(String(decoding: bytes, as: UTF8.self).utf8), false)
    }

    private static func convert(_ bytes: [UInt8], _ charset: String) -> [UInt8]? {
        bytes.withUnsafeBufferPointer { try? convertedToUTF8($0, from: charset, path: "") }
    }

    /// A header's value with its encoded words (RFC 2047), such as `=?utf-8?Q?caf=C3=A9?=`.
    static func decodedWords(_ bytes: [UInt8]) -> String {
        let text = String(decoding: utf8(bytes, charset: nil).bytes, as: UTF8.self)
        guard text.contains("=?") else { return text.trimmed() }
        var output = ""
        var rest = text[...]
        var followsWord = false
        while let start = rest.range(of: "=?") {
            let before = rest[..<start.lowerBound]
            let fields = rest[start.upperBound...].split(separator: "?", maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count == 4, fields[3].hasPrefix("="), let word = decodedWord(fields) else {
                output += rest[..<start.upperBound]
                rest = rest[start.upperBound...]
                followsWord = false
                continue
            }
            // White space between encoded words belongs to the encoding.
            if !followsWord || !before.allSatisfy(\.isWhitespace) { output += before }
            output += word
            rest = fields[3].dropFirst()
            followsWord = true
        }
        return (output + rest).trimmed()
    }

    private static func decodedWord(_ fields: [Substring]) -> String? {
        let charset = String(fields[0].prefix { $0 != "*" })
        let bytes: [UInt8]
        switch fields[1].lowercased() {
        case "b":
            guard let data = Data(base64Encoded: String(fields[2]), options: .ignoreUnknownCharacters) else {
                return nil
            }
            bytes = [UInt8](data)
        case "q": bytes = decodedQuotedPrintable(Array(fields[2].utf8.map { $0 == 0x5F ? 0x20 : $0 })[...])
        default: return nil
        }
        return String(decoding: utf8(bytes, charset: charset).bytes, as: UTF8.self)
    }

    static func decodedQuotedPrintable(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        func digit(_ index: Int) -> UInt8? {
            guard index < bytes.endIndex else { return nil }
            return Character(Unicode.Scalar(bytes[index])).hexDigitValue.map(UInt8.init)
        }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var position = bytes.startIndex
        while position < bytes.endIndex {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "=") else {
                output.append(byte)
                continue
            }
            if let high = digit(position), let low = digit(position + 1) {
                output.append(high << 4 | low)
                position += 2
                continue
            }
            // A soft line break: `=`, perhaps blanks, and the end of the line.
            var end = position
            while end < bytes.endIndex, bytes[end] == 0x20 || bytes[end] == 0x09 || bytes[end] == 13 { end += 1 }
            if end == bytes.endIndex || bytes[end] == 10 {
                position = min(end + 1, bytes.endIndex)
            } else {
                output.append(byte)
            }
        }
        return output
    }
}
