import Foundation
import Testing
import TrawlCore

@testable import TrawlCorpus

/// Passages that fit a model. A token is a word here.
@Suite struct FittingSplitterTests {
    private func splitter(_ limit: Int, overlap: Int = 0) -> FittingSplitter {
        FittingSplitter(
            PassageMeasure(limit: limit) { texts in texts.map { $0.split(whereSeparator: \.isWhitespace).count } },
            overlap: overlap)
    }

    /// A document whose lines that begin with `#` are headings.
    private func document(_ text: String, title: String = "") -> Document {
        var headings: [RawHeading] = []
        for (line, content) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let level = content.prefix { $0 == "#" }.count
            if level > 0 { headings.append(RawHeading(level: level, line: line)) }
        }
        return Document(
            id: DocumentID("d"), title: title, text: text, headings: headings.located(in: text),
            origin: Origin(path: "d"))
    }

    private func passages(_ document: Document, limit: Int, overlap: Int = 0) -> [String] {
        splitter(limit, overlap: overlap).passages(of: document).map { document.text.substring(utf8: $0) }
    }

    @Test func documentThatFitsIsOnePassage() {
        #expect(passages(document(" one two\n\n# three\nfour "), limit: 5) == ["one two\n\n# three\nfour"])
        #expect(passages(document("  "), limit: 5) == [])
    }

    @Test func titleTakesPartOfTheLimit() {
        let text = "One two three. Four five six."
        #expect(passages(document(text, title: "A"), limit: 7).count == 1)
        #expect(passages(document(text, title: "A b"), limit: 7) == ["One two three.", "Four five six."])
    }

    @Test func sectionsAreKeptApart() {
        let text = "# One\nAbout the first thing.\n# Two\nAbout the second thing."
        #expect(
            passages(document(text), limit: 8) == ["# One\nAbout the first thing.", "# Two\nAbout the second thing."])
    }

    @Test func shortSectionGoesWithTheNext() {
        let text = "# First\nBrief.\n# Second\n" + String(repeating: "Six more words are in here. ", count: 4)
        #expect(passages(document(text), limit: 16).first?.hasPrefix("# First\nBrief.\n# Second\nSix") == true)
    }

    @Test func longSectionIsCutEvenlyAtSentences() {
        let names = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
        let text = names.map { "This is sentence number \($0)." }.joined(separator: " ")
        let found = passages(document(text), limit: 20)
        // 50 words in passages of at most 20: three of about 17.
        #expect(found.count == 3)
        #expect(found.filter { !$0.hasSuffix(".") }.isEmpty)
        #expect(found.map { $0.split(separator: " ").count }.max() == 20)
    }

    @Test func endOfParagraphIsPreferred() {
        let text = "Aa bb cc. Dd ee ff.\n\nGg hh ii. Jj kk ll. Mm nn oo."
        #expect(passages(document(text), limit: 10) == ["Aa bb cc. Dd ee ff.", "Gg hh ii. Jj kk ll. Mm nn oo."])
    }

    @Test func headingIsNotPartedFromItsText() {
        let text = "Aa bb cc dd ee ff.\n# Head\nGg hh ii jj kk ll."
        for passage in passages(document(text), limit: 11) { #expect(!passage.hasSuffix("Head")) }
    }

    @Test func neighboursShareSentences() {
        let text = "Aa aa aa. Bb bb bb. Cc cc cc. Dd dd dd. Ee ee ee. Ff ff ff."
        #expect(
            passages(document(text), limit: 9, overlap: 3) == [
                "Aa aa aa. Bb bb bb. Cc cc cc.", "Cc cc cc. Dd dd dd. Ee ee ee.", "Ee ee ee. Ff ff ff.",
            ])
    }

    @Test func pathNamesTheSectionsAbove() {
        let document = document("# Book\n## One\na\n### Deep\nb\n## Two\nc")
        var path = HeadingPath(document.headings)
        func above(_ text: String) -> [String] {
            let start = document.text.range(of: text)?.lowerBound ?? document.text.endIndex
            let offset = document.text.utf8.distance(from: document.text.startIndex, to: start)
            return path.indices(above: offset).map { document.text.substring(utf8: document.headings[$0].range) }
        }
        #expect(above("\na") == ["# Book", "## One"])
        #expect(above("### Deep") == ["# Book", "## One"])
        #expect(above("\nb") == ["# Book", "## One", "### Deep"])
        // Its own section begins there, and those of its level and below end.
        #expect(above("## Two") == ["# Book"])
        #expect(above("\nc") == ["# Book", "## Two"])
    }

    @Test func longRunWithoutWhiteSpaceIsCut() {
        let data = String(repeating: "é0", count: 400)
        let splitter = FittingSplitter(PassageMeasure(limit: 50) { $0.map { $0.utf8.count / 10 + 1 } }, overlap: 0)
        let document = document(data)
        let found = splitter.passages(of: document).map { document.text.substring(utf8: $0) }
        #expect(found.count > 1 && found.joined() == data)
    }

    /// Over random documents: nothing but white space is lost, no passage is too long unless a word is, words stay whole.
    @Test func propertiesHoldOnRandomDocuments() {
        var random = SplitMix64(seed: 7)
        let pieces = [
            "word", "a", "end.", "Stop!", "\n", "\n\n", " ", " ", "\n# head\n", "\n## sub\n", "日本", "é\u{301}",
        ]
        for round in 0..<2_000 {
            let text = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let limit = Int.random(in: 4...30, using: &random)
            let overlap = Int.random(in: 0...limit / 4, using: &random)
            let document = document(text, title: Bool.random(using: &random) ? "t" : "")
            let found = splitter(limit, overlap: overlap).passages(of: document)
            var covered = Set<Int>()
            var previous = 0..<0
            var path = HeadingPath(document.headings)
            for range in found {
                #expect(range.lowerBound >= previous.lowerBound && range.upperBound > previous.upperBound)
                #expect(!range.isEmpty)
                covered.formUnion(range)
                previous = range
                let above = path.indices(above: range.lowerBound).map { document.headings[$0].range }
                let context = (above + [range]).map { document.text.substring(utf8: $0) } + [document.title]
                let words = context.reduce(0) { $0 + $1.split(whereSeparator: \.isWhitespace).count }
                // More than half of the limit is not left to title and headings, whose texts are two words at most.
                #expect(words <= max(limit, limit / 2 + 5), "round \(round)")
            }
            let rest = text.utf8.enumerated().filter { !covered.contains($0.offset) }.map(\.element)
            #expect(
                String(decoding: rest, as: UTF8.self).unicodeScalars.allSatisfy { $0.properties.isWhitespace },
                "round \(round)")
        }
    }
}
