import CTrawlMD4C
import TrawlCore

/// The plain text of a Markdown file, by md4c in GitHub's dialect, with wiki links.
///
/// Marks of emphasis, links, images, tables and lists fall away, as do comments and tags of HTML; what they mark stays,
/// code included.
enum MarkdownFile {
    static func content(of text: String) -> FileContent {
        let front = FrontMatter(text)
        let reader = MarkdownReader()
        var body = String(front.body)
        body.withUTF8 { reader.read($0) }
        var content = FileContent(body: reader.text.finished(), repair: front.problem ?? reader.problem)
        let title = front.fields.last { $0.key == "title" }?.value
        content.title = title ?? content.body.firstHeading() ?? ""
        content.metadata = front.fields.filter { $0.key != "title" }
        return content
    }
}

/// Receives what md4c finds.
private final class MarkdownReader {
    private(set) var text = TextBuilder()
    private(set) var problem: String?
    private var html: [UInt8] = []
    private var listDepth = 0
    private var isInCode = false
    private var isInHTML = false

    func read(_ bytes: UnsafeBufferPointer<UInt8>) {
        var parser = MD_PARSER()
        parser.flags = MD_DIALECT_GITHUB_FLAGS | UInt32(MD_FLAG_WIKILINKS)
        parser.enter_block = { kind, detail, reader in
            MarkdownReader.from(reader)?.enter(kind, detail)
            return 0
        }
        parser.leave_block = { kind, _, reader in
            MarkdownReader.from(reader)?.leave(kind)
            return 0
        }
        parser.enter_span = { _, _, _ in 0 }
        parser.leave_span = { _, _, _ in 0 }
        parser.text = { kind, characters, count, reader in
            MarkdownReader.from(reader)?.append(kind, UnsafeRawBufferPointer(start: characters, count: Int(count)))
            return 0
        }
        let result = bytes.withMemoryRebound(to: CChar.self) {
            md_parse($0.baseAddress, UInt32(clamping: $0.count), &parser, Unmanaged.passUnretained(self).toOpaque())
        }
        // Out of memory is the only failure that md4c has.
        if result != 0 {
            problem = "its Markdown cannot be parsed, so that its marks stay in the text"
            text = TextBuilder()
            text.append(bytes, keepingSpace: true)
        }
    }

    private static func from(_ pointer: UnsafeMutableRawPointer?) -> MarkdownReader? {
        pointer.map { Unmanaged<MarkdownReader>.fromOpaque($0).takeUnretainedValue() }
    }

    private func enter(_ kind: MD_BLOCKTYPE, _ detail: UnsafeMutableRawPointer?) {
        switch kind {
        case MD_BLOCK_UL, MD_BLOCK_OL:
            if listDepth == 0 { text.paragraph() }
            listDepth += 1
        case MD_BLOCK_LI, MD_BLOCK_TR: text.line()
        case MD_BLOCK_TH, MD_BLOCK_TD: text.space()
        case MD_BLOCK_H:
            text.paragraph()
            let level = detail?.assumingMemoryBound(to: MD_BLOCK_H_DETAIL.self).pointee.level ?? 1
            text.beginHeading(level: Int(level))
        case MD_BLOCK_CODE:
            text.paragraph()
            isInCode = true
        case MD_BLOCK_HTML:
            text.paragraph()
            isInHTML = true
        case MD_BLOCK_P, MD_BLOCK_QUOTE, MD_BLOCK_TABLE, MD_BLOCK_HR: text.paragraph()
        default: break
        }
    }

    private func leave(_ kind: MD_BLOCKTYPE) {
        switch kind {
        case MD_BLOCK_UL, MD_BLOCK_OL:
            listDepth -= 1
            if listDepth == 0 { text.paragraph() } else { text.line() }
        case MD_BLOCK_LI, MD_BLOCK_TR: text.line()
        case MD_BLOCK_H:
            text.endHeading()
            text.paragraph()
        case MD_BLOCK_CODE:
            isInCode = false
            text.paragraph()
        case MD_BLOCK_HTML:
            appendHTML()
            isInHTML = false
            text.paragraph()
        case MD_BLOCK_P, MD_BLOCK_QUOTE, MD_BLOCK_TABLE:
            // A heading in HTML that was not closed.
            text.endHeading()
            text.paragraph()
        default: break
        }
    }

    private func append(_ kind: MD_TEXTTYPE, _ bytes: UnsafeRawBufferPointer) {
        switch kind {
        case MD_TEXT_NULLCHAR: text.space()
        case MD_TEXT_BR: text.line()
        case MD_TEXT_SOFTBR: text.space()
        case MD_TEXT_ENTITY: text.append(decodingEntities(String(decoding: bytes, as: UTF8.self)))
        case MD_TEXT_HTML where isInHTML: html.append(contentsOf: bytes)
        case MD_TEXT_HTML: appendTag(bytes)
        default: text.append(bytes, keepingSpace: isInCode)
        }
    }

    /// A tag within a paragraph. md4c takes `<h2>` to `<h6>` for such.
    private func appendTag(_ bytes: UnsafeRawBufferPointer) {
        let tag = String(decoding: bytes.prefix(5), as: UTF8.self).lowercased()
        if tag.hasPrefix("<br") { text.line() }
        let isClosing = tag.hasPrefix("</h")
        guard isClosing || tag.hasPrefix("<h"), let level = tag.dropFirst(isClosing ? 3 : 2).first?.wholeNumberValue,
            1...6 ~= level
        else { return }
        if isClosing { text.endHeading() } else { text.beginHeading(level: level) }
    }

    private func appendHTML() {
        do {
            try html.withUnsafeBufferPointer { bytes in
                try withHTMLTree(bytes, path: "") { HTMLText.append($0, to: &text) }
            }
        } catch {
            problem = "it has HTML that is nested too deep, which was left out"
        }
        html.removeAll(keepingCapacity: true)
    }
}
