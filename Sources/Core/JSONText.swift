extension [UInt8] {
    /// Appends `text` as a JSON string in quotes. Control characters, those of C1 too, are escaped: a terminal obeys them.
    package mutating func appendJSONString(_ text: String) {
        append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append(contentsOf: #"\""#.utf8)
            case "\\": append(contentsOf: #"\\"#.utf8)
            case "\n": append(contentsOf: #"\n"#.utf8)
            case "\r": append(contentsOf: #"\r"#.utf8)
            case "\t": append(contentsOf: #"\t"#.utf8)
            case "\u{0}"..<" ", "\u{7F}"..."\u{9F}": appendJSONEscape(scalar.value)
            default: append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends `\u009b` for 0x9B.
    private mutating func appendJSONEscape(_ value: UInt32) {
        let digits = String(value, radix: 16)
        append(contentsOf: (#"\u"# + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
    }

    /// JSON with the control characters that its writer left as they are, U+007F to U+009F, escaped.
    package var withJSONControlsEscaped: [UInt8] {
        guard contains(0x7F) || contains(0xC2) else { return self }
        var escaped: [UInt8] = []
        escaped.reserveCapacity(count)
        var position = 0
        while position < count {
            let byte = self[position]
            if byte == 0x7F {
                escaped.appendJSONEscape(0x7F)
            } else if byte == 0xC2, position + 1 < count, self[position + 1] < 0xA0 {
                position += 1
                escaped.appendJSONEscape(UInt32(self[position]))
            } else {
                escaped.append(byte)
            }
            position += 1
        }
        return escaped
    }
}
