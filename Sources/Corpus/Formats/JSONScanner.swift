package import TrawlCore

/// A member of a JSON object, as ranges of the bytes that were scanned.
package struct JSONField {
    package enum Kind { case string, number, object, array, literal, null }

    package var key: Range<Int>
    package var keyHasEscapes: Bool
    package var kind: Kind
    /// The contents between the quotes for a string, the whole text of the value for anything else.
    package var value: Range<Int>
    package var valueHasEscapes: Bool
}

/// A strict scanner of RFC 8259 over bytes that are known to be UTF-8. An escaped half of a surrogate pair becomes
/// U+FFFD: Python's `json` writes such halves for text that was cut in the middle of a character.
///
/// Why not Foundation: its dictionaries forget the order of the members, so that neither metadata nor the documents of
/// an object of objects would keep theirs, it cannot give the text of a value that is to be kept as it is, and it
/// builds every value of a line of which we want three strings.
package struct JSONScanner {
    package let bytes: UnsafeBufferPointer<UInt8>
    package var position = 0

    /// Nested deeper than this is refused, which bounds the stack.
    static let maximumDepth = 200

    package init(_ bytes: UnsafeBufferPointer<UInt8>, from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// Scans the one object that the bytes hold, and puts its members into `fields` in order.
    package mutating func scanDocument(into fields: inout [JSONField]) throws(JSONFault) {
        skipSpace()
        guard peek == UInt8(ascii: "{") else { throw fault("a JSON object {…} was expected") }
        try scanObject(into: &fields)
        skipSpace()
        if position < bytes.count { throw fault("something follows the JSON object") }
    }

    /// Scans an object, whose `{` is at `position`.
    package mutating func scanObject(into fields: inout [JSONField]) throws(JSONFault) {
        fields.removeAll(keepingCapacity: true)
        position += 1
        skipSpace()
        if peek == UInt8(ascii: "}") {
            position += 1
            return
        }
        while true {
            let (key, keyHasEscapes) = try scanKey()
            fields.append(try scanField(key: key, keyHasEscapes: keyHasEscapes))
            if try !nextMember(or: UInt8(ascii: "}")) { return }
        }
    }

    /// Scans an array, whose `[` is at `position`, and puts its elements into `elements` in order; their keys are empty.
    package mutating func scanArray(into elements: inout [JSONField]) throws(JSONFault) {
        elements.removeAll(keepingCapacity: true)
        position += 1
        skipSpace()
        if peek == UInt8(ascii: "]") {
            position += 1
            return
        }
        while true {
            skipSpace()
            elements.append(try scanField(key: position..<position, keyHasEscapes: false))
            if try !nextMember(or: UInt8(ascii: "]")) { return }
        }
    }

    /// Scans one value of any kind and nothing after it.
    package mutating func scanValue() throws(JSONFault) -> JSONField {
        skipSpace()
        let field = try scanField(key: position..<position, keyHasEscapes: false)
        skipSpace()
        if position < bytes.count { throw fault("something follows the value") }
        return field
    }

    /// The elements of an array of strings whose `[` is at `position`; nil when something else is among them.
    mutating func scanStrings() throws(JSONFault) -> [String]? {
        var strings: [String] = []
        position += 1
        skipSpace()
        if peek == UInt8(ascii: "]") { return strings }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { return nil }
            let (range, hasEscapes) = try scanString()
            strings.append(try string(range, hasEscapes: hasEscapes))
            if try !nextMember(or: UInt8(ascii: "]")) { return strings }
        }
    }

    /// The string whose contents were scanned at `range`.
    package func string(_ range: Range<Int>, hasEscapes: Bool) throws(JSONFault) -> String {
        let contents = UnsafeBufferPointer(rebasing: bytes[range])
        return hasEscapes ? try unescape(contents, at: range.lowerBound) : String(decoding: contents, as: UTF8.self)
    }

    /// True when the bytes have an escaped half of a surrogate pair.
    ///
    /// - Complexity: O(n), and one search for a backslash when there is none.
    package var hasHalfSurrogate: Bool {
        var position = bytes.firstIndex(of: UInt8(ascii: "\\")) ?? bytes.count
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "\\") else {
                position += 1
                continue
            }
            position += 1
            let start = position
            if (try? JSONToken.escape(bytes, &position)) != nil { continue }
            // Any other wrong escape is for the grammar to complain about.
            position = start
            if (try? JSONToken.escape(bytes, &position, replacingHalves: true)) != nil { return true }
        }
        return false
    }

    // MARK: - Grammar

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func fault(_ message: String) -> JSONFault { JSONFault(offset: position, message: message) }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// A key and its colon; stops at the value.
    private mutating func scanKey() throws(JSONFault) -> (Range<Int>, Bool) {
        skipSpace()
        guard peek == UInt8(ascii: "\"") else { throw fault("a key in quotes was expected") }
        let key = try scanString()
        skipSpace()
        guard peek == UInt8(ascii: ":") else { throw fault("a colon was expected after the key") }
        position += 1
        skipSpace()
        return key
    }

    /// True after a comma, false after `close`.
    private mutating func nextMember(or close: UInt8) throws(JSONFault) -> Bool {
        skipSpace()
        switch peek {
        case UInt8(ascii: ","):
            position += 1
            return true
        case close:
            position += 1
            return false
        case nil: throw fault("the JSON ends in the middle")
        default: throw fault("a comma or \(Character(Unicode.Scalar(close))) was expected")
        }
    }

    /// The value at `position`.
    private mutating func scanField(key: Range<Int>, keyHasEscapes: Bool) throws(JSONFault) -> JSONField {
        let start = position
        var field = JSONField(
            key: key, keyHasEscapes: keyHasEscapes, kind: .null, value: start..<start, valueHasEscapes: false)
        if peek == UInt8(ascii: "\"") {
            (field.value, field.valueHasEscapes) = try scanString()
            field.kind = .string
        } else {
            field.kind = try skipValue(depth: 1)
            field.value = start..<position
        }
        return field
    }

    private mutating func skipValue(depth: Int) throws(JSONFault) -> JSONField.Kind {
        guard depth <= Self.maximumDepth else { throw fault("nested deeper than \(Self.maximumDepth) levels") }
        switch peek {
        case UInt8(ascii: "\""):
            _ = try scanString()
            return .string
        case UInt8(ascii: "{"):
            position += 1
            skipSpace()
            if peek == UInt8(ascii: "}") {
                position += 1
                return .object
            }
            repeat {
                _ = try scanKey()
                _ = try skipValue(depth: depth + 1)
            } while try nextMember(or: UInt8(ascii: "}"))
            return .object
        case UInt8(ascii: "["):
            position += 1
            skipSpace()
            if peek == UInt8(ascii: "]") {
                position += 1
                return .array
            }
            repeat {
                skipSpace()
                _ = try skipValue(depth: depth + 1)
            } while try nextMember(or: UInt8(ascii: "]"))
            return .array
        case UInt8(ascii: "t"): return try literal("true", .literal)
        case UInt8(ascii: "f"): return try literal("false", .literal)
        case UInt8(ascii: "n"): return try literal("null", .null)
        case nil: throw fault("the JSON ends in the middle")
        default:
            try JSONToken.skipNumber(bytes, &position)
            return .number
        }
    }

    private mutating func literal(_ word: StaticString, _ kind: JSONField.Kind) throws(JSONFault) -> JSONField.Kind {
        for offset in 0..<word.utf8CodeUnitCount {
            guard peek == word.utf8Start[offset] else { throw fault("a value was expected") }
            position += 1
        }
        return kind
    }

    /// Scans a string, whose opening quote is at `position`, and answers the range between its quotes. Escapes are
    /// checked when the string is decoded, which strings that nobody wants never are.
    private mutating func scanString() throws(JSONFault) -> (Range<Int>, hasEscapes: Bool) {
        position += 1
        let start = position
        var hasEscapes = false
        while true {
            skipPlain()
            guard position < bytes.count else { break }
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return (start..<position - 1, hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                position = min(position + 2, bytes.count)
            } else {
                throw fault("a control character is in a string without an escape")
            }
        }
        throw fault("a string is not closed")
    }

    /// Moves to the next quote, backslash or control character, or to the end: eight bytes at a time, as strings are long.
    private mutating func skipPlain() {
        let words = UnsafeRawBufferPointer(bytes)
        let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        while position + 8 <= bytes.count {
            let word = UInt64(littleEndian: words.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let (quote, backslash) = (word ^ 0x22 &* ones, word ^ 0x5C &* ones)
            // The lowest bit that is set belongs to the first byte that is zero, or less than 0x20: borrows go upwards.
            let found =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- 0x20 &* ones) & ~word) & highs
            if found != 0 {
                position += found.trailingZeroBitCount / 8
                return
            }
            position += 8
        }
        while position < bytes.count, !Self.endsPlain(bytes[position]) { position += 1 }
    }

    private static func endsPlain(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20
    }

    private func unescape(_ contents: UnsafeBufferPointer<UInt8>, at start: Int) throws(JSONFault) -> String {
        var failure: JSONFault?
        // An escape is never shorter than the UTF-8 that it stands for.
        let text = String(unsafeUninitializedCapacity: contents.count) { output in
            var read = 0
            var written = 0
            while read < contents.count {
                let byte = contents[read]
                read += 1
                guard byte == UInt8(ascii: "\\") else {
                    output[written] = byte
                    written += 1
                    continue
                }
                do throws(JSONFault) {
                    for unit in try JSONToken.escape(contents, &read, replacingHalves: true).utf8 {
                        output[written] = unit
                        written += 1
                    }
                } catch {
                    failure = JSONFault(offset: start + error.offset, message: error.message)
                    return 0
                }
            }
            return written
        }
        if let failure { throw failure }
        return text
    }
}
