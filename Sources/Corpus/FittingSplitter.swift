import TrawlCore

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
        // One limit for all passages: what is above a passage is known only when it is cut.
        let limit = longestText(beside: titleLength + longestPath(in: document))
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

    /// The most tokens of headings above any text of a document. A heading that repeats the title is not added to it.
    private func longestPath(in document: Document) -> Int {
        let texts = document.headings.map { document.text.substring(utf8: $0.range) }
        let lengths = zip(texts, measure.lengths(texts)).map { $0 == document.title ? 0 : $1 }
        var path = HeadingPath(document.headings)
        return document.headings.reduce(0) { longest, heading in
            max(longest, path.indices(above: heading.range.upperBound).reduce(0) { $0 + lengths[$1] })
        }
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
