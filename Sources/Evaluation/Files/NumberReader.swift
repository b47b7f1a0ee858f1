import Glibc

/// Numbers as files have them, read from bytes.
enum NumberReader {
    /// Powers of ten that are exact in double precision.
    private static let powers: [Double] = (0...22).map { pow(10, Double($0)) }

    /// A decimal fraction, also in scientific notation, or an infinity; nil for anything else, `nan` and hexadecimal
    /// numbers included. Correctly rounded.
    ///
    /// When the digits are a whole number below 2^53 and the power of ten is exact, one multiplication or division is
    /// (Clinger, 1990); anything longer is left to the standard library.
    static func double(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        var position = 0
        var isNegative = false
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            position = 1
        }
        var (digits, exponent, value) = (0, 0, UInt64(0))
        func skipDigits(_ pointStep: Int) {
            while position < text.count {
                let digit = text[position] &- 0x30
                guard digit < 10 else { return }
                // Beyond 19 digits the value does not fit; the slow way reads those.
                if value < 1_000_000_000_000_000_000 {
                    value = value &* 10 &+ UInt64(digit)
                    exponent -= pointStep
                } else {
                    value = .max
                }
                digits += 1
                position += 1
            }
        }
        skipDigits(0)
        if position < text.count, text[position] == UInt8(ascii: ".") {
            position += 1
            skipDigits(1)
        }
        guard digits > 0 else { return infinity(text) }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            guard let power = whole(.init(rebasing: text[(position + 1)...])) else { return nil }
            exponent += max(-100_000, min(100_000, power))
            position = text.count
        }
        guard position == text.count else { return nil }
        guard value <= 1 << 53, exponent.magnitude <= 22 else { return slowly(text) }
        let power = powers[Int(exponent.magnitude)]
        let magnitude = exponent < 0 ? Double(value) / power : Double(value) * power
        return isNegative ? -magnitude : magnitude
    }

    /// A whole number with an optional sign; nil for anything else and beyond 18 digits.
    static func whole(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        var position = 0
        var isNegative = false
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            position = 1
        }
        guard position < text.count, text.count - position <= 18 else { return nil }
        var value = 0
        while position < text.count {
            let digit = text[position] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
            position += 1
        }
        return isNegative ? -value : value
    }

    private static func slowly(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        Double(String(decoding: text, as: UTF8.self))
    }

    private static func infinity(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        switch String(decoding: text, as: UTF8.self).lowercased() {
        case "inf", "+inf", "infinity", "+infinity": .infinity
        case "-inf", "-infinity": -.infinity
        default: nil
        }
    }
}
