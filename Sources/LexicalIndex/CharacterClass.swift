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
    /// A character of a script without spaces between words, which makes pairs with its neighbours.
    case paired
    /// Zero width space: separates words of scripts without spaces, and means nothing in others.
    case zeroWidth
    case emoji
    /// Half of a flag.
    case regional
    /// A tone of skin.
    case emojiModifier

    /// By the first version of the rules.
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

    /// By the second version of the rules.
    init(version2 scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x200B: self = .zeroWidth
        // Variation selectors.
        case 0xFE00...0xFE0F: self = .format
        case 0x1F1E6...0x1F1FF: self = .regional
        case 0x1F3FB...0x1F3FF: self = .emojiModifier
        case 0x3005, 0x1100...0x11FF, 0x3131...0x318E, 0xA960...0xA97C, 0xAC00...0xD7FB: self = .paired
        default:
            let first = CharacterClass(scalar)
            switch first {
            case .single, .katakana: self = .paired
            case .letter where Self.isWrittenWithoutSpaces(scalar.value): self = .paired
            case .other where Self.isEmoji(scalar): self = .emoji
            default: self = first
            }
        }
    }

    /// Thai and Lao, Burmese, Khmer.
    private static func isWrittenWithoutSpaces(_ value: UInt32) -> Bool {
        (0x0E01...0x0EFF).contains(value) || (0x1000...0x109F).contains(value) || (0x1780...0x17FF).contains(value)
    }

    /// Pictures; not the signs of text that have an emoji form, such as © and ↔.
    private static func isEmoji(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        guard properties.isEmoji else { return false }
        return properties.isEmojiPresentation || (0x2600...0x27BF).contains(scalar.value) || scalar.value >= 0x1F000
    }
}
