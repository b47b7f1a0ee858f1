internal import TrawlCore
internal import TrawlTensors

/// Reads the fields of a message in protobuf's wire format, in a part of a mapped file. Every length is checked against what is
/// left of the part.
struct ProtobufReader {
    /// A field's value; groups, which nothing uses any more, are refused.
    enum Value {
        /// A number of up to 64 bits.
        case number(UInt64)
        /// Where the bytes of a text, of a message within or of packed numbers are.
        case bytes(Range<Int>)
        /// A number of fixed size, which was passed over.
        case fixed
    }

    private let file: MappedFile
    private var offset: Int
    private let end: Int

    /// - Parameter part: nil for the whole file.
    init(_ file: MappedFile, part: Range<Int>? = nil) {
        self.file = file
        (offset, end) = part.map { ($0.lowerBound, $0.upperBound) } ?? (0, file.count)
    }

    private func corrupted(_ message: String) -> TrawlError {
        TrawlError(.corrupted, message, path: file.path, remedy: "download it again")
    }

    /// The next field; nil at the end.
    mutating func next() throws -> (field: Int, value: Value)? {
        guard offset < end else { return nil }
        let start = offset
        let key = try variable()
        guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw corrupted("the field at byte \(start) has no number") }
        let field = Int(key >> 3)
        switch key & 7 {
        case 0: return (field, .number(try variable()))
        case 1: return (field, try skip(8, field))
        case 5: return (field, try skip(4, field))
        case 2:
            let length = try variable()
            guard length <= UInt64(end - offset) else {
                throw corrupted("the field at byte \(start) has \(length) bytes, more than are left")
            }
            let range = offset..<offset + Int(length)
            offset = range.upperBound
            return (field, .bytes(range))
        default: throw corrupted("the field at byte \(start) is of a kind that is not known")
        }
    }

    /// The numbers of a field that occurs once for each, or has them packed.
    func numbers(_ value: Value) throws -> [UInt64] {
        switch value {
        case .number(let number): return [number]
        case .fixed: return []
        case .bytes(let range):
            var reader = ProtobufReader(file, part: range)
            var numbers: [UInt64] = []
            while reader.offset < reader.end { numbers.append(try reader.variable()) }
            return numbers
        }
    }

    /// - Throws: `TrawlError.corrupted` for what is not UTF-8.
    func text(_ range: Range<Int>) throws -> String {
        let text = file.withBytes {
            String(validating: UnsafeRawBufferPointer(rebasing: $0[range]), as: UTF8.self)
        }
        guard let text else { throw corrupted("the text at byte \(range.lowerBound) is not UTF-8") }
        return text
    }

    private mutating func skip(_ count: Int, _ field: Int) throws -> Value {
        guard end - offset >= count else { throw corrupted("the field at byte \(offset) ends beyond its message") }
        offset += count
        return .fixed
    }

    /// A number in base 128, the lowest digits first.
    private mutating func variable() throws -> UInt64 {
        let start = offset
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while offset < end, shift < 64 {
            let byte = file.withBytes { $0[offset] }
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw corrupted("the number at byte \(start) does not end")
    }
}
