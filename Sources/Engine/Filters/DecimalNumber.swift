/// A decimal number of any size, compared exactly: 1234567890123456789 is not 1234567890123456788, which a `Double` takes
/// for the same.
struct DecimalNumber: Hashable, Comparable, Sendable {
    private let isNegative: Bool
    /// The value is 0.DIGITS times ten to the power of `exponent`; no zero begins or ends the digits. Zero has none.
    private let digits: [UInt8]
    private let exponent: Int

    /// Reads a number as JSON spells it: no sign but a minus, no leading zeros. "00501" and "1.2.3" are not numbers.
    init?(_ text: String) {
        var text = text
        guard let number = text.withUTF8({ Self($0) }) else { return nil }
        self = number
    }

    private init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        var position = 0
        func byte() -> UInt8? { position < bytes.count ? bytes[position] : nil }
        func number(into digits: inout [UInt8]) -> Int {
            let start = position
            while let digit = byte(), digit &- 0x30 < 10 {
                digits.append(digit &- 0x30)
                position += 1
            }
            return position - start
        }
        var digits: [UInt8] = []
        let isNegative = byte() == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let whole = number(into: &digits)
        guard whole > 0, whole == 1 || digits[0] != 0 else { return nil }
        if byte() == UInt8(ascii: ".") {
            position += 1
            guard number(into: &digits) > 0 else { return nil }
        }
        var exponent = whole
        if byte() == UInt8(ascii: "e") || byte() == UInt8(ascii: "E") {
            position += 1
            let sign = byte() == UInt8(ascii: "-") ? -1 : 1
            if byte() == UInt8(ascii: "-") || byte() == UInt8(ascii: "+") { position += 1 }
            var power: [UInt8] = []
            // Nine digits cannot overflow.
            guard (1...9).contains(number(into: &power)) else { return nil }
            exponent += sign * power.reduce(0) { $0 * 10 + Int($1) }
        }
        guard position == bytes.count else { return nil }
        let leading = digits.prefix { $0 == 0 }.count
        digits.removeFirst(leading)
        while digits.last == 0 { digits.removeLast() }
        self.isNegative = isNegative && !digits.isEmpty
        self.exponent = digits.isEmpty ? 0 : exponent - leading
        self.digits = digits
    }

    static func < (a: DecimalNumber, b: DecimalNumber) -> Bool {
        if a.isNegative != b.isNegative { return a.isNegative }
        return a.isNegative ? b.isSmallerInSize(than: a) : a.isSmallerInSize(than: b)
    }

    private func isSmallerInSize(than other: DecimalNumber) -> Bool {
        if digits.isEmpty || other.digits.isEmpty { return digits.isEmpty && !other.digits.isEmpty }
        if exponent != other.exponent { return exponent < other.exponent }
        return digits.lexicographicallyPrecedes(other.digits)
    }
}
