/// A part of a text, counted in both units that programs count in.
public struct TextRange: Hashable, Sendable {
    /// In UTF-8.
    public let bytes: Range<Int>
    /// In Unicode scalars, as the strings of Python count.
    public let scalars: Range<Int>

    public init(bytes: Range<Int>, scalars: Range<Int>) {
        self.bytes = bytes
        self.scalars = scalars
    }

    /// The ranges of bytes `ranges` of `text`, in their order.
    ///
    /// - Complexity: O(length + n log n).
    package static func list(_ ranges: [Range<Int>], in text: String) -> [TextRange] {
        var scalars: [Int: Int] = [:]
        var (position, count) = (0, 0)
        var rest = text.utf8[...]
        for offset in Set(ranges.flatMap { [$0.lowerBound, $0.upperBound] }).sorted() {
            let part = rest.prefix(offset - position)
            count += part.reduce(0) { $0 + (isScalarStart($1) ? 1 : 0) }
            rest = rest[part.endIndex...]
            position = offset
            scalars[offset] = count
        }
        return ranges.map { range in
            TextRange(bytes: range, scalars: (scalars[range.lowerBound] ?? 0)..<(scalars[range.upperBound] ?? 0))
        }
    }
}

/// Whether a byte of UTF-8 begins a scalar.
@inline(__always)
func isScalarStart(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }

/// `start` and `end` count Unicode scalars, `byte_start` and `byte_end` bytes of UTF-8.
extension TextRange: Encodable {
    enum CodingKeys: String, CodingKey {
        case start, end
        case byteStart = "byte_start"
        case byteEnd = "byte_end"
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(scalars.lowerBound, forKey: .start)
        try values.encode(scalars.upperBound, forKey: .end)
        try values.encode(bytes.lowerBound, forKey: .byteStart)
        try values.encode(bytes.upperBound, forKey: .byteEnd)
    }
}
