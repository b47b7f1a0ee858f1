import Core

/// A parsed JSON document. Objects keep the order of the file; strings keep their exact scalars.
///
/// Foundation's parser is several times slower on vocabularies and tells no line numbers.
indirect enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// The member of an object; nil when it is absent, null, or this is no object.
    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self, let found = members.last(where: { $0.key == key }) else { return nil }
        if case .null = found.value { return nil }
        return found.value
    }

    var string: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    var number: Double? {
        if case .number(let value) = self { return value }
        return nil
    }

    /// A whole number from 0 to 2^53.
    var count: Int? {
        guard let number, number >= 0, number <= 9_007_199_254_740_992, number == number.rounded() else { return nil }
        return Int(number)
    }

    var array: [JSONValue]? {
        if case .array(let value) = self { return value }
        return nil
    }

    var object: [(key: String, value: JSONValue)]? {
        if case .object(let value) = self { return value }
        return nil
    }

    /// Feeds a form that does not depend on white space or on the order of members to `hash`.
    func hash(into hash: inout SHA256) {
        switch self {
        case .null: hash.update("n")
        case .bool(let value): hash.update(value ? "t" : "f")
        case .number(let value): hash.update("#\(value);")
        case .string(let value): hash.update("\"\(value.utf8.count):\(value)")
        case .array(let items):
            hash.update("[\(items.count):")
            for item in items { item.hash(into: &hash) }
        case .object(let members):
            hash.update("{\(members.count):")
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for member in sorted {
                JSONValue.string(member.key).hash(into: &hash)
                member.value.hash(into: &hash)
            }
        }
    }
}

/// A recursive descent parser over UTF-8 bytes (RFC 8259).
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var depth = 0
    private let path: String?

    static func parse(_ bytes: UnsafeBufferPointer<UInt8>, path: String?) throws -> JSONValue {
        var parser = JSONParser(bytes: bytes, path: path)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { parser.position = 3 }
        let value = try parser.value()
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.failure("there is text after the document") }
        return value
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, path: String?) {
        self.bytes = bytes
        self.path = path
    }

    private func failure(_ message: String) -> TrawlError {
        let line = bytes[..<min(position, bytes.count)].reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
        return TrawlError(
            .corrupted, "not a JSON document: \(message) (byte \(position))", path: path, line: line,
            remedy: "download the tokenizer again")
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func next() throws -> UInt8 {
        skipSpace()
        guard position < bytes.count else { throw failure("it ends too early") }
        return bytes[position]
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard try next() == byte else { throw failure("expected '\(Character(UnicodeScalar(byte)))'") }
        position += 1
    }

    private mutating func value() throws -> JSONValue {
        switch try next() {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length else { throw failure("it ends too early") }
        for offset in 0..<length where bytes[position + offset] != word.utf8Start[offset] {
            throw failure("unknown word")
        }
        position += length
        return value
    }

    private mutating func enter() throws {
        depth += 1
        guard depth < 200 else { throw failure("it is nested more than 200 deep") }
        position += 1
    }

    private mutating func object() throws -> JSONValue {
        try enter()
        var members: [(key: String, value: JSONValue)] = []
        if try next() == UInt8(ascii: "}") {
            position += 1
        } else {
            while true {
                guard try next() == UInt8(ascii: "\"") else { throw failure("expected a member name") }
                let key = try string()
                try expect(UInt8(ascii: ":"))
                members.append((key, try value()))
                if try next() == UInt8(ascii: ",") {
                    position += 1
                    continue
                }
                try expect(UInt8(ascii: "}"))
                break
            }
        }
        depth -= 1
        return .object(members)
    }

    private mutating func array() throws -> JSONValue {
        try enter()
        var items: [JSONValue] = []
        if try next() == UInt8(ascii: "]") {
            position += 1
        } else {
            while true {
                items.append(try value())
                if try next() == UInt8(ascii: ",") {
                    position += 1
                    continue
                }
                try expect(UInt8(ascii: "]"))
                break
            }
        }
        depth -= 1
        return .array(items)
    }

    private mutating func number() throws -> JSONValue {
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
                continue
            default: break
            }
            break
        }
        // Most numbers are ids.
        if position - start <= 15, position > start {
            var whole = 0
            var isWhole = true
            for index in start..<position {
                let digit = bytes[index] &- 0x30
                if digit > 9 {
                    isWhole = false
                    break
                }
                whole = whole * 10 + Int(digit)
            }
            if isWhole { return .number(Double(whole)) }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let number = Double(text), number.isFinite else { throw failure("'\(text)' is not a value") }
        return .number(number)
    }

    private mutating func string() throws -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") {
            position += 1
        }
        guard position < bytes.count else { throw failure("a string does not end") }
        guard bytes[position] == UInt8(ascii: "\\") else {
            position += 1
            return try text(Array(bytes[start..<(position - 1)]))
        }
        var plain = Array(bytes[start..<position])
        while true {
            guard position < bytes.count else { throw failure("a string does not end") }
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { break }
            guard byte == UInt8(ascii: "\\") else {
                plain.append(byte)
                continue
            }
            try escape(into: &plain)
        }
        return try text(plain)
    }

    private func text(_ plain: [UInt8]) throws -> String {
        guard let text = String(validating: plain, as: UTF8.self) else { throw failure("a string is not UTF-8") }
        return text
    }

    private mutating func escape(into plain: inout [UInt8]) throws {
        guard position < bytes.count else { throw failure("a string does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "n"): plain.append(0x0A)
        case UInt8(ascii: "t"): plain.append(0x09)
        case UInt8(ascii: "r"): plain.append(0x0D)
        case UInt8(ascii: "b"): plain.append(0x08)
        case UInt8(ascii: "f"): plain.append(0x0C)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain.append(byte)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code), bytes.count - position >= 6, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("half a surrogate pair") }
            plain.append(contentsOf: String(Character(scalar)).utf8)
        default: throw failure("unknown escape")
        }
    }

    private mutating func hexadecimal() throws -> UInt32 {
        guard bytes.count - position >= 4 else { throw failure("a string does not end") }
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue else {
                throw failure("unknown escape")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}
