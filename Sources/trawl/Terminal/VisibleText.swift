extension StringProtocol {
    /// The text with control characters shown instead of sent: a terminal obeys them, whoever wrote them. Line feeds and tabs
    /// stay.
    var visible: String { shown(keeping: "\n\t") }

    /// The same on one line: a line feed or a tab is a blank.
    var visibleLine: String {
        shown(keeping: "\n\t").replacing("\n", with: " ").replacing("\t", with: " ")
    }

    private func shown(keeping kept: String) -> String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool {
            (scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value) && !kept.unicodeScalars.contains(scalar)
        }
        guard unicodeScalars.contains(where: isControl) else { return String(self) }
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.value {
            case _ where !isControl(scalar): text.append(scalar)
            // Unicode has pictures of these: ␛.
            case 0..<0x20: text.append(Unicode.Scalar(0x2400 + scalar.value) ?? "?")
            case 0x7F: text.append("\u{2421}")
            default: text.append(contentsOf: "<\(String(scalar.value, radix: 16, uppercase: true))>".unicodeScalars)
            }
        }
        return String(text)
    }
}
