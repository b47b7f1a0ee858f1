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
