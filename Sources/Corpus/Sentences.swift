/// A document's text in sentences, with their lengths in tokens. Sentences that are too long are cut.
struct Sentences {
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
