internal import Core

/// A JSON value with its members in the file's order; a name that occurs twice in an object is an error.
package enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])

    package static func == (a: JSON, b: JSON) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.number(let x), .number(let y)): x == y
        case (.string(let x), .string(let y)): x == y
        case (.array(let x), .array(let y)): x == y
        case (.object(let x), .object(let y)): x.count == y.count && zip(x, y).allSatisfy { $0 == $1 }
        default: false
        }
    }

    package subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.0 == name }?.1
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var double: Double? { if case .number(let value) = self { value } else { nil } }
    package var int: Int? { double.flatMap { Int(exactly: $0) } }
    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    package var members: [(String, JSON)]? { if case .object(let value) = self { value } else { nil } }

    package init(contentsOf path: String) throws {
        self = try MappedFile(path: path).withBytes { try JSON(parsing: $0, path: path) }
    }

    /// - Throws: `TrawlError.corrupted` with the line for anything that RFC 8259 does not allow.
    package init(parsing bytes: UnsafeRawBufferPointer, path: String) throws {
        var parser = JSONParser(bytes: bytes, path: path)
        self = try parser.document()
    }
}

private struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    let path: String
    var position = 0

    init(bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
    }

    func failure(_ message: String) -> TrawlError {
        let line = 1 + bytes[..<min(position, bytes.count)].count { $0 == UInt8(ascii: "\n") }
        return TrawlError(.corrupted, "not JSON: \(message)", path: path, line: line, remedy: "download it again")
    }

    mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    mutating func document() throws -> JSON {
        let result = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw failure("text after the end") }
        return result
    }

    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func value(depth: Int) throws -> JSON {
        guard depth < 100 else { throw failure("nested too deeply") }
        skipSpace()
        guard position < bytes.count else { throw failure("the text ends early") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    mutating func word(_ text: StaticString, _ value: JSON) throws -> JSON {
        let end = position + text.utf8CodeUnitCount
        guard end <= bytes.count, text.withUTF8Buffer({ $0.elementsEqual(bytes[position..<end]) }) else {
            throw failure("an unknown word")
        }
        position = end
        return value
    }

    mutating func object(depth: Int) throws -> JSON {
        position += 1
        var members: [(String, JSON)] = []
        var names: Set<String> = []
        if take(UInt8(ascii: "}")) { return .object([]) }
        repeat {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw failure("a name must follow")
            }
            let name = try string()
            guard names.insert(name).inserted else { throw failure("the name '\(name)' occurs twice") }
            guard take(UInt8(ascii: ":")) else { throw failure("':' must follow the name '\(name)'") }
            members.append((name, try value(depth: depth + 1)))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw failure("'}' is missing") }
        return .object(members)
    }

    mutating func array(depth: Int) throws -> JSON {
        position += 1
        var elements: [JSON] = []
        if take(UInt8(ascii: "]")) { return .array([]) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw failure("']' is missing") }
        return .array(elements)
    }

    mutating func number() throws -> JSON {
        let start = position
        while position < bytes.count, "+-.0123456789eE".utf8.contains(bytes[position]) { position += 1 }
        guard start < position, let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw failure("a value must follow")
        }
        return .number(value)
    }

    mutating func string() throws -> String {
        position += 1
        var content: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw failure("a string is not UTF-8")
                }
                return text
            }
            guard byte >= 0x20 else { throw failure("a control character in a string") }
            if byte == UInt8(ascii: "\\") { try escape(into: &content) } else { content.append(byte) }
        }
        throw failure("a string does not end")
    }

    mutating func escape(into content: inout [UInt8]) throws {
        guard position < bytes.count else { throw failure("a string does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hex4()
            if (0xD800..<0xDC00).contains(code), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try hex4()
                guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            // A lone surrogate has no UTF-8 form.
            content.append(contentsOf: Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8))
        default: throw failure("an unknown escape")
        }
    }

    mutating func hex4() throws -> UInt32 {
        guard position + 4 <= bytes.count,
            let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits must follow \\u") }
        position += 4
        return value
    }
}
