internal import TrawlCore

/// The typed entries in a GGUF file's head.
public struct GGUFMetadata: Sendable {
    enum Value: Sendable {
        case integer(Int)
        /// Above `Int.max`.
        case unsigned(UInt64)
        case float(Double)
        case bool(Bool)
        case string(String)
        /// `count` elements of type `type` that begin at byte `offset`; walked once, decoded when asked for.
        case array(type: UInt32, count: Int, offset: Int)
    }

    /// The keys, in the order of the file.
    public let keys: [String]
    private let values: [String: Value]
    private let file: MappedFile

    init(reading count: Int, from cursor: inout ByteCursor) throws {
        file = cursor.file
        var keys: [String] = []
        var values: [String: Value] = [:]
        for _ in 0..<count {
            let key = try cursor.string("a metadata key")
            let type = try cursor.integer(UInt32.self, "the type of '\(key)'")
            let value = try Self.read(type: type, key: key, from: &cursor, depth: 0)
            guard values.updateValue(value, forKey: key) == nil else {
                throw TrawlError(
                    .corrupted, "the metadata key '\(key)' occurs twice", path: file.path, remedy: "download it again")
            }
            keys.append(key)
        }
        self.keys = keys
        self.values = values
    }

    private static func read(
        type: UInt32, key: String, from cursor: inout ByteCursor, depth: Int
    ) throws -> Value {
        switch type {
        case 0: return .integer(Int(try cursor.integer(UInt8.self, key)))
        case 1: return .integer(Int(try cursor.integer(Int8.self, key)))
        case 2: return .integer(Int(try cursor.integer(UInt16.self, key)))
        case 3: return .integer(Int(try cursor.integer(Int16.self, key)))
        case 4: return .integer(Int(try cursor.integer(UInt32.self, key)))
        case 5: return .integer(Int(try cursor.integer(Int32.self, key)))
        case 6: return .float(Double(Float(bitPattern: try cursor.integer(UInt32.self, key))))
        case 7: return .bool(try cursor.integer(UInt8.self, key) != 0)
        case 8: return .string(try cursor.string(key))
        case 9 where depth < 4:
            let element = try cursor.integer(UInt32.self, "the element type of '\(key)'")
            let count = try cursor.count("the array '\(key)'", itemSize: Self.smallestSize(element))
            let offset = cursor.offset
            if let width = Self.fixedSize(element) {
                try cursor.skip(count * width, key)  // cannot overflow: `count` fits the file
            } else if element == 8 {
                for _ in 0..<count {
                    try cursor.skip(try cursor.count("a string of '\(key)'", itemSize: 1), key)
                }
            } else {
                for _ in 0..<count { _ = try read(type: element, key: key, from: &cursor, depth: depth + 1) }
            }
            return .array(type: element, count: count, offset: offset)
        case 10:
            let value = try cursor.integer(UInt64.self, key)
            return Int(exactly: value).map { .integer($0) } ?? .unsigned(value)
        case 11: return .integer(Int(try cursor.integer(Int64.self, key)))
        case 12: return .float(Double(bitPattern: try cursor.integer(UInt64.self, key)))
        default:
            throw TrawlError(
                .corrupted, "the metadata entry '\(key)' has the unknown type \(type)", path: cursor.file.path,
                remedy: "download it again")
        }
    }

    private static func fixedSize(_ type: UInt32) -> Int? {
        switch type {
        case 0, 1, 7: 1
        case 2, 3: 2
        case 4, 5, 6: 4
        case 10, 11, 12: 8
        default: nil
        }
    }

    private static func smallestSize(_ type: UInt32) -> Int { fixedSize(type) ?? (type == 8 ? 8 : 12) }

    public func integer(_ key: String) -> Int? {
        if case .integer(let value)? = values[key] { value } else { nil }
    }

    /// A float, or an integer as one.
    public func double(_ key: String) -> Double? {
        switch values[key] {
        case .float(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    public func bool(_ key: String) -> Bool? {
        if case .bool(let value)? = values[key] { value } else { nil }
    }

    public func string(_ key: String) -> String? {
        if case .string(let value)? = values[key] { value } else { nil }
    }

    /// An array of strings; bytes that are not UTF-8 become U+FFFD. O(length of the array).
    public func strings(_ key: String) throws -> [String]? {
        guard case .array(8, let count, let offset)? = values[key] else { return nil }
        var cursor = ByteCursor(file: file, offset: offset)
        var result: [String] = []
        result.reserveCapacity(count)
        for _ in 0..<count {
            let length = try cursor.count(key, itemSize: 1)
            result.append(try cursor.withBytes(length, key) { String(decoding: $0, as: UTF8.self) })
        }
        return result
    }

    /// An array of integers of any width.
    public func integers(_ key: String) throws -> [Int]? {
        guard case .array(let type, let count, let offset)? = values[key], type < 8, type != 6 else { return nil }
        var cursor = ByteCursor(file: file, offset: offset)
        return try (0..<count).map { _ in
            if case .integer(let value) = try Self.read(type: type, key: key, from: &cursor, depth: 1) {
                value
            } else {
                0
            }
        }
    }

    /// An array of 32-bit floats.
    public func floats(_ key: String) throws -> [Float]? {
        guard case .array(6, let count, let offset)? = values[key] else { return nil }
        var cursor = ByteCursor(file: file, offset: offset)
        return try (0..<count).map { _ in Float(bitPattern: try cursor.integer(UInt32.self, key)) }
    }
}

extension GGUFMetadata {
    /// The value as text; of an array its type and length only.
    package func description(of key: String) -> String {
        switch values[key] {
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .float(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .string(let value): value
        case .array(let type, let count, _): "\(count) x \(type)"
        case nil: ""
        }
    }
}
