/// BERT's clean-up: control characters away, spaces around ideographs, accents away, lower case.
struct BertNormalizer: Sendable {
    var cleansText: Bool
    var separatesIdeographs: Bool
    var stripsAccents: Bool
    var lowercases: Bool

    /// One pass: every step looks at single scalars, once marks that decomposition reorders are stripped.
    func apply(to text: inout AlignedText, _ memo: inout ScalarMemo) {
        text.rewrite { old, writer in
            var position = 0
            while position < old.count {
                let (scalar, width) = UTF8Text.decode(old, position)
                if separatesIdeographs, BertNormalizer.isIdeograph(scalar) {
                    writer.append(0x20, at: position)
                    map(scalar) { writer.append($0, at: position) }
                    writer.append(0x20, at: position)
                } else {
                    var entry = memo[scalar]
                    if entry == ScalarMemo.unknown {
                        entry = lookUp(scalar)
                        memo.remember(scalar, entry)
                    }
                    if entry < ScalarMemo.several {
                        writer.append(entry, at: position)
                    } else if entry == ScalarMemo.several {
                        map(scalar) { writer.append($0, at: position) }
                    }
                }
                position += width
            }
        }
    }

    private func lookUp(_ scalar: UInt32) -> UInt32 {
        var count = 0
        var only: UInt32 = 0
        map(scalar) {
            count += 1
            only = $0
        }
        return count == 0 ? ScalarMemo.nothing : count == 1 ? only : ScalarMemo.several
    }

    private func map(_ scalar: UInt32, _ body: (UInt32) -> Void) {
        var scalar = scalar
        if cleansText {
            let properties = ScalarProperties.of(scalar)
            if scalar == 0x09 || scalar == 0x0A || scalar == 0x0D {
                scalar = 0x20
            } else if properties.isControl {
                return
            } else if properties.isWhitespace {
                scalar = 0x20
            }
        }
        func lowercase(_ scalar: UInt32) {
            if lowercases { Normalizer.forEachLowercase(scalar, body) } else { body(scalar) }
        }
        guard stripsAccents else { return lowercase(scalar) }
        DecompositionTables.forEachCanonical(scalar) { part in
            if !ScalarProperties.of(part).isAccent { lowercase(part) }
        }
    }

    /// The CJK blocks that BERT's authors chose.
    static func isIdeograph(_ scalar: UInt32) -> Bool {
        guard scalar >= 0x3400 else { return false }
        switch scalar {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
            0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            return true
        default: return false
        }
    }
}

/// What a normaliser makes of each scalar below 2^16, filled as they occur.
struct ScalarMemo {
    static let unknown = UInt32.max
    static let nothing = UInt32.max - 1
    static let several = UInt32.max - 2
    private var entries: [UInt32] = []

    @inline(__always)
    subscript(scalar: UInt32) -> UInt32 { Int(scalar) < entries.count ? entries[Int(scalar)] : ScalarMemo.unknown }

    mutating func remember(_ scalar: UInt32, _ entry: UInt32) {
        if entries.isEmpty { entries = [UInt32](repeating: ScalarMemo.unknown, count: 1 << 16) }
        if scalar < 1 << 16 { entries[Int(scalar)] = entry }
    }
}
