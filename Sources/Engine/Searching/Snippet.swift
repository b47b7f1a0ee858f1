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

    /// The text on one line, with every highlight as `highlight` makes it and what is between them as `plain` does.
    public func rendered(plain show: (String) -> String = { $0 }, highlight: (String) -> String) -> String {
        let bytes = Array(text.utf8)
        var start = 0
        if let first = highlights.first, first.upperBound > Self.length {
            start = max(0, first.lowerBound - Self.length / 4)
            while start > 0, bytes[start] != UInt8(ascii: " ") { start -= 1 }
        }
        var end = min(bytes.count, start + Self.length)
        while end < bytes.count, end > start, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        while start < end, bytes[start] & 0xC0 == 0x80 { start += 1 }
        var result = start > 0 ? "…" : ""
        var position = start
        func plain(to limit: Int) {
            if limit > position { result += show(String(decoding: bytes[position..<limit], as: UTF8.self)) }
            position = max(position, limit)
        }
        for range in highlights where range.upperBound > start && range.lowerBound < end {
            plain(to: min(end, max(start, range.lowerBound)))
            let stop = min(range.upperBound, end)
            if stop > position {
                result += highlight(String(decoding: bytes[position..<stop], as: UTF8.self))
                position = stop
            }
        }
        plain(to: end)
        return (result + (end < bytes.count ? "…" : "")).replacingOccurrences(of: "\n", with: " ")
    }
}
