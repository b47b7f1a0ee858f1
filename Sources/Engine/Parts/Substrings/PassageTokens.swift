import TrawlCore
import TrawlGeneration
import TrawlTokenizers

/// A passage as the substring index holds it: ` title @@ text` in tokens, ` || identifier @@` for each identifier, then
/// the boundary.
struct PassageTokens: Sendable {
    let tokenizer: Tokenizer
    /// What separates title and text.
    let titleEnd: String

    /// The text that is tokenised. White space is collapsed, as SEAL does, so that n-grams do not break at line ends.
    func text(title: String, text: String) -> String {
        let body = Self.collapsed(text)
        let head = Self.collapsed(title)
        if head.isEmpty { return " " + body }
        return " " + head + titleEnd + (body.isEmpty ? "" : " " + body)
    }

    /// The text with the identifiers after it.
    func text(title: String, text: String, identifiers: [String]) -> String {
        let marked = identifiers.map { SEALParameters.identifierMark + " " + Self.collapsed($0) + titleEnd }
        return self.text(title: title, text: text) + marked.joined()
    }

    /// The tokens with the boundary after them.
    ///
    /// Text that spells out the boundary does not end its passage.
    func tokens(title: String, text: String, identifiers: [String] = [], boundary: TokenID) -> [TokenID] {
        let whole = self.text(title: title, text: text, identifiers: identifiers)
        return tokenizer.textTokens(whole).filter { $0 != boundary } + [boundary]
    }

    /// The ranges of token spans of the passage in `text`, in UTF-8 bytes. Spans in the title and in
    /// identifiers have no such place.
    func textRanges(of spans: [Range<Int>], title: String, text: String) -> [Range<Int>] {
        let whole = self.text(title: title, text: text)
        let body = Self.collapsed(text)
        let bodyStart = whole.utf8.count - body.utf8.count
        let offsets = tokenizer.encode(whole, addSpecialTokens: false, splitsSpecialTokens: true).offsets
        let original = Self.collapsedOffsets(text)
        return spans.compactMap { span in
            guard !span.isEmpty, span.upperBound <= offsets.count else { return nil }
            // A token's leading space is not part of the word.
            var start = offsets[span.lowerBound].lowerBound - bodyStart
            let end = offsets[span.upperBound - 1].upperBound - bodyStart
            guard end > 0, end < original.count else { return nil }
            start = max(start, 0)
            let bytes = body.utf8
            if bytes[bytes.index(bytes.startIndex, offsetBy: start)] == UInt8(ascii: " ") { start += 1 }
            return start < end ? original[start]..<(original[end - 1] + 1) : nil
        }
    }

    /// `text` with every run of white space made one space, and none at the ends.
    static func collapsed(_ text: String) -> String {
        if isCollapsed(text) { return text }
        return String(decoding: collapsedBytes(text).map(\.byte), as: UTF8.self)
    }

    /// True when `text` surely needs no change; most texts do not.
    private static func isCollapsed(_ text: String) -> Bool {
        var previous = UInt8(ascii: " ")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: " "): if previous == byte { return false }
            // Other white space, and the lead bytes of all that is not ASCII.
            case 0x09...0x0D, 0xC2, 0xE1...0xE3: return false
            default: break
            }
            previous = byte
        }
        return previous != UInt8(ascii: " ") || text.isEmpty
    }

    /// For each byte of `collapsed(text)`, and its end, the offset of that byte in `text`.
    static func collapsedOffsets(_ text: String) -> [Int] {
        collapsedBytes(text).map(\.offset) + [text.utf8.count]
    }

    private static func collapsedBytes(_ text: String) -> [(byte: UInt8, offset: Int)] {
        var result: [(byte: UInt8, offset: Int)] = []
        result.reserveCapacity(text.utf8.count)
        var offset = 0
        var pendingSpace: Int?
        for scalar in text.unicodeScalars {
            let width = UTF8.width(scalar)
            defer { offset += width }
            if scalar.properties.isWhitespace {
                if !result.isEmpty, pendingSpace == nil { pendingSpace = offset }
                continue
            }
            if let space = pendingSpace {
                result.append((UInt8(ascii: " "), space))
                pendingSpace = nil
            }
            for (index, byte) in scalar.utf8.enumerated() {
                result.append((byte, offset + index))
            }
        }
        return result
    }
}

extension Tokenizer {
    /// The tokens of what people wrote: no name of a control token in it, such as `[SEP]`, is that token.
    func textTokens(_ text: String) -> [TokenID] {
        encodeIDs(text, addSpecialTokens: false, splitsSpecialTokens: true)
    }
}
