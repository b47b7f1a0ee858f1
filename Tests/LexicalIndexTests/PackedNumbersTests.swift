import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlLexicalIndex

@Suite struct PackedNumbersTests {
    /// Every width, and counts that end within a row of four.
    @Test func numbersReadBackInEveryWidth() {
        var random = SplitMix64(seed: 1)
        for width in 0...32 {
            for count in [1, 2, 3, 4, 5, 31, 64, 127, 128] {
                var numbers = (0..<count).map { _ in
                    width == 0 ? 0 : UInt32(truncatingIfNeeded: random.next()) >> UInt32(32 - width)
                }
                if width > 0 { numbers[count / 2] = .max >> UInt32(32 - width) }
                #expect(PackedNumbers.width(of: numbers) == width)
                var bytes: [UInt8] = [7]
                PackedNumbers.append(numbers, width: width, to: &bytes)
                #expect(bytes.count == 1 + PackedNumbers.byteCount(count, width: width))
                #expect(Self.read(bytes, count, width) == numbers)
            }
        }
    }

    @Test func gapsAddUp() {
        var random = SplitMix64(seed: 2)
        for count in [1, 5, 128] {
            let gaps = (0..<count).map { _ in UInt32(random.below(1000)) }
            var expected: [UInt32] = []
            var next: UInt32 = 77
            for gap in gaps {
                expected.append(next + gap)
                next += gap + 1
            }
            var numbers = gaps + [UInt32](repeating: 0, count: 128 - count)
            numbers.withUnsafeMutableBufferPointer { buffer in
                if let start = buffer.baseAddress { PackedNumbers.addUp(start, count: count, from: 77) }
            }
            #expect(Array(numbers.prefix(count)) == expected)
        }
    }

    private static func read(_ bytes: [UInt8], _ count: Int, _ width: Int) -> [UInt32] {
        var numbers = [UInt32](repeating: 9, count: 128)
        // Exactly as long as promised: reading further would be an error of its own.
        Array(bytes.dropFirst()).withUnsafeBytes { source in
            numbers.withUnsafeMutableBufferPointer { target in
                guard let start = target.baseAddress else { return }
                // An empty run of bytes has no address, and none of it is read.
                let address = source.baseAddress ?? UnsafeRawPointer(start)
                PackedNumbers.read(address, count: count, width: width, into: start)
            }
        }
        return Array(numbers.prefix(count))
    }
}
