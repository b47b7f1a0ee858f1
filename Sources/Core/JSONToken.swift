/// Where and why a text is not JSON.
package struct JSONFault: Error {
    /// The byte, counted from 0.
    package let offset: Int
    package let message: String

    package init(offset: Int, message: String) {
        self.offset = offset
        self.message = message
    }
}

/// What every reader of JSON needs: the grammar of numbers and escapes (RFC 8259, sections 6 and 7).
package enum JSONToken {
    /// Passes over the number that begins at `position`.
    package static func skipNumber(
        _ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int
    ) throws(JSONFault) {
        func byte() -> UInt8? { position < bytes.count ? bytes[position] : nil }
        func skipDigits() -> Int {
            let start = position
            while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
            return position - start
        }
        if byte() == UInt8(ascii: "-") { position += 1 }
        let start = position
        let digits = skipDigits()
        guard digits > 0 else { throw JSONFault(offset: position, message: "a value was expected") }
        if digits > 1, bytes[start] == UInt8(ascii: "0") {
            throw JSONFault(offset: start, message: "a number begins with 0")
        }
        if byte() == UInt8(ascii: ".") {
            position += 1
            if skipDigits() == 0 { throw JSONFault(offset: position, message: "a digit was expected after the point") }
        }
        if byte() == UInt8(ascii: "e") || byte() == UInt8(ascii: "E") {
            position += 1
            if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { position += 1 }
            if skipDigits() == 0 { throw JSONFault(offset: position, message: "a digit was expected in the exponent") }
        }
    }

    /// The scalar of the escape whose backslash is before `position`, which ends after it.
    ///
    /// - Parameter replacingHalves: Whether a surrogate without its partner, for which UTF-8 has no form, becomes
    ///   U+FFFD or is a fault.
    package static func escape(
        _ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int, replacingHalves: Bool = false
    ) throws(JSONFault) -> Unicode.Scalar {
        guard position < bytes.count else { throw wrongEscape(position) }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "u"): break
        default: throw wrongEscape(position - 1)
        }
        let unit = try fourDigits(bytes, &position)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let end = position
        if unit < 0xDC00, bytes.count - position >= 2, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            let low = try fourDigits(bytes, &position)
            if low & 0xFC00 == 0xDC00, let scalar = Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF) {
                return scalar
            }
        }
        guard replacingHalves else {
            throw JSONFault(offset: position, message: "a string has a wrong escape, half a surrogate pair")
        }
        position = end
        return "\u{FFFD}"
    }

    private static func wrongEscape(_ offset: Int) -> JSONFault {
        JSONFault(offset: offset, message: "a string has a wrong escape")
    }

    private static func fourDigits(
        _ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int
    ) throws(JSONFault) -> UInt32 {
        guard bytes.count - position >= 4 else { throw wrongEscape(bytes.count) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - 0x30
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default: throw wrongEscape(position)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
