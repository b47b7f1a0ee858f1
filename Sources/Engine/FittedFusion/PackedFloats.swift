import Foundation

/// Numbers as JSON keeps them here: their IEEE 754 bytes, little-endian, in Base64. That is exact and short.
struct PackedFloats: Codable, Equatable, Sendable {
    var values: [Float]

    init(_ values: [Float]) { self.values = values }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let bytes = try container.decode(Data.self)
        guard bytes.count.isMultiple(of: 4) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(bytes.count) bytes of numbers")
        }
        values = bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
        guard !values.contains(where: { !$0.isFinite }) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a number is not finite")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var bytes = Data(capacity: 4 * values.count)
        for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}
