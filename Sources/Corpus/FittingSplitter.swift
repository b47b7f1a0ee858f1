import TrawlCore

/// How long a text is to a model, and the longest that it reads whole.
public struct PassageMeasure: Sendable {
    /// In tokens, without those that the model adds itself.
    public let limit: Int
    /// The tokens of each text.
    public let lengths: @Sendable ([String]) -> [Int]

    public init(limit: Int, lengths: @escaping @Sendable ([String]) -> [Int]) {
        self.limit = limit
        self.lengths = lengths
    }
}

/// Cuts documents that are longer than a model reads into passages that it reads whole, each with the title and the headings
/// above it.
///
/// A document that fits is one passage. Others are cut at headings, where the text before has a quarter of the limit at
/// least; what is still too long, into parts of about the same length that end where paragraphs or sentences do. Such
/// parts share their last sentences with the next, up to `overlap` tokens. A sentence that is too long is cut
/// between words.
public struct FittingSplitter: Sendable {
    private let measure: PassageMeasure
    private let overlap: Int

    /// - Parameter overlap: in tokens; nil for an eighth of the limit.
    public init(_ measure: PassageMeasure, overlap: Int? = nil) {
        self.measure = measure
        self.overlap = overlap ?? measure.limit / 8
    }

    /// The passages of a document as ranges of its text's UTF-8 bytes, in order. None is empty or begins or ends with white
    /// space, and what lies outside of all is white space.
    ///
    /// - Complexity: O(n) in the bytes of the text, and counting its tokens two or three times; those of a sentence that is too
    ///   long, as often as it is halved.
    public func passages(of document: Document) -> [Range<Int>] {
        let whole = trimmedRange(of: document.text)
        if whole.isEmpty { return [] }
        // A token takes a byte at least.
        if document.title.utf8.count + whole.count < measure.limit { return [whole] }
        let lengths = measure.lengths([document.title, document.text])
        if lengths[0] + lengths[1] <= measure.limit { return [whole] }
        return cut(document, titleLength: lengths[0])
    }

    private func cut(_ document: Document, titleLength: Int) -> [Range<Int>] {
        let headings = measure.lengths(document.headings.map { document.text.substring(utf8: $0.range) })
        var paths = HeadingPath(document)
        let deepest = document.headings.map { heading in
            paths.above(heading.range.upperBound).reduce(0) { $0 + headings[$1] }
        }
        // One limit for all passages: what is above a passage is known only when it is cut.
        let limit = longestText(beside: titleLength + (deepest.max() ?? 0))
        let sentences = Sentences(document, limit: limit, measure)
        var passages: [Range<Int>] = []
        for section in sections(sentences) {
            let parts = parts(of: section, sentences, limit: limit)
            passages += parts.map { part in
                sentences.ranges[part.lowerBound].lowerBound..<sentences.ranges[part.upperBound - 1].upperBound
            }
        }
        return passages
    }

    /// A title that takes more than half of the limit is not made way for.
    private func longestText(beside context: Int) -> Int { max(measure.limit - context, measure.limit / 2, 1) }

    /// The sections that are kept apart, as ranges of sentences: short ones are joined to what follows them.
    private func sections(_ sentences: Sentences) -> [Range<Int>] {
        var sections: [Range<Int>] = []
        var (start, length) = (0, 0)
        for (index, tokens) in sentences.lengths.enumerated() {
            if sentences.startsSection[index], length >= measure.limit / 4 {
                sections.append(start..<index)
                (start, length) = (index, 0)
            }
            length += tokens
        }
        sections.append(start..<sentences.lengths.count)
        return sections
    }

    /// A section in parts of about the same length, none longer than `limit`.
    private func parts(of section: Range<Int>, _ sentences: Sentences, limit: Int) -> [Range<Int>] {
        var rest = section.reduce(0) { $0 + sentences.lengths[$1] }
        if rest <= limit { return [section] }
        var parts: [Range<Int>] = []
        var start = section.lowerBound
        while start < section.upperBound {
            let first = parts.isEmpty ? start : overlapping(start, section, sentences, limit: limit)
            let shared = (first..<start).reduce(0) { $0 + sentences.lengths[$1] }
            let end = endOfPart(from: start, section, sentences, rest: rest, limit: limit - shared)
            parts.append(first..<end)
            rest -= (start..<end).reduce(0) { $0 + sentences.lengths[$1] }
            start = end
        }
        return parts
    }

    /// The first of the sentences before `start` that the next part repeats.
    private func overlapping(_ start: Int, _ section: Range<Int>, _ sentences: Sentences, limit: Int) -> Int {
        var (first, shared) = (start, 0)
        let most = min(overlap, limit - sentences.lengths[start])
        while first > section.lowerBound, shared + sentences.lengths[first - 1] <= most {
            first -= 1
            shared += sentences.lengths[first]
        }
        return first
    }

    /// The end of the part that begins at `start`: where a paragraph ends near its share of what is left, or else a sentence.
    private func endOfPart(from start: Int, _ section: Range<Int>, _ sentences: Sentences, rest: Int, limit: Int) -> Int
    {
        if rest <= limit { return section.upperBound }
        let count = (rest + limit - 1) / limit
        let share = (rest + count - 1) / count
        var length = 0
        var best = (end: start + 1, cost: Int.max)
        for end in start + 1...section.upperBound {
            length += sentences.lengths[end - 1]
            if length > limit { break }
            // Half of the distance is forgiven to an end of a paragraph; nothing may part a heading from its text.
            var cost = abs(length - share)
            if sentences.endsParagraph[end - 1] { cost /= 2 }
            if sentences.isHeading[end - 1] { cost += limit }
            if cost < best.cost { best = (end, cost) }
        }
        return best.end
    }
}

/// A document's text in sentences, with their lengths in tokens. Sentences that are too long are cut.
private struct Sentences {
    var ranges: [Range<Int>] = []
    var lengths: [Int] = []
    var endsParagraph: [Bool] = []
    /// Whether the sentence is, or ends in, a heading.
    var isHeading: [Bool] = []
    /// Whether a heading begins with the sentence.
    var startsSection: [Bool] = []

    init(_ document: Document, limit: Int, _ measure: PassageMeasure) {
        let units = Self.units(of: document.text)
        var pieces: [Range<Int>] = []
        var heading = 0
        var start = 0
        for (index, unit) in units.enumerated() {
            // A heading stands alone, whatever punctuation says.
            while heading < document.headings.count,
                document.headings[heading].range.upperBound <= unit.range.lowerBound
            {
                heading += 1
            }
            let next = index + 1 < units.count ? units[index + 1].range.lowerBound : Int.max
            let edge = heading < document.headings.count ? document.headings[heading].range : Int.max..<Int.max
            let nextIsHeading = unit.range.upperBound <= edge.lowerBound && edge.lowerBound <= next
            let headingEnds = edge.lowerBound <= unit.range.lowerBound && edge.upperBound <= next
            if unit.end >= .sentence || nextIsHeading || headingEnds || index + 1 == units.count {
                pieces.append(start..<index + 1)
                start = index + 1
            }
        }
        func bytes(_ piece: Range<Int>) -> Range<Int> {
            units[piece.lowerBound].range.lowerBound..<units[piece.upperBound - 1].range.upperBound
        }
        func lengths(_ pieces: [Range<Int>]) -> [Int] {
            measure.lengths(pieces.map { document.text.substring(utf8: bytes($0)) })
        }
        for (piece, length) in zip(pieces, lengths(pieces)) {
            let parts = length <= limit ? [(piece, length)] : Self.cut(piece, limit: limit, lengths)
            for (part, length) in parts {
                ranges.append(bytes(part))
                self.lengths.append(length)
                endsParagraph.append(units[part.upperBound - 1].end == .paragraph)
            }
        }
        let starts = Set(document.headings.map(\.range.lowerBound))
        startsSection = ranges.map { starts.contains($0.lowerBound) }
        let ends = Set(document.headings.map(\.range.upperBound))
        isHeading = ranges.map { ends.contains($0.upperBound) }
    }

    /// The words of a text. Runs without white space that are too long for words, such as encoded data, are several.
    private static func units(of text: String) -> [TextUnit] {
        let longest = 48
        let units = TextUnitScanner.units(of: text)
        guard units.contains(where: { $0.range.count > longest }) else { return units }
        let bytes = Array(text.utf8)
        return units.flatMap { unit -> [TextUnit] in
            var parts: [TextUnit] = []
            var start = unit.range.lowerBound
            while unit.range.upperBound - start > longest {
                var end = start + longest
                while bytes[end] & 0xC0 == 0x80 { end -= 1 }
                parts.append(TextUnit(range: start..<end, end: .word))
                start = end
            }
            return parts + [TextUnit(range: start..<unit.range.upperBound, end: unit.end)]
        }
    }

    /// A piece that is too long, in halves until they fit or are words.
    private static func cut(_ piece: Range<Int>, limit: Int, _ lengths: ([Range<Int>]) -> [Int]) -> [(Range<Int>, Int)]
    {
        guard piece.count > 1 else { return [(piece, limit)] }
        let middle = piece.lowerBound + piece.count / 2
        let halves = [piece.lowerBound..<middle, middle..<piece.upperBound]
        return zip(halves, lengths(halves)).flatMap { half, length in
            length <= limit ? [(half, length)] : cut(half, limit: limit, lengths)
        }
    }
}

extension String {
    /// The part of the string at `range` of its UTF-8 bytes.
    public func substring(utf8 range: Range<Int>) -> String {
        if range.lowerBound == 0, range.upperBound == utf8.count { return self }
        return String(decoding: utf8.dropFirst(range.lowerBound).prefix(range.count), as: UTF8.self)
    }
}
