import Foundation

/// Makes one of characters that people write in several ways, in two steps.
///
/// Before words are stemmed, apostrophes become straight, and compatible forms the common ones: ligatures, full and half width,
/// mathematical letters. Diacritics are dropped after stemming, because the stemmers of most languages need them, except where
/// the stemmer knows none (English, Indonesian): there, they are dropped before. They are dropped from Latin, Greek and Cyrillic
/// letters as Lucene's ASCIIFoldingFilter does for Latin: å and ä become a, ø and ö become o, æ becomes ae, ß becomes ss. The
/// Cyrillic й, ї and ў are letters of their own and stay. Vowel points of Hebrew and Arabic are dropped, and the forms of the
/// Arabic alef become one. Marks of other scripts are part of their words and stay.
enum CharacterFolding {
    /// The straight apostrophe for characters that are written in its place; nil for others.
    static func apostrophe(_ value: UInt32) -> UInt32? {
        switch value {
        case 0xB4, 0x2B9, 0x2BB, 0x2BC, 0x2018, 0x2019, 0x201B, 0x2032, 0xFF07: 0x27
        default: nil
        }
    }

    /// The small letters of the compatible form of a letter or digit, up to four; nil where it has none that differs.
    static func compatible(_ scalar: Unicode.Scalar, _ characterClass: CharacterClass) -> [UInt32]? {
        switch characterClass {
        case .letter, .digit, .katakana, .paired, .connector, .midBoth, .midLetter, .midNumber: break
        default: return nil
        }
        let form = String(scalar).precomposedStringWithCompatibilityMapping
        guard form.unicodeScalars.first != scalar || form.unicodeScalars.count > 1 else { return nil }
        let small = form.lowercased().unicodeScalars
        guard (1...4).contains(small.count) else { return nil }
        let isWord = small.allSatisfy { $0.properties.isAlphabetic || $0.properties.numericType != nil }
        // The marks of half-width Katakana stand alone.
        guard isWord || small.count == 1 else { return nil }
        return small.map(\.value)
    }

    /// `base` with `mark`, if Unicode has one character for both; else `base`.
    static func composed(_ base: Unicode.Scalar, _ mark: Unicode.Scalar) -> UInt32 {
        var text = String.UnicodeScalarView()
        text.append(base)
        text.append(mark)
        let scalars = String(text).precomposedStringWithCanonicalMapping.unicodeScalars
        return scalars.count == 1 ? (scalars.first ?? base).value : base.value
    }

    /// `scalar` without diacritics, one to three characters; nil where there are none to drop. Empty for a mark that is
    /// dropped itself.
    static func withoutDiacritics(_ scalar: Unicode.Scalar) -> [UInt32]? {
        switch scalar.value {
        case ..<0x80: return nil
        // Combining marks of Latin, Greek and Cyrillic; enclosing marks; points of Hebrew; signs of Arabic vowels.
        case 0x300...0x36F, 0x20D0...0x20FF, 0x591...0x5BD, 0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7, 0x640,
            0x64B...0x652, 0x670:
            return []
        case 0x622, 0x623, 0x625, 0x671: return [0x627]
        case 0x629: return [0x647]
        case 0x649: return [0x64A]
        // The final sigma.
        case 0x3C2: return [0x3C3]
        case 0x439, 0x457, 0x45E: return nil
        case ..<0x250, 0x370..<0x530, 0x1E00..<0x2000, 0x2C60..<0x2C80, 0xA720..<0xA800:
            let parts = String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars.filter {
                !(0x300...0x36F).contains($0.value)
            }
            let bases = parts.flatMap { base(of: $0.value) ?? [$0.value] }
            return bases == [scalar.value] ? nil : bases
        default: return base(of: scalar.value)
        }
    }

    /// The basic letters of Latin letters that have no decomposition.
    private static func base(of value: UInt32) -> [UInt32]? {
        let letters: String
        switch value {
        case 0xE6: letters = "ae"
        case 0x153: letters = "oe"
        case 0xDF, 0x1E9E: letters = "ss"
        case 0xFE: letters = "th"
        case 0xF8, 0x275: letters = "o"
        case 0xF0, 0x111, 0x256, 0x257: letters = "d"
        case 0x142, 0x19A: letters = "l"
        case 0x131, 0x268: letters = "i"
        case 0x237, 0x249: letters = "j"
        case 0x127: letters = "h"
        case 0x167: letters = "t"
        case 0x14B, 0x272: letters = "n"
        case 0x138: letters = "q"
        case 0x180, 0x253: letters = "b"
        case 0x188, 0x23C: letters = "c"
        case 0x1DD, 0x247, 0x259: letters = "e"
        case 0x192: letters = "f"
        case 0x1E5, 0x260: letters = "g"
        case 0x199: letters = "k"
        case 0x1A5: letters = "p"
        case 0x24D: letters = "r"
        case 0x289: letters = "u"
        case 0x1B4, 0x24F: letters = "y"
        case 0x1B6, 0x225: letters = "z"
        default: return nil
        }
        return letters.unicodeScalars.map(\.value)
    }
}

/// Drops the diacritics of words, with the characters that it met so far in a table. For one thread at a time.
final class DiacriticFolder {
    private var known: [UInt32: [UInt8]] = [:]
    private let output: UnsafeMutablePointer<UInt8>
    private let capacity: Int

    /// - Parameter longestWord: in bytes.
    init(longestWord: Int) {
        // No character grows to twice its bytes when it loses its diacritics.
        capacity = 2 * longestWord
        output = .allocate(capacity: capacity)
    }

    deinit { output.deallocate() }

    /// `word` without diacritics; valid until the next call.
    func fold(_ word: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var isASCII = true
        for byte in word where byte >= 0x80 {
            isASCII = false
            break
        }
        if isASCII { return word }
        var (position, count) = (0, 0)
        while position < word.count {
            let start = position
            let value = Analyzer.decode(word, &position)
            if value < 0x80 {
                guard count < capacity else { return word }
                output[count] = UInt8(value)
                count += 1
                continue
            }
            let bytes = form(of: value, word, start..<position)
            guard count + bytes.count <= capacity else { return word }
            for byte in bytes {
                output[count] = byte
                count += 1
            }
        }
        return count > 0 ? UnsafeBufferPointer(start: output, count: count) : word
    }

    private func form(of value: UInt32, _ word: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> [UInt8] {
        if let bytes = known[value] { return bytes }
        var bytes = Array(word[range])
        if let scalar = Unicode.Scalar(value), let folded = CharacterFolding.withoutDiacritics(scalar) {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: folded.compactMap(Unicode.Scalar.init))
            bytes = Array(String(text).utf8)
        }
        known[value] = bytes
        return bytes
    }
}
