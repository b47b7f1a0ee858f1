/// The Unicode properties that tokenizers ask for, packed in 16 bits a scalar.
struct ScalarProperties: Sendable {
    /// Bits 0-4: the general category. Bit 5: White_Space. Bit 6: `\w` (UTS 18). Bits 7-10: as the
    /// reference sees them, BERT's punctuation, control characters and accents, and what StripAccents strips.
    let bits: UInt16

    @inline(__always)
    var categoryBit: UInt32 { 1 << UInt32(bits & 31) }
    @inline(__always)
    var isWhitespace: Bool { bits & 32 != 0 }
    @inline(__always)
    var isWord: Bool { bits & 64 != 0 }
    /// General category P, or ASCII that is neither letter, digit, space nor control.
    @inline(__always)
    var isPunctuation: Bool { bits & 128 != 0 }
    /// False for tab, line feed and carriage return.
    @inline(__always)
    var isControl: Bool { bits & 256 != 0 }
    @inline(__always)
    var isAccent: Bool { bits & 512 != 0 }
    @inline(__always)
    var isMark: Bool { bits & 1024 != 0 }
    @inline(__always)
    var isNumeric: Bool { categoryBit & Category.number != 0 }

    /// Sets of general categories as bit masks.
    enum Category {
        static let names: [(name: String, category: Unicode.GeneralCategory)] = [
            ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter), ("Lm", .modifierLetter),
            ("Lo", .otherLetter), ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
            ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
            ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation),
            ("Pi", .initialPunctuation), ("Pf", .finalPunctuation), ("Po", .otherPunctuation), ("Sm", .mathSymbol),
            ("Sc", .currencySymbol), ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator),
            ("Zl", .lineSeparator), ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format),
            ("Cs", .surrogate), ("Co", .privateUse), ("Cn", .unassigned),
        ]
        static let mark: UInt32 = 0b111 << 5
        static let number: UInt32 = 0b111 << 8
        static let decimalNumber: UInt32 = 1 << 8
        static let connector: UInt32 = 1 << 11
        static let punctuation: UInt32 = 0b111_1111 << 11

        /// The mask of `L`, `Lu`, `Letter`, …; nil for a name that is no general category.
        static func mask(named name: String) -> UInt32? {
            let long = [
                "Letter": "L", "Mark": "M", "Number": "N", "Punctuation": "P", "Punct": "P", "Symbol": "S",
                "Separator": "Z", "Other": "C",
            ]
            let short = long[name] ?? name
            var mask: UInt32 = 0
            for (index, entry) in names.enumerated() where entry.name == short || entry.name.prefix(1) == short {
                mask |= 1 << UInt32(index)
            }
            return mask == 0 ? nil : mask
        }

        static func index(_ category: Unicode.GeneralCategory) -> UInt16 {
            UInt16(names.firstIndex { $0.category == category } ?? 29)
        }
    }

    /// Scalars of one or two bytes in UTF-8, which is all that most processes ever ask for.
    private static let shortTable = table(0..<0x800)
    /// Scalars below 2^16; the rest is asked of the standard library each time.
    private static let longTable = table(0..<0x10000)

    private static func table(_ scalars: Range<UInt32>) -> [UInt16] {
        var indexes: [Unicode.GeneralCategory: UInt16] = [:]
        for (index, entry) in Category.names.enumerated() { indexes[entry.category] = UInt16(index) }
        return scalars.map { compute($0, indexes) }
    }

    private static func compute(_ value: UInt32, _ indexes: [Unicode.GeneralCategory: UInt16]?) -> UInt16 {
        guard let scalar = Unicode.Scalar(value) else { return 27 }
        let properties = scalar.properties
        let index = indexes?[properties.generalCategory] ?? Category.index(properties.generalCategory)
        let bit: UInt32 = 1 << UInt32(index)
        var bits = index
        if properties.isWhitespace { bits |= 32 }
        if properties.isAlphabetic || properties.isJoinControl
            || bit & (Category.mark | Category.decimalNumber | Category.connector) != 0
        {
            bits |= 64
        }
        if value < 0x80 {
            let isPunctuation =
                (33...47).contains(value) || (58...64).contains(value) || (91...96).contains(value)
                || (123...126).contains(value)
            if isPunctuation { bits |= 128 }
            if index == 25, value != 0x09, value != 0x0A, value != 0x0D { bits |= 256 }
            return bits
        }
        for (set, ranges) in reference.enumerated() where contains(ranges, value) { bits |= 128 << UInt16(set) }
        return bits
    }

    private static let reference = [
        ReferenceRanges.punctuation, ReferenceRanges.control, ReferenceRanges.nonspacing, ReferenceRanges.marks,
    ].map { (text: String) -> [ClosedRange<UInt32>] in
        text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map { entry in
            let ends = entry.split(separator: "-").map { UInt32($0, radix: 16) ?? 0 }
            return ends[0]...(ends.last ?? ends[0])
        }
    }

    /// By binary search.
    private static func contains(_ ranges: [ClosedRange<UInt32>], _ value: UInt32) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(value)
    }

    @inline(__always)
    static func of(_ scalar: UInt32) -> ScalarProperties {
        if scalar < 0x800 { return ScalarProperties(bits: shortTable[Int(scalar)]) }
        return ScalarProperties(bits: scalar < 0x10000 ? longTable[Int(scalar)] : compute(scalar, nil))
    }
}
