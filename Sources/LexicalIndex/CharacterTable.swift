/// The class and the small letter of characters, looked up once for each character of the basic plane. For one thread at a
/// time.
final class CharacterTable {
    /// `known | expands | class << 24 | small letter`, 0 for what was not looked up yet.
    private let entries: UnsafeMutablePointer<UInt32>
    private let settings: AnalyzerSettings

    init(_ settings: AnalyzerSettings) {
        self.settings = settings
        entries = .allocate(capacity: Self.capacity)
        entries.initialize(repeating: 0, count: Self.capacity)
        for value: UInt32 in 0..<128 { _ = self[value] }
    }

    deinit { entries.deallocate() }

    private static let capacity = 0x1_0000

    /// The entry of a scalar value: its class and its simple lower-case mapping, folded if the settings say so.
    subscript(value: UInt32) -> Entry {
        get {
            if value < Self.capacity {
                let known = entries[Int(value)]
                if known != 0 { return Entry(bits: known) }
            }
            let entry = Entry(value, settings)
            if value < Self.capacity { entries[Int(value)] = entry.bits }
            return entry
        }
    }

    struct Entry {
        let bits: UInt32

        init(bits: UInt32) { self.bits = bits }

        init(_ value: UInt32, _ settings: AnalyzerSettings) {
            guard let scalar = Unicode.Scalar(value) else {
                self.init(bits: 1 << 31)
                return
            }
            if settings.folds, let apostrophe = CharacterFolding.apostrophe(value) {
                self.init(.midBoth, apostrophe)
                return
            }
            let characterClass = settings.version > 1 ? CharacterClass(version2: scalar) : CharacterClass(scalar)
            if settings.folds, value >= 0x80, let form = CharacterFolding.compatible(scalar, characterClass) {
                self.init(characterClass, form.first ?? value, expands: form.count > 1)
                return
            }
            // One character stays one character: of a longer mapping (that of the Turkish dotted I) the first counts.
            let small = scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar
            let special = settings.version > 1 ? Self.special(value, settings.language) : nil
            self.init(characterClass, special ?? small.value)
        }

        private init(_ characterClass: CharacterClass, _ small: UInt32, expands: Bool = false) {
            self.init(bits: 1 << 31 | (expands ? 1 << 30 : 0) | UInt32(characterClass.rawValue) << 24 | small)
        }

        /// Small letters that are peculiar to a language: the Turkish dotless i, and Romanian letters with a comma, which its
        /// stemmer knows with a cedilla.
        private static func special(_ value: UInt32, _ language: String) -> UInt32? {
            switch (language, value) {
            case ("tr", 0x49): 0x131
            case ("ro", 0x218), ("ro", 0x219): 0x15F
            case ("ro", 0x21A), ("ro", 0x21B): 0x163
            default: nil
            }
        }

        var characterClass: CharacterClass { CharacterClass(rawValue: UInt8(bits >> 24 & 0x3F)) ?? .other }
        var small: UInt32 { bits & 0xFF_FFFF }
        /// Whether the character has a compatible form of several characters, of which `small` is the first.
        var expands: Bool { bits >> 30 & 1 == 1 }
    }
}
