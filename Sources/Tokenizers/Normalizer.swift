/// Changes the text before it is cut, keeping account of where each byte came from.
enum Normalizer: Sendable {
    case bert(BertNormalizer)
    case form(NormalizationForm)
    case lowercase
    case stripAccents
    case strip(left: Bool, right: Bool)
    case replace(TextPattern, with: String)
    case prepend(String)
    case charactersMap(CharactersMap)
    /// SentencePiece's "nmt" rules: control characters away, odd spaces to spaces.
    case nmt
    case byteLevel

    func apply(to text: inout AlignedText, _ memo: inout ScalarMemo) {
        if text.bytes.isEmpty { return }
        switch self {
        case .bert(let normalizer): normalizer.apply(to: &text, &memo)
        case .form(let form): form.apply(to: &text)
        case .charactersMap(let map): map.apply(to: &text)
        case .lowercase:
            Normalizer.map(&text) { scalar, writer, position in
                if scalar < 0x80 {
                    writer.append(scalar &- 65 < 26 ? scalar + 32 : scalar, at: position)
                } else {
                    Normalizer.forEachLowercase(scalar) { writer.append($0, at: position) }
                }
            }
        case .stripAccents:
            Normalizer.map(&text) { scalar, writer, position in
                if !ScalarProperties.of(scalar).isMark {
                    writer.append(scalar, at: position)
                }
            }
        case .strip(let left, let right): Normalizer.strip(&text, left, right)
        case .replace(let pattern, let content): Normalizer.replace(&text, pattern, content)
        case .prepend(let prefix):
            text.rewrite { old, writer in
                for scalar in prefix.unicodeScalars { writer.append(scalar.value, at: 0) }
                writer.copy(old, 0..<old.count)
            }
        case .nmt: Normalizer.nmt(&text)
        case .byteLevel:
            text.rewrite { old, writer in
                for index in 0..<old.count { writer.append(ByteAlphabet.scalars[Int(old[index])], at: index) }
            }
        }
    }

    static func forEachLowercase(_ value: UInt32, _ body: (UInt32) -> Void) {
        guard let scalar = Unicode.Scalar(value), scalar.properties.changesWhenLowercased else { return body(value) }
        for lower in scalar.properties.lowercaseMapping.unicodeScalars { body(lower.value) }
    }

    /// Rewrites scalar by scalar; what the body writes stands for the scalar at `position`.
    @inline(__always)
    private static func map(
        _ text: inout AlignedText, _ body: (UInt32, inout AlignedText.Writer, Int) -> Void
    ) {
        text.rewrite { old, writer in
            var position = 0
            while position < old.count {
                let (scalar, width) = UTF8Text.decode(old, position)
                body(scalar, &writer, position)
                position += width
            }
        }
    }

    private static func strip(_ text: inout AlignedText, _ left: Bool, _ right: Bool) {
        text.rewrite { old, writer in
            var start = 0
            var end = old.count
            while left, start < end {
                let (scalar, width) = UTF8Text.decode(old, start)
                guard ScalarProperties.of(scalar).isWhitespace else { break }
                start += width
            }
            while right, end > start {
                let before = UTF8Text.before(old, end, lower: start)
                guard ScalarProperties.of(UTF8Text.decode(old, before).scalar).isWhitespace else { break }
                end = before
            }
            writer.copy(old, start..<end)
        }
    }

    /// The new text stands for the last character of the match.
    private static func replace(_ text: inout AlignedText, _ pattern: TextPattern, _ content: String) {
        var matches: [(Int, Int)] = []
        var stack = RegexStack()
        text.bytes.withUnsafeBufferPointer { bytes in
            pattern.matches(in: bytes, Piece(start: 0, end: bytes.count), &stack) { matches.append(($0, $1)) }
        }
        guard !matches.isEmpty else { return }
        let scalars = content.unicodeScalars.map(\.value)
        text.rewrite { old, writer in
            var done = 0
            for (start, end) in matches {
                writer.copy(old, done..<start)
                for scalar in scalars { writer.append(scalar, after: end) }
                done = end
            }
            writer.copy(old, done..<old.count)
        }
    }

    private static func nmt(_ text: inout AlignedText) {
        map(&text) { scalar, writer, position in
            switch scalar {
            case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
            case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
                writer.append(0x20, at: position)
            default: writer.append(scalar, at: position)
            }
        }
    }
}
