/// A change of bytes as inputs describe it, in 8 bytes: what is changed (u16, for the target), where (u24, by its share of the bytes),
/// how (u8), with what (u16).
enum ByteChange {
    static func apply(_ change: [Int], to bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let share = change[2] | change[3] << 8 | change[4] << 16
        let place = share * bytes.count >> 24
        let value = change[6] | change[7] << 8
        switch change[5] % 8 {
        case 0: bytes[place] ^= UInt8(1 << (value % 8))
        case 1: bytes[place] = UInt8(value & 0xFF)
        case 2:
            // A field of 4 bytes becomes an edge.
            let edges: [UInt32] = [0, 1, 0x7F, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, .max, .max - 1]
            set(edges[value % edges.count], at: place / 4 * 4, &bytes)
        case 3:
            let edges: [UInt64] = [0, 1, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max, .max - 63]
            set(edges[value % edges.count], at: place / 8 * 8, &bytes)
        case 4:
            let field = place / 4 * 4
            guard field + 4 <= bytes.count else { return }
            let old = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[field + $1]) << UInt32(8 * $1) }
            set(old &+ UInt32(value) &- 0x8000, at: field, &bytes)
        case 5:
            for index in place..<min(bytes.count, place + value % 64) { bytes[index] = change[0] & 1 == 0 ? 0 : 0xFF }
        case 6:
            let count = min(value % 64, bytes.count - place)
            let from = share * (bytes.count - count) >> 24
            for index in 0..<count { bytes[place + index] = bytes[from + index] }
        default:
            // Shorter or longer by a record of what length it may be.
            if value & 1 == 0 {
                bytes.removeLast(min(bytes.count, value >> 1 & 63))
            } else {
                bytes += [UInt8](repeating: UInt8(value >> 8), count: value >> 1 & 63)
            }
        }
    }

    private static func set(_ value: some FixedWidthInteger, at offset: Int, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { new in
            for (index, byte) in new.enumerated() where offset + index < bytes.count { bytes[offset + index] = byte }
        }
    }
}
