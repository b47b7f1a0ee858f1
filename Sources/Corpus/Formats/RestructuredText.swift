import TrawlCore

/// The plain text of a reStructuredText file, line by line. Underlines of headings, the marks of directives and of inline
/// markup fall away; the contents of directives stay, code included. Fields at the top are metadata.
enum RestructuredText {
    static func content(of text: String) -> FileContent {
        var reader = RestructuredTextReader(text)
        reader.read()
        var content = FileContent(body: reader.text.finished(), metadata: reader.fields.filter { $0.key != "title" })
        content.title = reader.fields.first { $0.key == "title" }?.value ?? content.body.firstHeading() ?? ""
        return content
    }
}

private struct RestructuredTextReader {
    private(set) var text = TextBuilder()
    private(set) var fields: [MetadataField] = []

    private let lines: [Substring]
    private var number = 0
    /// The styles of headings in the order of their levels: the character, and whether there is a line above.
    private var styles: [HeadingStyle] = []
    /// The indentation of a block that is left out; nil outside of such.
    private var droppedIndent: Int?
    /// The indentation of a block whose lines stay as they are; nil outside of such.
    private var literalIndent: Int?

    private struct HeadingStyle: Equatable {
        let mark: Character
        let isOverlined: Bool
    }

    /// Directives whose contents are left out of the text.
    private static let dropped: Set<String> = [
        "contents", "csv-table", "default-role", "figure-md", "image", "include", "index", "literalinclude", "meta",
        "raw",
        "toctree", "unicode", "automodule", "autoclass", "autofunction", "highlight", "currentmodule", "module", "only",
    ]
    private static let literal: Set<String> = ["code", "code-block", "sourcecode", "parsed-literal", "math", "prompt"]

    init(_ text: String) {
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    mutating func read() {
        while number < lines.count {
            let line = lines[number]
            let content = line.trimmed()
            number += 1
            if content.isEmpty {
                text.paragraph()
                continue
            }
            let indent = line.prefix { $0 == " " || $0 == "\t" }.count
            if let dropped = droppedIndent {
                if indent > dropped { continue }
                droppedIndent = nil
            }
            if let literal = literalIndent {
                if indent > literal {
                    text.line()
                    text.append(String(line), keepingSpace: true)
                    continue
                }
                literalIndent = nil
                text.paragraph()
            }
            if takeHeading(line, content) || takeExplicitMarkup(content, indent) || takeField(content, indent) {
                continue
            }
            if isRule(content) || isTableBorder(content) {
                text.line()
                continue
            }
            appendLine(content, indent)
        }
    }

    // MARK: - Headings

    private func isAdornment(_ content: String) -> Bool {
        guard let first = content.first, content.utf8.count >= 3 || content.utf8.count == content.count, first.isASCII,
            first.isPunctuation || first.isSymbol
        else { return false }
        return content.utf8.count >= 2 && content.allSatisfy { $0 == first }
    }

    private mutating func takeHeading(_ line: Substring, _ content: String) -> Bool {
        if isAdornment(content), number + 1 < lines.count {
            let title = lines[number].trimmed()
            let below = lines[number + 1].trimmed()
            if !title.isEmpty, below == content, title.count <= content.count {
                number += 2
                appendHeading(title, HeadingStyle(mark: content.first ?? "=", isOverlined: true))
                return true
            }
        }
        guard number < lines.count, !isAdornment(content), line.first?.isWhitespace == false else { return false }
        let below = lines[number].trimmed()
        // Fewer marks than the title has columns is a warning in docutils, from four on.
        guard isAdornment(below), below.count >= min(content.count, 4) else { return false }
        number += 1
        appendHeading(content, HeadingStyle(mark: below.first ?? "=", isOverlined: false))
        return true
    }

    private mutating func appendHeading(_ title: String, _ style: HeadingStyle) {
        if !styles.contains(style) { styles.append(style) }
        text.paragraph()
        text.beginHeading(level: (styles.firstIndex(of: style) ?? 0) + 1)
        text.append(RestructuredInline.plain(title))
        text.endHeading()
        text.paragraph()
    }

    private func isRule(_ content: String) -> Bool { content.count >= 4 && isAdornment(content) }

    /// `==== ====` and `+----+----+`.
    private func isTableBorder(_ content: String) -> Bool {
        content.count >= 3 && content.allSatisfy { $0 == "=" || $0 == "-" || $0 == "+" || $0 == " " }
            && (content.hasPrefix("==") || content.hasPrefix("+-") || content.hasPrefix("+=")
                || content.hasPrefix("--"))
    }

    // MARK: - Explicit markup

    private mutating func takeExplicitMarkup(_ content: String, _ indent: Int) -> Bool {
        guard content == ".." || content.hasPrefix(".. ") else { return false }
        let rest = content.dropFirst(2).trimmed()
        text.paragraph()
        if rest.hasPrefix("_") || rest.hasPrefix("|") {
            droppedIndent = indent
        } else if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            // A footnote or a citation.
            appendLine(rest[rest.index(after: close)...].trimmed(), indent)
        } else if let colons = rest.firstRange(of: "::"), !rest[..<colons.lowerBound].contains(" ") {
            takeDirective(rest[..<colons.lowerBound].lowercased(), rest[colons.upperBound...].trimmed(), indent)
        } else {
            // A comment.
            droppedIndent = indent
        }
        return true
    }

    private mutating func takeDirective(_ name: String, _ argument: String, _ indent: Int) {
        let isLiteral = Self.literal.contains(name)
        // The argument of a figure is a file name, that of a code block a language.
        if !isLiteral, !Self.dropped.contains(name), name != "figure", !argument.isEmpty {
            appendLine(argument, indent)
        }
        // Options: `:name: value` on the lines below.
        while number < lines.count {
            let line = lines[number].trimmed()
            guard line.hasPrefix(":"), line.dropFirst().contains(":") else { break }
            number += 1
        }
        if isLiteral { literalIndent = indent } else if Self.dropped.contains(name) { droppedIndent = indent }
    }

    /// `:author: A. N. Other` before the first text is metadata; elsewhere its name is dropped.
    private mutating func takeField(_ content: String, _ indent: Int) -> Bool {
        guard content.hasPrefix(":"), let close = content.dropFirst().firstIndex(of: ":") else { return false }
        let name = content[content.index(after: content.startIndex)..<close]
        let rest = content[content.index(after: close)...]
        guard !name.isEmpty, rest.isEmpty || rest.first == " ", name.allSatisfy({ !$0.isWhitespace || $0 == " " })
        else {
            return false
        }
        let value = RestructuredInline.plain(rest.trimmed())
        if indent == 0, text.hasHeadingsOnly {
            if !value.isEmpty { fields.append(MetadataField(key: cleaned(name.lowercased()), value: cleaned(value))) }
        } else {
            text.line()
            text.append(value)
            text.line()
        }
        return true
    }

    // MARK: - Text

    private mutating func appendLine(_ content: String, _ indent: Int) {
        var content = content
        for bullet in ["* ", "- ", "+ ", "#. ", "| "] where content.hasPrefix(bullet) {
            content.removeFirst(bullet.count)
            text.line()
            break
        }
        // Cells of a grid table.
        if content.hasPrefix("|"), content.hasSuffix("|") {
            content = content.split(separator: "|").map { $0.trimmed() }.joined(separator: " ")
            text.line()
        }
        if content.hasSuffix("::") {
            literalIndent = indent
            content.removeLast(content == "::" ? 2 : content.hasSuffix(" ::") ? 3 : 1)
        }
        text.append(RestructuredInline.plain(content))
        text.space()
    }
}
