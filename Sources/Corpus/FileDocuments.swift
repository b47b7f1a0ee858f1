import TrawlCore

/// A file that is one document: text, Markdown or HTML.
final class FileSource: RawDocumentSource {
    private let source: ByteSource
    private let format: CorpusFormat
    private let id: String
    private var isDone = false

    init(_ source: ByteSource, format: CorpusFormat, id: String) {
        self.source = source
        self.format = format
        self.id = id
    }

    func next() throws -> RawDocument? {
        if isDone { return nil }
        isDone = true
        let bytes = try wholeFile()
        var document = RawDocument(id: id, title: "", text: "", fallbackTitle: FileName(id).stem)
        if format == .html {
            let page = try bytes.withUnsafeBufferPointer { try HTMLPage($0, path: source.name) }
            document.title = page.title
            document.text = page.text
            return document
        }
        document.text = try bytes.withUnsafeBufferPointer { bytes in
            try requireUTF8(bytes, path: source.name, firstLine: 1)
            let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
            return String(decoding: UnsafeBufferPointer(rebasing: bytes.dropFirst(hasMark ? 3 : 0)), as: UTF8.self)
        }
        if format == .markdown { document.title = markdownTitle(document.text) ?? "" }
        return document
    }

    private func wholeFile() throws -> [UInt8] {
        var bytes: [UInt8] = []
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
        defer { chunk.deallocate() }
        while true {
            let count = try source.read(into: chunk)
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > maximumRecordBytes { throw recordTooLong("the file", path: source.name, line: nil) }
        }
    }
}

/// The first heading of a Markdown text: `# …` outside code fences, or a line underlined with `===`. A front matter
/// block between `---` lines is passed over, but its `title:` counts.
func markdownTitle(_ text: String) -> String? {
    var previous = ""
    var fence: Character?
    var inFrontMatter = false
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
        let content = line.trimmed()
        if number == 0, content == "---" {
            inFrontMatter = true
            continue
        }
        if inFrontMatter {
            if content == "---" || content == "..." { inFrontMatter = false }
            if content.hasPrefix("title:") {
                let title = content.dropFirst(6).trimmed().trimmingPair("\"").trimmingPair("'")
                if !title.isEmpty { return title }
            }
            continue
        }
        if let mark = content.first, content.hasPrefix("```") || content.hasPrefix("~~~") {
            if fence == nil { fence = mark } else if fence == mark { fence = nil }
            continue
        }
        if fence != nil { continue }
        let marks = content.prefix { $0 == "#" }.count
        if (1...6).contains(marks), content.dropFirst(marks).first?.isWhitespace == true {
            var heading = content.dropFirst(marks).trimmed()
            let closing = heading.reversed().prefix { $0 == "#" }.count
            if closing > 0, heading.dropLast(closing).last?.isWhitespace ?? true {
                heading = heading.dropLast(closing).trimmed()
            }
            if !heading.isEmpty { return heading }
        }
        if !content.isEmpty, content.allSatisfy({ $0 == "=" }), !previous.isEmpty { return previous }
        previous = content
    }
    return nil
}

extension String {
    fileprivate func trimmingPair(_ quote: Character) -> String {
        count >= 2 && first == quote && last == quote ? String(dropFirst().dropLast()) : self
    }
}
