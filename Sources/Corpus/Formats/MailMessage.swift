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
            let inner = MailPart(decoded(part)[...])
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

    private mutating func decoded(_ part: MailPart) -> [UInt8] {
        let (bytes, isWhole) = part.decodedBody
        if !isWhole { content.repair = "what follows the base64 of a part, or is not base64 in it, was left out" }
        return bytes
    }

    private mutating func utf8(_ part: MailPart) -> [UInt8] {
        let (bytes, isWhole) = MailCharset.utf8(decoded(part), charset: part.charset)
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
        guard -9999...9999 ~= zone else { return date }
        return timestampUTC(timegm(&parts) - (zone / 100 * 60 + zone % 100) * 60)
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
}
