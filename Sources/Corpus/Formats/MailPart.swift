import Foundation

/// A message or a part of one: header fields, a blank line, a body.
struct MailPart {
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

    /// The body without its transfer encoding, and whether nothing of it was left out.
    var decodedBody: (bytes: [UInt8], isWhole: Bool) {
        switch header("content-transfer-encoding")?.lowercased() {
        case "base64": MailCharset.decodedBase64(body)
        case "quoted-printable": (MailCharset.decodedQuotedPrintable(body), true)
        default: (Array(body), true)
        }
    }
}
