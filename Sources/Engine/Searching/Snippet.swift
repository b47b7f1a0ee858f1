import Foundation

/// A part of a text, short enough for a list of hits: around its first highlight, or where the matches that count most are.
public struct Snippet: Sendable {
    private let text: String
    /// Ranges of UTF-8 bytes, in order, not overlapping.
    private let highlights: [Range<Int>]
    /// Where the snippet is; nil for the beginning of the text.
    private let focus: Range<Int>?
    /// The most UTF-8 bytes that are shown.
    public static let length = 280
    /// How much of that is before the focus, if there is as much.
    private static let lead = length / 4

    /// - Parameter highlights: ranges of UTF-8 bytes.
    public init(_ text: String, highlights: [Range<Int>]) {
        self.text = text
        self.highlights = Self.merged(highlights, in: text)
        focus = self.highlights.first.flatMap { $0.upperBound > Self.length ? $0 : nil }
    }

    /// The part in which different matches add most to the score, the first of several.
    ///
    /// - Complexity: O(n log n) in the ranges of the matches.
    public init(_ text: String, matches: [Match]) {
        self.text = text
        highlights = Self.merged(matches.flatMap(\.ranges), in: text)
        focus = Self.bestFocus(matches, in: text)
    }

    private static func isShown(_ range: Range<Int>, in text: String) -> Bool {
        !range.isEmpty && range.upperBound <= text.utf8.count
    }

    private static func merged(_ ranges: [Range<Int>], in text: String) -> [Range<Int>] {
        var merged: [Range<Int>] = []
        for range in ranges.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) })
        where isShown(range, in: text) {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    private static func bestFocus(_ matches: [Match], in text: String) -> Range<Int>? {
        let places = matches.enumerated().flatMap { number, match in
            match.ranges.filter { isShown($0, in: text) }.map { (range: $0, match: number) }
        }.sorted { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        // How often each match is in the part at hand, and what those that are there add together.
        var counts = [Int](repeating: 0, count: matches.count)
        var sum: Float = 0
        func enter(_ match: Int) {
            counts[match] += 1
            if counts[match] == 1 { sum += max(0, matches[match].contribution) }
        }
        func leave(_ match: Int) {
            counts[match] -= 1
            if counts[match] == 0 { sum -= max(0, matches[match].contribution) }
        }
        var end = 0
        while end < places.count, places[end].range.upperBound <= length {
            enter(places[end].match)
            end += 1
        }
        var best: (focus: Range<Int>?, sum: Float) = (nil, sum)
        for (index, place) in places.enumerated() {
            while end < places.count, places[end].range.upperBound <= place.range.lowerBound + length - lead {
                enter(places[end].match)
                end += 1
            }
            // The least that rounding may make of sums of the same numbers.
            if sum > best.sum + 1e-4 { best = (place.range, sum) }
            if index < end { leave(place.match) } else { end = index + 1 }
        }
        return best.focus
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
        if let focus {
            let wanted = max(0, focus.lowerBound - Self.lead)
            // Before a word, where there are spaces.
            let space = bytes[wanted..<max(wanted, focus.lowerBound - Self.lead / 2)].firstIndex(of: UInt8(ascii: " "))
            start = wanted == 0 ? 0 : space ?? wanted
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
