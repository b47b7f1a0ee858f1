extension String {
    /// In lower case as Python's `str.lower` writes it: a sigma at the end of a word takes its final form.
    func lowercasedInFull() -> String {
        let lower = lowercased()
        guard unicodeScalars.contains("Σ") else { return lower }
        let own = Array(unicodeScalars)
        var text = String.UnicodeScalarView()
        for (index, scalar) in own.enumerated() {
            guard scalar == "Σ" else {
                text.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
                continue
            }
            let before = own[..<index].last { !$0.properties.isCaseIgnorable }
            let after = own[(index + 1)...].first { !$0.properties.isCaseIgnorable }
            let endsWord = before?.properties.isCased == true && after?.properties.isCased != true
            text.append(endsWord ? "ς" : "σ")
        }
        return String(text)
    }
}

extension Unicode.Scalar {
    /// A letter, a mark or a number: what the tokens of answers are made of.
    var isWordPart: Bool {
        if value < 0x80 { return isASCIILetterOrDigit }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark:
            return true
        default: return false
        }
    }

    /// A letter or a number, as Python's `isalnum` has it: no marks.
    var isLetterOrNumber: Bool {
        if value < 0x80 { return isASCIILetterOrDigit }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber:
            return true
        default: return false
        }
    }

    /// A separator, a control character or the like: what no token is made of.
    var isSeparatorOrControl: Bool {
        if value < 0x80 { return value <= 0x20 || value == 0x7F }
        switch properties.generalCategory {
        case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control, .format, .surrogate, .privateUse,
            .unassigned:
            return true
        default: return false
        }
    }

    var isASCIIPunctuation: Bool {
        switch value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    private var isASCIILetterOrDigit: Bool {
        switch value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    /// White space as Python's `str.split` has it.
    var isPythonSpace: Bool {
        (0x1C...0x1F).contains(value) || properties.isWhitespace
    }
}

/// The words between white space, as bytes: strings with other bytes that look alike, such as é in one character and in two,
/// are equal in Swift and not in the scripts whose scores these are.
func wordsBetweenSpaces(_ text: String) -> [[UInt8]] {
    text.unicodeScalars.split { $0.isPythonSpace }.map { Array(String(String.UnicodeScalarView($0)).utf8) }
}
