/// Up to 128 numbers of as many bits as the largest needs, to be read four at a time.
///
/// The numbers are rows of four. Number `row` of a column has the bits from `row * width` on of the column's words, of which
/// four, one of each column, are stored side by side: the layout of SIMD-BP128 (Lemire and Boytsov, 2015).
enum PackedNumbers {
    static let capacity = 128

    /// The bits of the largest number.
    static func width(of numbers: some Sequence<UInt32>) -> Int {
        UInt32.bitWidth - numbers.reduce(0, |).leadingZeroBitCount
    }

    /// The bytes of `count` numbers.
    static func byteCount(_ count: Int, width: Int) -> Int { ((count + 3) / 4 * width + 31) / 32 * 16 }

    static func append(_ numbers: [UInt32], width: Int, to bytes: inout [UInt8]) {
        var words = [UInt32](repeating: 0, count: byteCount(numbers.count, width: width) / 4)
        for (index, number) in numbers.enumerated() where width > 0 {
            let (row, column) = index.quotientAndRemainder(dividingBy: 4)
            let (word, shift) = (row * width).quotientAndRemainder(dividingBy: 32)
            words[4 * word + column] |= number &<< UInt32(shift)
            if shift + width > 32 { words[4 * word + 4 + column] |= number >> UInt32(32 - shift) }
        }
        words.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Reads `count` numbers, rounded up to rows of four, of a width up to 32.
    ///
    /// - Parameter source: `byteCount` bytes.
    /// - Parameter numbers: 128 of them.
    @inline(__always)
    static func read(
        _ source: UnsafeRawPointer, count: Int, width: Int, into numbers: UnsafeMutablePointer<UInt32>
    ) {
        let rows = (count + 3) / 4
        guard width > 0 else { return numbers.update(repeating: 0, count: 4 * rows) }
        let target = UnsafeMutableRawPointer(numbers)
        let mask = SIMD4<UInt32>(repeating: .max >> UInt32(32 - width))
        var (next, shift) = (0, 0)
        var words = SIMD4<UInt32>()
        for row in 0..<rows {
            if shift == 0 {
                words = source.loadUnaligned(fromByteOffset: next, as: SIMD4<UInt32>.self)
                next += 16
            }
            var four = words &>> SIMD4(repeating: UInt32(truncatingIfNeeded: shift))
            shift += width
            if shift > 32 {
                words = source.loadUnaligned(fromByteOffset: next, as: SIMD4<UInt32>.self)
                next += 16
                shift -= 32
                four |= words &<< SIMD4(repeating: UInt32(truncatingIfNeeded: width - shift))
            } else if shift == 32 {
                shift = 0
            }
            target.storeBytes(of: four & mask, toByteOffset: 16 * row, as: SIMD4<UInt32>.self)
        }
    }

    /// Turns gaps into the numbers that they lead to: each is the one before, plus the gap, plus 1.
    ///
    /// - Parameter first: what the first number is without a gap. Sums wrap around.
    @inline(__always)
    static func addUp(_ gaps: UnsafeMutablePointer<UInt32>, count: Int, from first: UInt32) {
        let numbers = UnsafeMutableRawPointer(gaps)
        var before = SIMD4<UInt32>(repeating: first &- 1)
        let steps = SIMD4<UInt32>(1, 2, 3, 4)
        for row in 0..<(count + 3) / 4 {
            var four = numbers.loadUnaligned(fromByteOffset: 16 * row, as: SIMD4<UInt32>.self)
            four &+= SIMD4(0, four.x, four.y, four.z)
            four &+= SIMD4(0, 0, four.x, four.y)
            four &+= before &+ steps
            before = SIMD4(repeating: four.w)
            numbers.storeBytes(of: four, toByteOffset: 16 * row, as: SIMD4<UInt32>.self)
        }
    }
}
