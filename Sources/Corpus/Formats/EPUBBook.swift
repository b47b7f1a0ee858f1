import TrawlCore

/// An EPUB book (2 or 3) as one text: its chapters in the order of reading. A chapter without headings of its own gets the
/// title that the table of contents has for it.
enum EPUBBook {
    static func content(of archive: ZipArchive) throws -> FileContent {
        let package = try EPUBPackage(archive)
        var content = FileContent(title: package.title)
        for author in package.authors { content.add("author", author) }
        content.add("language", package.language)
        var texts: [String] = []
        var lines = 0
        var unreadable: [String] = []
        for chapter in package.chapters {
            guard let body = try? text(of: chapter, package, archive) else {
                unreadable.append(chapter)
                continue
            }
            if body.text.isEmpty { continue }
            content.body.headings += body.headings.map { RawHeading(level: $0.level, line: $0.line + lines) }
            texts.append(body.text)
            lines += body.text.utf8.count { $0 == 10 } + 2
        }
        content.body.text = texts.joined(separator: "\n\n")
        if let first = unreadable.first {
            content.repair = "chapters that cannot be read: \(unreadable.count), such as \(first)"
        }
        return content
    }

    private static func text(of chapter: String, _ package: EPUBPackage, _ archive: ZipArchive) throws -> MarkedText? {
        guard let bytes = try archive.contents(of: chapter) else { return nil }
        let page = try bytes.withUnsafeBufferPointer { try HTMLPage($0, path: archive.path) }
        let body = page.content.body
        guard body.headings.isEmpty, !body.text.isEmpty, let title = package.chapterTitles[chapter] else { return body }
        return MarkedText(text: title + "\n" + body.text, headings: [RawHeading(level: 1, line: 0)])
    }
}
