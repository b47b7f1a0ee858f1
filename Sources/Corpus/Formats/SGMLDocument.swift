/// What one TREC document says. The title is what `<TITLE>`, `<HEADLINE>`, `<HL>`, `<TI>` or `<HEAD>` hold, the text
/// what `<TEXT>`, `<LEADPARA>`, `<LP>` or `<BODY>` hold, or without any of those all that is left. Tags fall away,
/// paragraph tags leave a newline.
struct SGMLDocument {
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

func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte + 0x20 : byte }
