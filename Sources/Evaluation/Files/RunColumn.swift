import TrawlCore

/// Ids as the columns of a run have them.
enum RunColumn {
    /// `id` with its white space and control characters percent-encoded, so that a line keeps its six columns:
    /// `My first note.txt` is `My%20first%20note.txt`. Everything else stays as it is, also `%`.
    static func text(_ id: String) -> String {
        guard needsEncoding(id) else { return id }
        var text = ""
        for scalar in id.unicodeScalars {
            guard isSpace(scalar) else {
                text.unicodeScalars.append(scalar)
                continue
            }
            for byte in scalar.utf8 { text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16).uppercased() }
        }
        return text
    }

    static func needsEncoding(_ id: String) -> Bool { id.unicodeScalars.contains(where: isSpace) }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80 ? scalar.value <= 0x20 || scalar.value == 0x7F : scalar.properties.isWhitespace
    }
}
