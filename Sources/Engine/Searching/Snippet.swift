import Foundation

/// A part of a text around its first highlight, short enough for a list of hits.
public struct Snippet: Sendable {
    private let text: String
    /// Ranges of UTF-8 bytes, in order, not overlapping.
    private let highlights: [Range<Int>]
    /// The most UTF-8 bytes that are shown.
    public static let length = 280

    /// - Parameter highlights: ranges of UTF-8 bytes, such as those of a hit's matches.
    public init(_ text: String, highlights: [Range<Int>]) {
        self.text = text
        var merged: [Range<Int>] = []
        for range in highlights.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) })
        where !range.isEmpty && range.upperBound <= text.utf8.count {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.highlights = merged
    }

    /// A stretch of the snippet, which is a highlight or between two.
    struct Part {
        var text: String
        var isHighlight: Bool
    }

    /// The snippet on one line; an ellipsis at either end shows that there is more.
    var parts: [Part] {
        let bytes = Array(text.utf8)
        var start = 0
        if let first = highlights.first, first.upperBound > Self.length {
            start = max(0, first.lowerBound - Self.length / 4)
            while start > 0, bytes[start] != UInt8(ascii: " ") { start -= 1 }
        }
        var end = min(bytes.count, start + Self.length)
        while end < bytes.count, end > start, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        while start < end, bytes[start] & 0xC0 == 0x80 { start += 1 }
        var parts = start > 0 ? [Part(text: "…", isHighlight: false)] : []
        var position = start
        func add(to limit: Int, isHighlight: Bool) {
            guard limit > position else { return }
            let text = String(decoding: bytes[position..<limit], as: UTF8.self)
            parts.append(Part(text: text.replacingOccurrences(of: "\n", with: " "), isHighlight: isHighlight))
            position = limit
        }
        for range in highlights where range.upperBound > start && range.lowerBound < end {
            add(to: min(end, max(start, range.lowerBound)), isHighlight: false)
            add(to: min(range.upperBound, end), isHighlight: true)
        }
        add(to: end, isHighlight: false)
        if end < bytes.count { parts.append(Part(text: "…", isHighlight: false)) }
        return parts
    }

    /// The snippet with every highlight as `highlight` makes it and what is between them as `plain` does.
    public func rendered(plain show: (String) -> String = { $0 }, highlight: (String) -> String) -> String {
        parts.map { $0.isHighlight ? highlight($0.text) : show($0.text) }.joined()
    }
}

/// `text`, and the `ranges` of the highlights in it.
extension Snippet: Encodable {
    enum CodingKeys: String, CodingKey { case text, ranges }

    public func encode(to encoder: any Encoder) throws {
        var shown = ""
        var ranges: [Range<Int>] = []
        for part in parts {
            let start = shown.utf8.count
            shown += part.text
            if part.isHighlight { ranges.append(start..<shown.utf8.count) }
        }
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(shown, forKey: .text)
        try values.encode(TextRange.list(ranges, in: shown), forKey: .ranges)
    }
}
