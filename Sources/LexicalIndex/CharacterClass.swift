/// What a character means to the segmentation of words (Unicode Standard Annex 29, word boundary rules).
enum CharacterClass: UInt8 {
    /// Separates words.
    case other
    case letter
    case digit
    /// Joins letters, such as the colon.
    case midLetter
    /// Joins digits, such as the comma.
    case midNumber
    /// Joins letters or digits, such as the apostrophe and the full stop.
    case midBoth
    /// Joins anything, such as the low line.
    case connector
    /// A combining mark: goes with the character before it.
    case mark
    /// An invisible formatting character, such as the soft hyphen: goes with the character before it and is dropped.
    case format
    /// A word by itself: Han and Hiragana are written without spaces.
    case single
    case katakana

    init(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x27, 0x2E, 0x2018, 0x2019, 0x2024, 0xFE52, 0xFF07, 0xFF0E: self = .midBoth
        case 0x3A, 0xB7, 0x0387, 0x055F, 0x05F4, 0x2027, 0xFE13, 0xFE55, 0xFF1A: self = .midLetter
        case 0x2C, 0x3B, 0x037E, 0x0589, 0x060C, 0x060D, 0x066C, 0x07F8, 0x2044, 0xFE10, 0xFE14, 0xFE50, 0xFE54, 0xFF0C,
            0xFF1B:
            self = .midNumber
        case 0x200B: self = .other
        case 0x3041...0x309F: self = .single
        case 0x30A1...0x30FA, 0x30FC...0x30FF, 0x31F0...0x31FF, 0x32D0...0x32FE, 0x3300...0x3357, 0xFF66...0xFF9F:
            self = .katakana
        default: self.init(byCategoryOf: scalar)
        }
    }

    private init(byCategoryOf scalar: Unicode.Scalar) {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: self = .mark
        case .format: self = .format
        case .decimalNumber: self = .digit
        case .connectorPunctuation: self = .connector
        case _ where scalar.properties.isIdeographic: self = .single
        case _ where scalar.properties.isAlphabetic: self = .letter
        default: self = .other
        }
    }
}

/// The class and the small letter of characters, looked up once for each character of the basic plane.
struct CharacterTable {
    /// `known | class << 24 | small letter`, 0 for what was not looked up yet.
    private var entries = [UInt32](repeating: 0, count: 0x1_0000)

    init() {
        for value: UInt32 in 0..<128 { _ = self[value] }
    }

    /// The entry of a scalar value: its class and its simple lower-case mapping.
    subscript(value: UInt32) -> Entry {
        mutating get {
            if value < 0x1_0000 {
                let known = entries[Int(value)]
                if known != 0 { return Entry(bits: known) }
            }
            let entry = Entry(value)
            if value < 0x1_0000 { entries[Int(value)] = entry.bits }
            return entry
        }
    }

    struct Entry {
        let bits: UInt32

        init(bits: UInt32) { self.bits = bits }

        init(_ value: UInt32) {
            guard let scalar = Unicode.Scalar(value) else {
                bits = 1 << 31
                return
            }
            // One character stays one character: of a longer mapping (that of the Turkish dotted I) the first counts.
            let small = scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar
            bits = 1 << 31 | UInt32(CharacterClass(scalar).rawValue) << 24 | small.value
        }

        var characterClass: CharacterClass { CharacterClass(rawValue: UInt8(bits >> 24 & 0x7F)) ?? .other }
        var small: UInt32 { bits & 0xFF_FFFF }
    }
}
