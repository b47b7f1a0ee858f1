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

/// The grades of one query by document. An id with white space is found in either spelling, its own or that of a run.
struct Grades {
    private let own: [DocumentID: Int]
    /// Those of ids with white space, as runs spell them.
    private let encoded: [DocumentID: Int]

    init(_ grades: [DocumentID: Int]) {
        own = grades
        var encoded: [DocumentID: Int] = [:]
        for (document, grade) in grades where RunColumn.needsEncoding(document.rawValue) {
            encoded[DocumentID(RunColumn.text(document.rawValue))] = grade
        }
        self.encoded = encoded
    }

    var values: some Collection<Int> { own.values }

    subscript(_ document: DocumentID) -> Int? {
        if let grade = own[document] ?? encoded[document] { return grade }
        guard RunColumn.needsEncoding(document.rawValue) else { return nil }
        return own[DocumentID(RunColumn.text(document.rawValue))]
    }
}
