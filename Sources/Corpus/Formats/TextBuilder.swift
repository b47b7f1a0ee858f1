/// Text under construction, in which runs of white space are one space, one line break or one blank line, and whose
/// headings are remembered.
///
/// Readers of marked-up formats append the text that they meet and say where lines, paragraphs and headings begin and
/// end.
struct TextBuilder {
    private enum Gap: UInt8, Comparable {
        case none, space, line, paragraph
        static func < (a: Gap, b: Gap) -> Bool { a.rawValue < b.rawValue }
    }

    private var bytes: [UInt8] = []
    private var gap = Gap.none
    private var lineFeeds = 0
    private var headings: [RawHeading] = []
    /// The level of the heading that is open; its text stays on one line.
    private var openHeading: Int?

    /// True as long as there is no text outside of headings.
    private(set) var hasHeadingsOnly = true

    mutating func space() { gap = max(gap, .space) }

    mutating func line() { gap = max(gap, openHeading == nil ? .line : .space) }

    mutating func paragraph() { gap = max(gap, openHeading == nil ? .paragraph : .space) }

    /// Opens a heading on a line of its own.
    mutating func beginHeading(level: Int) {
        endHeading()
        line()
        openHeading = level
    }

    mutating func endHeading() {
        guard openHeading != nil else { return }
        openHeading = nil
        line()
    }

    /// Appends UTF-8.
    ///
    /// - Parameter keepingSpace: Whether white space stays as it is, as in code.
    mutating func append(_ content: some Sequence<UInt8>, keepingSpace: Bool = false) {
        for byte in content {
            if byte == 0x20 || 9...13 ~= byte {
                if keepingSpace, openHeading == nil { appendSpace(byte) } else { space() }
            } else {
                flush()
                bytes.append(byte)
            }
        }
    }

    mutating func append(_ text: String, keepingSpace: Bool = false) {
        append(text.utf8, keepingSpace: keepingSpace)
    }

    private mutating func appendSpace(_ byte: UInt8) {
        // Line feeds before the first text would be trimmed and shift the lines of headings.
        if bytes.isEmpty, byte == 10 { return }
        flush()
        bytes.append(byte)
        if byte == 10 { lineFeeds += 1 }
    }

    private mutating func flush() {
        if !bytes.isEmpty {
            switch gap {
            case .none: break
            case .space: bytes.append(0x20)
            case .line, .paragraph:
                let wanted = gap == .line ? 1 : 2
                let present = bytes.reversed().prefix(wanted).prefix { $0 == 10 }.count
                bytes.append(contentsOf: repeatElement(10, count: wanted - present))
                lineFeeds += wanted - present
            }
        }
        gap = .none
        if let level = openHeading {
            if headings.last?.line != lineFeeds { headings.append(RawHeading(level: level, line: lineFeeds)) }
        } else {
            hasHeadingsOnly = false
        }
    }

    /// The text without white space at its ends.
    func finished() -> MarkedText {
        let whole = String(decoding: bytes, as: UTF8.self)
        let text = whole.trimmed()
        // White space beyond ASCII may have been trimmed together with lines before the text, headings among them.
        let start = whole.unicodeScalars.firstIndex { !$0.properties.isWhitespace } ?? whole.startIndex
        let cut = whole.utf8[..<start].count { $0 == 10 }
        let headings = headings.map { RawHeading(level: $0.level, line: $0.line - cut) }.filter { $0.line >= 0 }
        return MarkedText(text: text, headings: headings)
    }
}

/// A text and the headings in it.
struct MarkedText {
    var text = ""
    /// In the order of their lines.
    var headings: [RawHeading] = []

    /// The text of the first heading whose level is at most `level`.
    func firstHeading(upTo level: Int = .max) -> String? {
        guard let heading = headings.first(where: { $0.level <= level }) else { return nil }
        let lines = text.utf8.split(separator: 10, maxSplits: heading.line + 1, omittingEmptySubsequences: false)
        return lines.indices.contains(heading.line) ? String(lines[heading.line]) : nil
    }
}
