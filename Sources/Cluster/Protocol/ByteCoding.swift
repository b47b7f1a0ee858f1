import TrawlCore

/// Values that travel between a coordinator and its shards, as bytes.
///
/// Integers are variable-byte: 7 bits a byte, low bits first, the high bit set on all bytes but the last. Floats are IEEE 754,
/// little-endian, so that no bit is lost. Strings and arrays begin with their count, optionals with whether there is a value.
/// A structure is its fields, one after the other:
///
/// ```
/// extension ShardHit: ByteCodable {
///     init(from reader: inout ByteReader) throws(ByteFault) { (passage, score) = try reader.fields() }
///     func write(to writer: inout ByteWriter) { writer.append(passage, score) }
/// }
/// ```
protocol ByteCodable: Sendable {
    init(from reader: inout ByteReader) throws(ByteFault)
    func write(to writer: inout ByteWriter)
}

/// Bytes that are not what they should be.
struct ByteFault: Error {
    let message: String

    init(_ message: String) { self.message = message }

    static let truncated = ByteFault("the message ends too early")
}

struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    /// Appends fields, one after the other.
    mutating func append<each Field: ByteCodable>(_ fields: repeat each Field) { repeat (each fields).write(to: &self) }

    mutating func append(integer value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// - Precondition: `count` is not negative.
    mutating func append(count: Int) { append(integer: UInt64(count)) }

    mutating func append(raw: some Sequence<UInt8>) { bytes.append(contentsOf: raw) }

    mutating func append(fixed value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }
}

/// Reads what a `ByteWriter` wrote. Counts are compared with the bytes that are left before memory is taken for them.
struct ByteReader {
    /// Whether counts have a bound, so that sums over shards do not overflow, and numbers are finite: what a shard answers is not trusted.
    var isAnswer = false
    private let bytes: [UInt8]
    private var position: Int

    /// More than an index can have of anything.
    static let largestCount = 1 << 48

    init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = min(position, bytes.count)
    }

    var remaining: Int { bytes.count - position }

    mutating func next<Value: ByteCodable>(_ type: Value.Type = Value.self) throws(ByteFault) -> Value {
        try Value(from: &self)
    }

    /// Fields, one after the other, as `ByteWriter.append` wrote them.
    mutating func fields<each Field: ByteCodable>() throws(ByteFault) -> (repeat each Field) {
        (repeat try (each Field)(from: &self))
    }

    mutating func integer() throws(ByteFault) -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while true {
            guard position < bytes.count else { throw .truncated }
            let byte = bytes[position]
            position += 1
            guard shift < 63 || byte <= 1 else { throw ByteFault("a number is too large") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// A count of things that take `size` bytes each at least.
    mutating func count(of size: Int = 1) throws(ByteFault) -> Int {
        let count = try integer()
        guard count <= UInt64(remaining / max(1, size)) else {
            throw ByteFault("a count of \(count) is more than the message has")
        }
        return Int(count)
    }

    mutating func raw(_ count: Int) throws(ByteFault) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw .truncated }
        position += count
        return bytes[position - count..<position]
    }

    mutating func fixed<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(ByteFault) -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw .truncated }
        defer { position += size }
        return bytes.withUnsafeBytes {
            Value(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: Value.self))
        }
    }

    fileprivate func require(finite isFinite: Bool) throws(ByteFault) {
        guard isFinite || !isAnswer else { throw ByteFault("a number is not finite") }
    }

    /// - Throws: where something follows.
    func finish() throws(ByteFault) {
        guard remaining == 0 else { throw ByteFault("\(remaining) bytes follow the message") }
    }
}

extension UInt64: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { self = try reader.integer() }
    func write(to writer: inout ByteWriter) { writer.append(integer: self) }
}

extension UInt32: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        guard let value = UInt32(exactly: try reader.integer()) else { throw ByteFault("a number is too large") }
        self = value
    }

    func write(to writer: inout ByteWriter) { writer.append(integer: UInt64(self)) }
}

/// Never negative.
extension Int: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        guard let value = Int(exactly: try reader.integer()), !reader.isAnswer || value <= ByteReader.largestCount
        else { throw ByteFault("a number is too large") }
        self = value
    }

    func write(to writer: inout ByteWriter) { writer.append(count: self) }
}

extension Bool: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        let byte: UInt8 = try reader.fixed()
        guard byte <= 1 else { throw ByteFault("\(byte) is neither true nor false") }
        self = byte == 1
    }

    func write(to writer: inout ByteWriter) { writer.append(fixed: UInt8(self ? 1 : 0)) }
}

extension UInt8: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { self = try reader.fixed() }
    func write(to writer: inout ByteWriter) { writer.append(fixed: self) }
}

extension Float: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(bitPattern: try reader.fixed())
        try reader.require(finite: isFinite)
    }

    func write(to writer: inout ByteWriter) { writer.append(fixed: bitPattern) }
}

extension Double: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(bitPattern: try reader.fixed())
        try reader.require(finite: isFinite)
    }

    func write(to writer: inout ByteWriter) { writer.append(fixed: bitPattern) }
}

extension String: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        guard let text = String(validating: try reader.raw(reader.count()), as: UTF8.self) else {
            throw ByteFault("a text is not valid UTF-8")
        }
        self = text
    }

    func write(to writer: inout ByteWriter) {
        writer.append(count: utf8.count)
        writer.append(raw: utf8)
    }
}

extension Array: ByteCodable where Element: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        let count = try reader.count()
        self = []
        reserveCapacity(count)
        for _ in 0..<count { append(try reader.next()) }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(count: count)
        for element in self { element.write(to: &writer) }
    }
}

extension Optional: ByteCodable where Wrapped: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        // Named, since the type that is wanted here is the optional one.
        self = try reader.next(Bool.self) ? try reader.next(Wrapped.self) : nil
    }

    func write(to writer: inout ByteWriter) {
        writer.append(self != nil)
        if let self { self.write(to: &writer) }
    }
}
