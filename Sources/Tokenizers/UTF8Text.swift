/// Decoding of UTF-8 that is known to be valid.
enum UTF8Text {
    /// The number of bytes of the scalar that starts with `first`.
    @inline(__always)
    static func width(_ first: UInt8) -> Int { first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4 }

    /// The scalar at `position` and its number of bytes; bytes past the end count as 0x80.
    @inline(__always)
    static func decode(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> (scalar: UInt32, width: Int) {
        let first = bytes[position]
        if first < 0x80 { return (UInt32(first), 1) }
        let width = min(width(first), bytes.count - position)
        var scalar = UInt32(first) & (0x7F >> UInt32(width))
        for index in 1..<max(width, 1) { scalar = scalar << 6 | UInt32(bytes[position + index] & 0x3F) }
        return (scalar, max(width, 1))
    }

    /// The start of the scalar that ends at `position`, not before `lower`.
    @inline(__always)
    static func before(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int, lower: Int) -> Int {
        var start = position - 1
        while start > lower, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    @inline(__always)
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        if scalar < 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: scalar))
        } else if scalar < 0x800 {
            bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        } else if scalar < 0x10000 {
            bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        } else {
            bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
    }

    @inline(__always)
    static func width(of scalar: UInt32) -> Int {
        scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
    }
}
