/// A word as passages count them, and what may end after it.
struct TextUnit {
    /// What ends after the word, from the weakest.
    enum End: UInt8, Comparable {
        case word, line, sentence, paragraph
        static func < (a: End, b: End) -> Bool { a.rawValue < b.rawValue }
    }

    var range: Range<Int>
    var end: End
}

/// Cuts a text into words and marks where sentences end, in one pass and without a language's dictionary.
///
/// A word is a run without white space. In scripts that write no spaces (Han, kana, Thai, Lao, Khmer, Burmese) every
/// character is a word, with the marks and the punctuation that follow it; an opening bracket goes with what comes
/// next. Korean has spaces and so has words.
///
/// A sentence ends after `. ! ? …` with closing quotes or brackets behind it before white space, unless a lower-case
/// letter follows; a point does not count after a single letter, a word with points inside (`U.S.`), a number of one or
/// two digits (`3. Oktober`) or a known abbreviation. `。！？` and their kin end one anywhere, as do a blank line, which
/// ends a paragraph too, and the end of the text. Missing an end only moves a cut, so doubt is decided against an end.
struct TextUnitScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var units: [TextUnit] = []
    private var start: Int?
    private var previousIsSpaceless = false
    private var previousOpens = false
    /// What the last scalar of the open word that is no closing mark says.
    private var terminator = Terminator.none
    private var contentEnd = 0

    private enum Terminator { case none, point, mark, absolute }

    static func units(of text: String) -> [TextUnit] {
        var text = text
        return text.withUTF8 { bytes in
            var scanner = TextUnitScanner(bytes: bytes)
            scanner.scan()
            return scanner.units
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        units.reserveCapacity(bytes.count / 5)
    }

    private mutating func scan() {
        var position = 0
        while position < bytes.count {
            let scalarStart = position
            let scalar = decodeScalar(bytes, &position)
            let kind = ScalarKind(scalar)
            if kind == .space || kind == .newline {
                closeUnit(at: scalarStart)
                skipSpace(from: scalarStart, to: &position)
                continue
            }
            if start != nil, beginsWord(kind) { closeUnit(at: scalarStart) }
            if start == nil { start = scalarStart }
            note(kind, endingAt: position)
        }
        closeUnit(at: bytes.count)
        if let last = units.indices.last { units[last].end = .paragraph }
    }

    private func beginsWord(_ kind: ScalarKind) -> Bool {
        if previousOpens { return false }
        switch kind {
        case .spaceless: return true
        case .opening, .word: return previousIsSpaceless
        default: return false
        }
    }

    private mutating func note(_ kind: ScalarKind, endingAt position: Int) {
        switch kind {
        case .point: terminator = .point
        case .mark: terminator = .mark
        case .absolute: terminator = .absolute
        case .closing, .combining: return
        default: terminator = .none
        }
        contentEnd = position
        previousOpens = kind == .opening
        previousIsSpaceless = kind == .spaceless || (previousIsSpaceless && kind != .word)
    }

    private mutating func closeUnit(at end: Int) {
        guard let start else { return }
        var unit = TextUnit(range: start..<end, end: .word)
        switch terminator {
        case .none: break
        case .absolute: unit.end = .sentence
        case .mark: if !lowercaseFollows(end) { unit.end = .sentence }
        case .point:
            let content = UnsafeBufferPointer(rebasing: bytes[start..<contentEnd - 1])
            if !isAbbreviation(content, endingAt: end), !lowercaseFollows(end) { unit.end = .sentence }
        }
        units.append(unit)
        self.start = nil
        terminator = .none
        previousOpens = false
        previousIsSpaceless = false
    }

    /// Marks the last word by the newlines in the white space that follows it.
    private mutating func skipSpace(from first: Int, to position: inout Int) {
        var newlines = 0
        position = first
        while position < bytes.count {
            var next = position
            let kind = ScalarKind(decodeScalar(bytes, &next))
            if kind == .newline { newlines += 1 } else if kind != .space { break }
            position = next
        }
        guard newlines > 0, let last = units.indices.last else { return }
        units[last].end = max(units[last].end, newlines > 1 ? .paragraph : .line)
    }

    /// True when the next word begins with a lower-case letter. The word must be closed by white space.
    private func lowercaseFollows(_ position: Int) -> Bool {
        var position = position
        while position < bytes.count {
            let scalar = decodeScalar(bytes, &position)
            if scalar < 0x80 {
                if UInt8(scalar) &- 0x61 < 26 { return true }
                if scalar == 0x20 || scalar == 0x09 || scalar == 0x0A || scalar == 0x22 || scalar == 0x28 { continue }
                return false
            }
            return Unicode.Scalar(scalar)?.properties.isLowercase ?? false
        }
        return false
    }

    private func digitFollows(_ position: Int) -> Bool {
        let next = bytes[position...].first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A }
        return next.map { $0 &- 0x30 < 10 } ?? false
    }

    private func isAbbreviation(_ word: UnsafeBufferPointer<UInt8>, endingAt end: Int) -> Bool {
        var word = word[...]
        while let first = word.first, first == 0x28 || first == 0x5B || first == 0x22 { word = word.dropFirst() }
        if word.isEmpty { return false }
        if word.allSatisfy({ $0 &- 0x30 < 10 }) { return word.count <= 2 }
        // The points of an ellipsis abbreviate nothing.
        if word.last == 0x2E { return false }
        // "U.S", "e.g", but not "3.5".
        if let point = word.firstIndex(of: 0x2E) {
            return word[..<point].last.map { ($0 | 0x20) &- 0x61 < 26 } ?? false
        }
        var scalarCount = 0
        for byte in word where byte & 0xC0 != 0x80 { scalarCount += 1 }
        if scalarCount == 1 { return true }
        guard word.count <= 6 else { return false }
        let lowercased = String(decoding: word, as: UTF8.self).lowercased()
        return Self.abbreviations.contains(lowercased)
            || (Self.abbreviationsBeforeNumbers.contains(lowercased) && digitFollows(end))
    }

    /// Those that stand before a capital letter, in the languages that Trawl stems most.
    private static let abbreviations: Set<String> = [
        "mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "gen", "col", "sgt", "capt", "lt", "rev", "hon", "gov",
        "sen",
        "rep", "pres", "mt", "cf", "vs", "al", "approx", "ca", "dept", "univ", "mme", "mlle", "bzw", "hr", "hrsg",
        "vgl",
        "sra", "dra", "ud", "uds", "dott", "spp", "subsp", "var",
    ]

    /// Those that abbreviate only before a number; elsewhere many of them are words.
    private static let abbreviationsBeforeNumbers: Set<String> = [
        "no", "nos", "nr", "núm", "vol", "vols", "fig", "figs", "eq", "eqs", "sec", "secs", "ch", "art", "pp", "pág",
        "ed", "bd", "av", "str", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec",
    ]
}

/// What a scalar is to the cutting of text.
private enum ScalarKind {
    case space, newline, word, spaceless, combining, opening, closing, point, mark, absolute, other

    init(_ scalar: UInt32) {
        self = scalar < 0x80 ? Self.ascii(UInt8(scalar)) : Self.beyondASCII(scalar)
    }

    private static func ascii(_ byte: UInt8) -> ScalarKind {
        switch byte {
        case 0x20, 0x09, 0x0B, 0x0C, 0x0D: .space
        case 0x0A: .newline
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            .word
        case UInt8(ascii: "."): .point
        case UInt8(ascii: "!"), UInt8(ascii: "?"): .mark
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): .opening
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "\""), UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "_"):
            .closing
        default: .other
        }
    }

    private static func beyondASCII(_ scalar: UInt32) -> ScalarKind {
        switch scalar {
        case 0x2026, 0x061F, 0x203C, 0x2047...0x2049: return .mark
        // The full stops of East Asia, India, Arabic, Ethiopia, Armenia, Tibet and Burma.
        case 0x3002, 0xFF01, 0xFF0E, 0xFF1F, 0xFF61, 0x0964, 0x0965, 0x06D4, 0x1362, 0x1367, 0x0589, 0x104B:
            return .absolute
        case 0x3005...0x3007, 0x3041...0x3096, 0x309D...0x309F, 0x30A1...0x30FA, 0x30FC...0x30FF, 0x3105...0x312F,
            0x31A0...0x31BF, 0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0xFF66...0xFF9D,
            0x20000...0x3FFFF:
            return .spaceless
        default: break
        }
        guard let properties = Unicode.Scalar(scalar)?.properties else { return .other }
        if properties.isWhitespace { return [0x2029, 0x2028, 0x85].contains(scalar) ? .newline : .space }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .format: return .combining
        case .openPunctuation, .initialPunctuation: return .opening
        case .closePunctuation, .finalPunctuation: return .closing
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .decimalNumber, .letterNumber,
            .otherNumber:
            return .word
        case .otherLetter:
            // Thai, Lao; Burmese; Khmer.
            return 0x0E00...0x0EFF ~= scalar || 0x1000...0x109F ~= scalar || 0x1780...0x17FF ~= scalar
                ? .spaceless : .word
        default: return .other
        }
    }
}
