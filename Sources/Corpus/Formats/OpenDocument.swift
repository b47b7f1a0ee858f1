import TrawlCore

/// Text of an OpenDocument file (ISO 26300). Comments, deleted text and tables of contents are left out.
enum OpenDocument {
    private static let skipped: Set<String> = [
        "annotation", "tracked-changes", "note-citation", "table-of-content", "alphabetical-index", "forms", "scripts",
        "font-face-decls", "title", "desc",
    ]

    /// What word processors offer at most.
    private static let deepestHeading = 10

    static func content(of archive: ZipArchive) throws -> FileContent {
        guard let main = try archive.contents(of: "content.xml") else {
            throw TrawlError(
                .corrupted, "has no content of an OpenDocument file in it", path: archive.path,
                remedy: "check that it is an .odt file")
        }
        var text = TextBuilder()
        var tableDepth = 0
        var paragraphDepth = 0
        // The style of titles and those that differ from it by hand.
        var titleStyles: Set<String> = ["Title"]
        try readXML(main, path: archive.path, part: "content.xml", skipping: skipped) { event in
            switch event {
            case .start(let name, let attributes):
                switch name {
                case "style":
                    if attributes["parent-style-name"] == "Title", let name = attributes["name"] {
                        titleStyles.insert(name)
                    }
                case "h", "p":
                    if tableDepth > 0 { text.space() } else { text.paragraph() }
                    paragraphDepth += 1
                    let isTitle = name == "p" && attributes["style-name"].map(titleStyles.contains) ?? false
                    if name == "h" || isTitle {
                        let level = attributes["outline-level"].flatMap { Int($0) } ?? 1
                        text.beginHeading(level: min(max(level, 1), deepestHeading))
                    }
                case "s", "tab": text.space()
                case "line-break": text.line()
                case "table":
                    text.paragraph()
                    tableDepth += 1
                case "table-row": text.line()
                case "table-cell": text.space()
                default: break
                }
            case .end(let name):
                switch name {
                case "h", "p":
                    paragraphDepth -= 1
                    text.endHeading()
                    if tableDepth > 0 { text.space() } else { text.paragraph() }
                case "table":
                    tableDepth -= 1
                    text.paragraph()
                default: break
                }
            case .text(let bytes): if paragraphDepth > 0 { text.append(bytes) }
            }
        }
        var content = FileContent(body: text.finished())
        let properties = try archive.contents(of: "meta.xml").map {
            try leafTexts(of: $0, path: archive.path, part: "meta.xml")
        }
        func property(_ name: String) -> String? { properties?.first { $0.name == name }?.text }
        content.title = property("title") ?? content.body.firstHeading() ?? ""
        content.add("author", property("creator") ?? property("initial-creator"))
        return content
    }
}
