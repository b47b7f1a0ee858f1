/// A set of Unicode scalars: a bit map for ASCII and a list of conditions for the rest.
struct ScalarSet: Sendable {
    enum Item: Sendable {
        case range(UInt32, UInt32)
        /// General categories as a mask, see `ScalarProperties.Category`.
        case categories(UInt32)
        case whitespace
        case word
        case set(ScalarSet)
    }

    private var low: UInt64 = 0
    private var high: UInt64 = 0
    private let items: [(item: Item, isNegated: Bool)]
    let isNegated: Bool

    init(_ items: [(item: Item, isNegated: Bool)], isNegated: Bool = false) {
        self.items = items
        self.isNegated = isNegated
        for scalar in UInt32(0)..<128 where slowContains(scalar) {
            if scalar < 64 { low |= 1 << UInt64(scalar) } else { high |= 1 << UInt64(scalar - 64) }
        }
    }

    static func scalar(_ scalar: UInt32) -> ScalarSet { ScalarSet([(.range(scalar, scalar), false)]) }

    @inline(__always)
    func contains(_ scalar: UInt32) -> Bool {
        if scalar < 64 { return low >> UInt64(scalar) & 1 != 0 }
        if scalar < 128 { return high >> UInt64(scalar - 64) & 1 != 0 }
        return slowContains(scalar)
    }

    private func slowContains(_ scalar: UInt32) -> Bool {
        let properties = ScalarProperties.of(scalar)
        for (item, isItemNegated) in items {
            let isIn =
                switch item {
                case .range(let first, let last): scalar >= first && scalar <= last
                case .categories(let mask): properties.categoryBit & mask != 0
                case .whitespace: properties.isWhitespace
                case .word: properties.isWord
                case .set(let set): set.contains(scalar)
                }
            if isIn != isItemNegated { return !isNegated }
        }
        return isNegated
    }

    /// The bytes that a scalar of this set may start with; all above ASCII are taken to be possible.
    var firstBytes: ByteMask { ByteMask(low, high, .max, .max) }
}

/// A set of bytes.
struct ByteMask: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    init(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) { words = (a, b, c, d) }

    static var none: ByteMask { ByteMask(0, 0, 0, 0) }

    mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    func union(_ other: ByteMask) -> ByteMask {
        ByteMask(
            words.0 | other.words.0, words.1 | other.words.1, words.2 | other.words.2, words.3 | other.words.3)
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 128 ? (byte < 64 ? words.0 : words.1) : (byte < 192 ? words.2 : words.3)
        return word >> UInt64(byte & 63) & 1 != 0
    }
}
