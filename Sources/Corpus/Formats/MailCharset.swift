import Foundation

/// Charsets and encodings of mail.
enum MailCharset {
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
        while let start = rest.firstRange(of: "=?") {
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

    /// Decodes base64 (RFC 2045) up to its padding, or to the first line that is not base64, such as the footer that a mailing
    /// list adds. The padding may be missing.
    ///
    /// - Returns: The bytes, and whether all of `body` but white space was decoded.
    static func decodedBase64(_ body: ArraySlice<UInt8>) -> (bytes: [UInt8], isWhole: Bool) {
        var digits: [UInt8] = []
        digits.reserveCapacity(body.count)
        var isWhole = true
        var isPadded = false
        for line in body.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            let content = line.drop { $0 == 0x20 || $0 == 9 }.prefix { $0 != 0x20 && $0 != 9 }
            let rest = line[content.endIndex...]
            if content.isEmpty { continue }
            let end = content.firstIndex(of: UInt8(ascii: "=")) ?? content.endIndex
            guard !isPadded || end == content.startIndex, content[..<end].allSatisfy(isBase64Digit),
                content[end...].allSatisfy({ $0 == UInt8(ascii: "=") }), rest.allSatisfy({ $0 == 0x20 || $0 == 9 })
            else {
                isWhole = false
                break
            }
            digits += content[..<end]
            isPadded = isPadded || end < content.endIndex
        }
        // A single digit of the last four holds less than a byte.
        if digits.count % 4 == 1 {
            digits.removeLast()
            isWhole = false
        }
        digits += repeatElement(UInt8(ascii: "="), count: (4 - digits.count % 4) % 4)
        return ([UInt8](Data(base64Encoded: Data(digits)) ?? Data()), isWhole)
    }

    private static func isBase64Digit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F: true
        default: false
        }
    }

    private static func decodedWord(_ fields: [Substring]) -> String? {
        let charset = String(fields[0].prefix { $0 != "*" })
        let bytes: [UInt8]
        switch fields[1].lowercased() {
        case "b":
            let (decoded, isWhole) = decodedBase64(Array(fields[2].utf8)[...])
            guard isWhole else { return nil }
            bytes = decoded
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
