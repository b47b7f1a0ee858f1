import Glibc
import TrawlCore

/// TREC's SGML: `<DOC>` … `</DOC>`, many to a file; what is between them is passed over. The id is what `<DOCNO>` holds,
/// or the `id` of `<DOC id="…">` (newswire); other attributes of that tag are metadata.
final class TRECSource: RawDocumentSource {
    private let lines: LineReader
    private let path: String
    private var document: [UInt8] = []
    /// The line of the `<DOC>` that is open.
    private var openedAt: Int?
    private var attributes: [MetadataField] = []
    /// What is wrong with the document that is open.
    private var fault: TrawlError?
    /// Documents that ended in the line last read, in reverse order.
    private var ready: [Result<RawDocument, TrawlError>] = []
    private var count = 0
    private(set) var resumesAfterError = false

    init(_ source: ByteSource) {
        lines = LineReader(source)
        path = source.name
    }

    func next() throws -> RawDocument? {
        resumesAfterError = false
        while ready.isEmpty {
            if try lines.withNextLine({ try take($0) }) == nil {
                try finish()
                return nil
            }
            ready.reverse()
        }
        resumesAfterError = true
        return try ready.popLast()?.get()
    }

    private func finish() throws {
        if let openedAt {
            self.openedAt = nil
            throw TrawlError(
                .corrupted, "the file ends before the </DOC> of this <DOC>", path: path, line: openedAt,
                remedy: "download the file again")
        }
        if count == 0, lines.lineNumber > 0 {
            throw TrawlError(
                .invalidInput, "there is no <DOC> in this file", path: path,
                remedy: "check that it is in TREC's format, or say another format")
        }
    }

    private func take(_ line: UnsafeBufferPointer<UInt8>) throws {
        var rest = line[...]
        while true {
            if openedAt == nil {
                guard let tag = openingTag(in: rest) else { return }
                openedAt = lines.lineNumber
                document.removeAll(keepingCapacity: true)
                rest = rest[tag.upperBound...]
            }
            let end = find("</doc>", in: rest)
            let content = UnsafeBufferPointer(rebasing: rest[..<(end?.lowerBound ?? rest.endIndex)])
            do {
                try requireUTF8(content, path: path, firstLine: lines.lineNumber)
            } catch let error as TrawlError {
                fault = fault ?? error
            }
            document.append(contentsOf: content)
            document.append(10)
            if document.count > maximumRecordBytes { throw recordTooLong("the document", path: path, line: openedAt) }
            guard let end else { return }
            ready.append(close())
            rest = rest[end.upperBound...]
        }
    }

    /// Finds `<DOC>` or `<DOC id="…" …>` and takes its attributes.
    private func openingTag(in bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Range<Int>? {
        var rest = bytes
        while let start = find("<doc", in: rest) {
            rest = rest[start.upperBound...]
            let isWholeName = rest.first == 0x3E || rest.first == 0x20 || rest.first == 0x09
            guard isWholeName, let end = rest.firstIndex(of: 0x3E) else { continue }
            attributes = Self.attributes(String(decoding: rest[..<end], as: UTF8.self))
            return start.lowerBound..<end + 1
        }
        return nil
    }

    /// `name="value"`, `name='value'` or `name=value`, names in lower case.
    private static func attributes(_ text: String) -> [MetadataField] {
        var fields: [MetadataField] = []
        var rest = text[...]
        while let equals = rest.firstIndex(of: "=") {
            let key = rest[..<equals].split(whereSeparator: \.isWhitespace).last.map { $0.lowercased() } ?? ""
            rest = rest[rest.index(after: equals)...].drop { $0.isWhitespace }
            let value: Substring
            if let quote = rest.first, quote == "\"" || quote == "'" {
                let inner = rest.dropFirst()
                value = inner.prefix { $0 != quote }
                rest = inner[value.endIndex...].dropFirst()
            } else {
                value = rest.prefix { !$0.isWhitespace }
                rest = rest[value.endIndex...]
            }
            if !key.isEmpty {
                fields.append(MetadataField(key: cleaned(key), value: cleaned(decodingEntities(String(value)))))
            }
        }
        return fields
    }

    private func close() -> Result<RawDocument, TrawlError> {
        defer {
            openedAt = nil
            fault = nil
        }
        count += 1
        if let fault { return .failure(fault) }
        let parts = document.withUnsafeBufferPointer { SGMLDocument($0) }
        guard let id = parts.docno ?? attributes.first(where: { $0.key == "id" })?.value else {
            return .failure(
                TrawlError(
                    .invalidInput, "the document has no <DOCNO>", path: path, line: openedAt,
                    remedy: "give every <DOC> a <DOCNO> or an id"))
        }
        let title = parts.title.isEmpty ? attributes.first { $0.key == "title" }?.value : parts.title
        return .success(
            RawDocument(
                id: id, title: title ?? "", text: parts.text,
                metadata: attributes.filter { $0.key != "id" && $0.key != "title" }, line: openedAt))
    }

    /// `word`, in lower case, in any case.
    private func find(_ word: StaticString, in bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Range<Int>? {
        let length = word.utf8CodeUnitCount
        var from = bytes.startIndex
        guard let base = bytes.base.baseAddress else { return nil }
        while bytes.endIndex - from >= length, let found = memchr(base + from, 0x3C, bytes.endIndex - from) {
            let start = base.distance(to: UnsafePointer(found.assumingMemoryBound(to: UInt8.self)))
            guard bytes.endIndex - start >= length else { return nil }
            if (1..<length).allSatisfy({ lowercase(base[start + $0]) == word.utf8Start[$0] }) {
                return start..<start + length
            }
            from = start + 1
        }
        return nil
    }
}

private func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte + 0x20 : byte }

/// What one TREC document says. The title is what `<TITLE>`, `<HEADLINE>`, `<HL>`, `<TI>` or `<HEAD>` hold, the text
/// what `<TEXT>`, `<LEADPARA>`, `<LP>` or `<BODY>` hold, or without any of those all that is left. Tags fall away,
/// paragraph tags leave a newline.
private struct SGMLDocument {
    private(set) var docno: String?
    private(set) var title = ""
    private(set) var text = ""

    private enum Section { case docno, title, text }

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        var gathered: (docno: [UInt8], title: [UInt8], text: [UInt8], other: [UInt8]) = ([], [], [], [])
        var open: (section: Section, name: String)?
        var sawDocno = false
        var sawText = false
        func put(_ content: some Sequence<UInt8>) {
            switch open?.section {
            case .docno: gathered.docno += content
            case .title: gathered.title += content
            case .text: gathered.text += content
            case nil: gathered.other += content
            }
        }
        var position = 0
        // Behind this no comment ends: looking again from every `<!--` would take quadratic time.
        let lastCommentEnd = bytes.indices.dropLast(2).last {
            bytes[$0] == 0x2D && bytes[$0 + 1] == 0x2D && bytes[$0 + 2] == 0x3E
        }
        while position < bytes.count {
            guard let tag = SGMLTag(bytes, at: position, lastCommentEnd: lastCommentEnd ?? -1) else {
                let next = bytes[(position + 1)...].firstIndex(of: 0x3C) ?? bytes.count
                put(bytes[position..<next])
                position = next
                continue
            }
            position = tag.end
            if tag.isClosing {
                if open?.name == tag.name {
                    put([10])
                    open = nil
                    continue
                }
            } else if open?.section != .text, open?.section != .docno {
                switch tag.name {
                case "docno": (open, sawDocno) = ((.docno, tag.name), true)
                case "title", "headline", "hl", "ti", "head": open = (.title, tag.name)
                case "text", "leadpara", "lp", "body": (open, sawText) = ((.text, tag.name), true)
                default: break
                }
            }
            put(["p", "br", "li", "tr", "div"].contains(tag.name) ? [10] : tag.isInline ? [] : [0x20])
        }
        if sawDocno { docno = plain(gathered.docno) }
        title = plain(gathered.title).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        text = plain(sawText ? gathered.text : gathered.other)
    }

    private func plain(_ bytes: [UInt8]) -> String {
        decodingEntities(String(decoding: bytes, as: UTF8.self)).trimmed()
    }
}

/// A tag or a comment at a position, or nil when the `<` there is only a sign.
private struct SGMLTag {
    let name: String
    let isClosing: Bool
    let end: Int
    /// Comments and emphasis part no words.
    var isInline: Bool { name == "!--" || ["b", "i", "em", "strong", "u", "sub", "sup"].contains(name) }

    /// - Parameter lastCommentEnd: Where the last `-->` stands; -1 when there is none.
    init?(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int, lastCommentEnd: Int) {
        guard bytes[start] == 0x3C, start + 1 < bytes.count else { return nil }
        var position = start + 1
        if bytes[position...].starts(with: [0x21, 0x2D, 0x2D]) {
            while position <= lastCommentEnd {
                if bytes[position] == 0x2D, bytes[position + 1] == 0x2D, bytes[position + 2] == 0x3E {
                    (name, isClosing, end) = ("!--", false, position + 3)
                    return
                }
                position += 1
            }
            return nil
        }
        isClosing = bytes[position] == 0x2F
        if isClosing { position += 1 }
        let nameStart = position
        while position < bytes.count, isNameByte(bytes[position]) { position += 1 }
        guard position > nameStart, lowercase(bytes[nameStart]) &- 0x61 < 26 else { return nil }
        name = String(decoding: bytes[nameStart..<position].map(lowercase), as: UTF8.self)
        // A tag is short: a lone < before a letter must not swallow the text up to some far >.
        let limit = min(bytes.count, position + 1024)
        while position < limit, bytes[position] != 0x3E, bytes[position] != 0x3C { position += 1 }
        guard position < limit, bytes[position] == 0x3E else { return nil }
        end = position + 1
    }
}

private func isNameByte(_ byte: UInt8) -> Bool {
    lowercase(byte) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2D || byte == 0x5F
}
