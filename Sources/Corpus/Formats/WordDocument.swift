import TrawlCore

/// Text of Word's format (ECMA-376, WordprocessingML): the body, then foot- and endnotes.
///
/// Headings are paragraphs with an outline level, by themselves or by their style. Deleted text is left out.
enum WordDocument {
    static func content(of archive: ZipArchive) throws -> FileContent {
        guard let main = try archive.contents(of: "word/document.xml") else {
            throw TrawlError(
                .corrupted, "has no text of a Word document in it", path: archive.path,
                remedy: "check that it is a .docx file")
        }
        let styles = try WordStyles(archive.contents(of: "word/styles.xml") ?? [], path: archive.path)
        var reader = WordReader(styles: styles)
        try reader.read(main, path: archive.path, part: "word/document.xml")
        for part in ["word/footnotes.xml", "word/endnotes.xml"] {
            if let notes = try archive.contents(of: part) { try reader.read(notes, path: archive.path, part: part) }
        }
        var content = FileContent(body: reader.text.finished())
        let core = "docProps/core.xml"
        let properties = try archive.contents(of: core).map { try leafTexts(of: $0, path: archive.path, part: core) }
        func property(_ name: String) -> String? { properties?.first { $0.name == name }?.text }
        content.title = property("title") ?? reader.title ?? content.body.firstHeading() ?? ""
        content.add("author", property("creator"))
        return content
    }
}

/// The outline levels of paragraph styles.
struct WordStyles {
    private var levels: [String: Int] = [:]
    private var parents: [String: String] = [:]
    private(set) var titles: Set<String> = []

    init(_ bytes: [UInt8], path: String) throws {
        if bytes.isEmpty { return }
        var style = ""
        try readXML(bytes, path: path, part: "word/styles.xml", skipping: ["rPr", "pPrChange"]) { event in
            guard case .start(let name, let attributes) = event else { return }
            switch name {
            case "style": style = attributes["styleId"] ?? ""
            case "name":
                // Names of built-in styles are English in every language.
                let name = attributes["val"]?.lowercased() ?? ""
                if name == "title" { titles.insert(style) }
                if name.hasPrefix("heading "), let level = Int(name.dropFirst(8)), 1...9 ~= level {
                    levels[style] = levels[style] ?? level
                }
            case "basedOn": parents[style] = attributes["val"]
            case "outlineLvl":
                if let level = attributes["val"].flatMap({ Int($0) }), 0...8 ~= level { levels[style] = level + 1 }
            default: break
            }
        }
    }

    /// The heading level of a style, by itself or by the styles that it is based on.
    func level(of style: String) -> Int? {
        var style = style
        // A longer chain is a loop.
        for _ in 0..<20 {
            if let level = levels[style] { return level }
            guard let parent = parents[style] else { return nil }
            style = parent
        }
        return nil
    }
}

private struct WordReader {
    let styles: WordStyles
    private(set) var text = TextBuilder()
    /// The first paragraph in the style of titles.
    private(set) var title: String?

    private var titleText: [UInt8]?
    private var isInText = false
    private var isInParagraphProperties = false
    private var tableDepth = 0

    private static let skipped: Set<String> = [
        "del", "moveFrom", "pPrChange", "rPr", "Fallback", "instrText", "delText", "sectPr", "tblPr", "tcPr", "sdtPr",
    ]

    init(styles: WordStyles) { self.styles = styles }

    mutating func read(_ bytes: [UInt8], path: String, part: String) throws {
        text.paragraph()
        try readXML(bytes, path: path, part: part, skipping: Self.skipped) { event in
            switch event {
            case .start(let name, let attributes): start(name, attributes)
            case .end(let name): end(name)
            case .text(let bytes):
                guard isInText else { return }
                text.append(bytes)
                if titleText != nil { titleText?.append(contentsOf: bytes) }
            }
        }
    }

    private mutating func start(_ name: String, _ attributes: XMLAttributes) {
        switch name {
        case "p": separate()
        case "pPr": isInParagraphProperties = true
        case "pStyle" where isInParagraphProperties:
            let style = attributes["val"] ?? ""
            if styles.titles.contains(style), title == nil { titleText = [] }
            if let level = styles.level(of: style) ?? (styles.titles.contains(style) ? 1 : nil) {
                text.beginHeading(level: level)
            }
        case "outlineLvl" where isInParagraphProperties:
            if let level = attributes["val"].flatMap({ Int($0) }), 0...8 ~= level {
                text.beginHeading(level: level + 1)
            }
        case "t": isInText = true
        case "tab" where !isInParagraphProperties: text.space()
        case "br", "cr": text.line()
        case "noBreakHyphen": text.append("-")
        case "tbl":
            text.paragraph()
            tableDepth += 1
        case "tr": text.line()
        case "tc": text.space()
        default: break
        }
    }

    private mutating func end(_ name: String) {
        switch name {
        case "p":
            if let bytes = titleText { title = String(decoding: bytes, as: UTF8.self) }
            titleText = nil
            text.endHeading()
            separate()
        case "pPr": isInParagraphProperties = false
        case "t": isInText = false
        case "tbl":
            tableDepth -= 1
            text.paragraph()
        default: break
        }
    }

    /// Paragraphs of a table's cell stay in its row's line.
    private mutating func separate() { if tableDepth > 0 { text.space() } else { text.paragraph() } }
}
