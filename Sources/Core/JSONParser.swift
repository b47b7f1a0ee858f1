/// A recursive descent parser over UTF-8 bytes.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var depth = 0
    private let comparesNames: Bool

    /// - Throws: `TrawlError.corrupted`.
    static func document(_ bytes: UnsafeBufferPointer<UInt8>, path: String, comparesNames: Bool) throws -> JSON {
        var parser = JSONParser(bytes: bytes, comparesNames: comparesNames)
        do {
            return try parser.document()
        } catch {
            let before = bytes[..<min(error.offset, bytes.count)]
            let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            throw TrawlError(
                .corrupted, "malformed JSON at byte \(error.offset - lineStart + 1) of the line: \(error.message)",
                path: path, line: 1 + before.count { $0 == UInt8(ascii: "\n") }, remedy: "download the file again")
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, comparesNames: Bool) {
        self.bytes = bytes
        self.comparesNames = comparesNames
    }

    private mutating func document() throws(JSONFault) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw fault("something follows the JSON value") }
        return value
    }

    private func fault(_ message: String) -> JSONFault { JSONFault(offset: position, message: message) }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// The next byte that is no white space, which stays to be taken.
    private mutating func peek() throws(JSONFault) -> UInt8 {
        skipSpace()
        guard position < bytes.count else { throw fault("it ends in the middle") }
        return bytes[position]
    }

    private mutating func value() throws(JSONFault) -> JSON {
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONFault) -> JSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count, bytes[position] == word.utf8Start[offset] else {
                throw fault("a value was expected")
            }
            position += 1
        }
        return value
    }

    // MARK: - Containers

    /// Takes the bracket at `position`; true when the container is empty, and then takes the other one as well.
    private mutating func open(_ close: UInt8) throws(JSONFault) -> Bool {
        guard depth < JSON.maximumDepth else { throw fault("nested deeper than \(JSON.maximumDepth) levels") }
        depth += 1
        position += 1
        guard try peek() == close else { return false }
        position += 1
        depth -= 1
        return true
    }

    /// True after a comma, false after `close`.
    private mutating func next(or close: UInt8) throws(JSONFault) -> Bool {
        switch try peek() {
        case UInt8(ascii: ","):
            position += 1
            return true
        case close:
            position += 1
            depth -= 1
            return false
        default: throw fault("a comma or \(Character(Unicode.Scalar(close))) was expected")
        }
    }

    private mutating func array() throws(JSONFault) -> [JSON] {
        var elements: [JSON] = []
        if try open(UInt8(ascii: "]")) { return elements }
        repeat { elements.append(try value()) } while try next(or: UInt8(ascii: "]"))
        return elements
    }

    private mutating func object() throws(JSONFault) -> [JSON.Member] {
        var members: [JSON.Member] = []
        var names = NameSet()
        if try open(UInt8(ascii: "}")) { return members }
        repeat {
            guard try peek() == UInt8(ascii: "\"") else { throw fault("a name in quotes was expected") }
            let start = position
            let name = try string()
            guard !comparesNames || names.insert(name, after: members) else {
                throw JSONFault(offset: start, message: "the name '\(name)' occurs twice")
            }
            guard try peek() == UInt8(ascii: ":") else { throw fault("a colon was expected after the name '\(name)'") }
            position += 1
            members.append(JSON.Member(name: name, value: try value()))
        } while try next(or: UInt8(ascii: "}"))
        return members
    }

    // MARK: - Scalars

    private mutating func number() throws(JSONFault) -> Double {
        let start = position
        try JSONToken.skipNumber(bytes, &position)
        let text = bytes[start..<position]
        // Most numbers are ids: digits only, and exact in double precision.
        if text.count <= 15, text.allSatisfy({ $0 &- 0x30 < 10 }) {
            return Double(text.reduce(0) { $0 * 10 + Int($1 &- 0x30) })
        }
        guard let number = Double(String(decoding: text, as: UTF8.self)), number.isFinite else {
            throw JSONFault(offset: start, message: "a number is beyond double precision")
        }
        return number
    }

    private mutating func string() throws(JSONFault) -> String {
        let quote = position
        position += 1
        var start = position
        // What stands before `start`, when there are escapes in it.
        var decoded: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            guard byte >= 0x20 else { throw fault("a control character is in a string without an escape") }
            guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                position += 1
                continue
            }
            let run = UnsafeBufferPointer(rebasing: bytes[start..<position])
            position += 1
            if byte == UInt8(ascii: "\\") {
                decoded.append(contentsOf: run)
                decoded.append(contentsOf: try JSONToken.escape(bytes, &position).utf8)
                start = position
                continue
            }
            if decoded.isEmpty {
                if let text = String(validating: run, as: UTF8.self) { return text }
            } else {
                decoded.append(contentsOf: run)
                if let text = String(validating: decoded, as: UTF8.self) { return text }
            }
            throw JSONFault(offset: quote, message: "a string is not UTF-8")
        }
        throw fault("a string is not closed")
    }
}

/// The names of an object's members so far, told apart byte by byte: `String` takes canonically equivalent texts for
/// equal, which tokens of a vocabulary often are.
private struct NameSet {
    /// A hash table with linear probing: the number of a member plus 1, 0 for a free slot. Empty as long as the members
    /// are few enough to be gone through.
    private var slots: [UInt32] = []

    /// Keeps files from being written so that all their names collide. Decides nothing but places in the table.
    private static let seed = UInt64.random(in: 0 ... .max)

    /// False when one of `members` has that name already; else it is the next one's.
    mutating func insert(_ name: String, after members: [JSON.Member]) -> Bool {
        if members.count < 16 { return !members.contains { Self.areSame($0.name, name) } }
        if 2 * members.count >= slots.count {
            slots = [UInt32](repeating: 0, count: max(64, 2 * slots.count))
            for (number, member) in members.enumerated() { slots[place(of: member.name, members)] = UInt32(number + 1) }
        }
        let place = place(of: name, members)
        guard slots[place] == 0 else { return false }
        slots[place] = UInt32(members.count + 1)
        return true
    }

    /// The slot that holds `name` or, if none does, the free one where it belongs.
    private func place(of name: String, _ members: [JSON.Member]) -> Int {
        var hash = Self.seed
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash ^ hash >> 29) & mask
        while slots[slot] != 0, !Self.areSame(members[Int(slots[slot]) - 1].name, name) { slot = (slot + 1) & mask }
        return slot
    }

    private static func areSame(_ a: String, _ b: String) -> Bool { a == b && a.utf8.elementsEqual(b.utf8) }
}
