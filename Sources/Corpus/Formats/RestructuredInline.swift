/// Inline markup of reStructuredText.
enum RestructuredInline {
    /// Without the marks of emphasis, literals, roles, links and substitutions.
    static func plain(_ text: String) -> String {
        guard text.contains(where: { "*`|\\_".contains($0) }) else { return text }
        let characters = Array(text)
        var output: [Character] = []
        var position = 0
        while position < characters.count {
            let character = characters[position]
            switch character {
            case "\\":
                if position + 1 < characters.count, !characters[position + 1].isWhitespace {
                    output.append(characters[position + 1])
                }
                position += 2
            case "*":
                let width = position + 1 < characters.count && characters[position + 1] == "*" ? 2 : 1
                // A star between blanks is a star.
                let next = position + width < characters.count ? characters[position + width] : " "
                let previous = position > 0 ? characters[position - 1] : " "
                if next.isWhitespace, previous.isWhitespace { output += repeatElement("*", count: width) }
                position += width
            case "`": position = appendQuoted(characters, position, to: &output)
            default:
                output.append(character)
                position += 1
            }
        }
        return String(output)
    }

    /// Appends what is between backquotes and returns the position after them and after a link's underscores.
    private static func appendQuoted(_ characters: [Character], _ start: Int, to output: inout [Character]) -> Int {
        let width = start + 1 < characters.count && characters[start + 1] == "`" ? 2 : 1
        var end = start + width
        while end < characters.count, characters[end] != "`" { end += 1 }
        guard end < characters.count else {
            output.append("`")
            return start + 1
        }
        var inner = String(characters[(start + width)..<end])
        if width == 1 {
            output.removeLast(lengthOfRole(atEndOf: output))
            // `text <target>`: the text is shown.
            if inner.hasSuffix(">"), let open = inner.lastIndex(of: "<"), open > inner.startIndex {
                inner = inner[..<open].trimmed()
            }
            // :mod:`~package.name` shows the name.
            if inner.hasPrefix("~") { inner = String(inner.dropFirst().split(separator: ".").last ?? "") }
        }
        output += inner
        end += 1
        if width == 2, end < characters.count, characters[end] == "`" { end += 1 }
        while end < characters.count, characters[end] == "_" { end += 1 }
        return end
    }

    /// The length of the `:role:` at the end, 0 when there is none.
    private static func lengthOfRole(atEndOf output: [Character]) -> Int {
        // Names are short; looking further would take quadratic time in long lines.
        guard output.last == ":", let colon = output.dropLast().suffix(64).lastIndex(of: ":") else { return 0 }
        let name = output[(colon + 1)..<(output.count - 1)]
        let isName = name.allSatisfy { $0.isLetter || $0.isNumber || "-_.+".contains($0) }
        return name.isEmpty || !isName ? 0 : output.count - colon
    }
}
