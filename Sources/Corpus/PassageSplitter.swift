import TrawlCore

/// Cuts long documents into passages of at most `size` words that end where sentences end, when any does.
///
/// `TextUnitScanner` says what a word and a sentence are. Each passage takes as many whole sentences as fit; a sentence
/// that is longer than a passage is cut at the end of a line, or else between words. Neighbours share exactly `overlap`
/// words.
public struct PassageSplitter: Hashable, Sendable {
    /// In words; nil makes every document one passage.
    public let size: Int?
    /// In words, less than `size`.
    public let overlap: Int

    /// One passage a document.
    public static let wholeDocuments = PassageSplitter()

    private init() {
        size = nil
        overlap = 0
    }

    /// The most passages that a word is in: an overlap of nearly the size would multiply the text.
    static let mostRepetitions = 16

    private static let largestSize = Int(Int32.max)

    /// - Throws: `invalidInput` unless 0 < size < 2³¹ and 0 ≤ overlap < size, and each word is in 16 passages at most.
    public init(size: Int?, overlap: Int = 0) throws {
        if let size, !(1...Self.largestSize ~= size) {
            throw TrawlError(
                .invalidInput, "passages of \(size) words",
                remedy: "ask for a size of 1 to \(Self.largestSize), or for none")
        }
        if overlap < 0 || overlap >= size ?? Int.max {
            throw TrawlError(
                .invalidInput, "an overlap of \(overlap) words in passages of \(size.map(String.init) ?? "any number")",
                remedy: "ask for an overlap of at least 0 and less than the size")
        }
        if let size, size / (size - overlap) > Self.mostRepetitions {
            throw TrawlError(
                .invalidInput,
                "an overlap of \(overlap) words in passages of \(size) repeats each word \(size / (size - overlap)) times",
                remedy:
                    "ask for an overlap of at most \(size - (size + Self.mostRepetitions - 1) / Self.mostRepetitions)")
        }
        self.size = size
        self.overlap = size == nil ? 0 : overlap
    }

    /// The passages of a text as ranges of its UTF-8 bytes, in order. None is empty or begins or ends with white space,
    /// and what lies outside of all is white space; a blank text has none.
    ///
    /// - Complexity: O(n) in the bytes of the text when the overlap is at most half of the size.
    public func passages(of text: String) -> [Range<Int>] {
        let whole = trimmedRange(of: text)
        if whole.isEmpty { return [] }
        // A word takes a byte at least.
        guard let size, whole.count > size else { return [whole] }
        let units = TextUnitScanner.units(of: text)
        if units.count <= size { return [whole] }
        var passages: [Range<Int>] = []
        var start = 0
        while true {
            let end = endOfPassage(from: start, size: size, in: units)
            passages.append(units[start].range.lowerBound..<units[end - 1].range.upperBound)
            if end == units.count { return passages }
            start = end - overlap
        }
    }

    /// One past the last word of the passage that begins at `start`.
    private func endOfPassage(from start: Int, size: Int, in units: [TextUnit]) -> Int {
        let limit = min(start + size, units.count)
        if limit == units.count { return limit }
        var lineEnd: Int?
        // Ending within the overlap would repeat words and add none.
        var end = limit
        while end > start + overlap {
            switch units[end - 1].end {
            case .sentence, .paragraph: return end
            case .line: lineEnd = lineEnd ?? end
            case .word: break
            }
            end -= 1
        }
        return lineEnd ?? limit
    }
}

/// The UTF-8 bytes of `text` without white space at both ends.
func trimmedRange(of text: String) -> Range<Int> {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
        let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return 0..<0 }
    func offset(_ index: String.Index) -> Int { text.utf8.distance(from: text.utf8.startIndex, to: index) }
    return offset(first)..<offset(scalars.index(after: last))
}
