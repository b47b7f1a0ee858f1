internal import Foundation
internal import TrawlCore

/// Writes a safetensors file (format: see `Safetensors`).
public struct SafetensorsWriter {
    /// How numbers are stored.
    public enum Storage: String, Codable, Sendable {
        case f32, f16

        fileprivate var type: ElementType { self == .f32 ? .f32 : .f16 }
        fileprivate var size: Int { self == .f32 ? 4 : 2 }
    }

    private struct Entry {
        let name: String
        let shape: [Int]
        let storage: Storage
        /// The values of a range.
        let values: (Range<Int>) -> [Float]

        var count: Int { shape.reduce(1, *) }
    }

    /// How many values are in memory at a time, of tensors that are given in parts: whole blocks of every element type.
    private static let part = 1 << 20

    private var entries: [Entry] = []
    /// Texts beside the tensors.
    public var metadata: [String: String] = [:]

    public init() {}

    /// - Parameter values: As many as the shape's extents multiply to, row-major.
    public mutating func add(_ name: String, shape: [Int], _ values: [Float], as storage: Storage = .f32) {
        precondition(shape.reduce(1, *) == values.count)
        entries.append(Entry(name: name, shape: shape, storage: storage) { Array(values[$0]) })
    }

    /// Adds a tensor that need not be in memory.
    ///
    /// - Parameter values: The values of a range; asked for in order, when the file is written.
    package mutating func add(
        _ name: String, shape: [Int], as storage: Storage, values: @escaping (Range<Int>) -> [Float]
    ) {
        entries.append(Entry(name: name, shape: shape, storage: storage, values: values))
    }

    /// Writes the file, which is whole or not there: it gets its name when all of it is on the disk.
    ///
    /// - Throws: `TrawlError.io` or `.full`; `.incompatible` for a value that is not finite; half precision takes
    ///   its greatest for what is beyond it.
    public func write(to path: String) throws {
        let header = try header()
        try OutputFile(path).write { sink throws(TrawlError) in
            try sink.append(header)
            for entry in entries {
                for start in stride(from: 0, to: entry.count, by: Self.part) {
                    try sink.append(bytes(of: entry, start..<min(start + Self.part, entry.count), path: path))
                }
            }
        }
    }

    private func header() throws -> [UInt8] {
        var members: [String: Any] = [:]
        if !metadata.isEmpty { members["__metadata__"] = metadata }
        var offset = 0
        for entry in entries {
            let size = entry.count * entry.storage.size
            members[entry.name] = [
                "dtype": entry.storage.type.rawValue, "shape": entry.shape, "data_offsets": [offset, offset + size],
            ]
            offset += size
        }
        var json = try JSONSerialization.data(withJSONObject: members, options: [.sortedKeys, .withoutEscapingSlashes])
        // The data begins on a multiple of 64 bytes, where it can be read in place.
        while (json.count + 8) % 64 != 0 { json.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }

    private func bytes(of entry: Entry, _ range: Range<Int>, path: String) throws(TrawlError) -> [UInt8] {
        let values = entry.values(range)
        precondition(values.count == range.count)
        guard values.allSatisfy(\.isFinite) else {
            throw TrawlError(
                .incompatible, "the tensor '\(entry.name)' has values that are not finite", path: path,
                remedy: "train with a lower learning rate")
        }
        switch entry.storage {
        case .f32: return values.withUnsafeBytes { Array($0) }
        case .f16:
            let halves = values.map { HalfPrecision.bits(of: $0) }
            return halves.withUnsafeBytes { Array($0) }
        }
    }
}

/// IEEE 754 half precision.
enum HalfPrecision {
    /// The nearest half, ties to even; beyond the greatest finite one, that.
    static func bits(of value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        let magnitude = bits & 0x7FFF_FFFF
        if magnitude >= 0x477F_F000 { return sign | 0x7BFF }
        if magnitude < 0x3880_0000 {
            // Below 2^-14 halves are multiples of 2^-24.
            let rounded = (Float(bitPattern: magnitude) * 16_777_216).rounded(.toNearestOrEven)
            return sign | UInt16(rounded)
        }
        let rounded = magnitude &+ 0xFFF &+ ((magnitude >> 13) & 1)
        return sign | UInt16(truncatingIfNeeded: (rounded &- 0x3800_0000) >> 13)
    }
}
