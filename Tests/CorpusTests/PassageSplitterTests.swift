import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

@Suite struct PassageSplitterTests {
    func passages(_ text: String, size: Int?, overlap: Int = 0) throws -> [String] {
        let bytes = Array(text.utf8)
        return try PassageSplitter(size: size, overlap: overlap).passages(of: text).map {
            String(decoding: bytes[$0], as: UTF8.self)
        }
    }

    func sentences(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var sentences: [String] = []
        var start: Int?
        for unit in TextUnitScanner.units(of: text) {
            start = start ?? unit.range.lowerBound
            if unit.end >= .sentence, let first = start {
                sentences.append(String(decoding: bytes[first..<unit.range.upperBound], as: UTF8.self))
                start = nil
            }
        }
        return sentences
    }

    @Test func passagesEndAtSentenceEnds() throws {
        #expect(
            try passages("One two three. Four five. Six seven eight nine.", size: 6)
                == ["One two three. Four five.", "Six seven eight nine."])
        #expect(try passages("a b c d e f g", size: 3) == ["a b c", "d e f", "g"])
        #expect(try passages("a b\nc d e f", size: 3) == ["a b", "c d e", "f"])
    }

    @Test func wholeDocumentIsOneTrimmedPassage() throws {
        #expect(try passages("  One. Two. \n", size: nil) == ["One. Two."])
        #expect(PassageSplitter.wholeDocuments.passages(of: " \n ") == [])
        #expect(try passages("", size: 5) == [])
        #expect(try passages("\u{3000}x\u{A0}", size: 5) == ["x"])
    }

    @Test func overlapRepeatsThatManyWords() throws {
        #expect(try passages("a b c d e f g h", size: 4, overlap: 2) == ["a b c d", "c d e f", "e f g h"])
        #expect(
            try passages("A b. C d e. F g h.", size: 5, overlap: 1) == ["A b. C d e.", "e. F g h."])
    }

    @Test func sentencesSurviveAbbreviationsAndNumbers() {
        #expect(
            sentences(
                "Dr. Smith paid 3.50 in the U.S. Senate. He left! \"Really?\" (Yes.) Was it 1999? Etc. and so on.")
                == [
                    "Dr. Smith paid 3.50 in the U.S. Senate.", "He left!", "\"Really?\"", "(Yes.)", "Was it 1999?",
                    "Etc. and so on.",
                ])
        #expect(sentences("J. S. Bach was born in 1685. He wrote.") == ["J. S. Bach was born in 1685.", "He wrote."])
        #expect(sentences("Am 3. Oktober kam er. Dann ging er.") == ["Am 3. Oktober kam er.", "Dann ging er."])
        #expect(
            sentences("It took 80 sec. Then no. 5, Fig. 2 and no. No.") == [
                "It took 80 sec.", "Then no. 5, Fig. 2 and no.", "No.",
            ])
        #expect(sentences("Wait... What? Yahoo! is big.") == ["Wait...", "What?", "Yahoo! is big."])
        #expect(sentences("Title\n\nbody text") == ["Title", "body text"])
        #expect(sentences("नमस्ते। कैसे हो?") == ["नमस्ते।", "कैसे हो?"])
    }

    @Test func textWithoutSpacesIsCountedByCharacters() throws {
        #expect(sentences("私は学生です。「はい。」次へ！") == ["私は学生です。", "「はい。」", "次へ！"])
        #expect(try passages("私は学生です。次の文章です。", size: 7) == ["私は学生です。", "次の文章です。"])
        #expect(TextUnitScanner.units(of: "東京2020年 abc東（京）").count == 7)
        #expect(TextUnitScanner.units(of: "한국어 문장입니다.").count == 2)
    }

    @Test func impossibleSizesAreRefused() {
        #expect(errorText { try PassageSplitter(size: 0) }.contains("a size of 1 to"))
        #expect(errorText { try PassageSplitter(size: 5, overlap: 5) }.contains("less than the size"))
        #expect(errorText { try PassageSplitter(size: 5, overlap: -1) }.contains("at least 0"))
        // Nearly the size: the text would be repeated 5000 times.
        #expect(errorText { try PassageSplitter(size: 5000, overlap: 4999) }.contains("at most 4687"))
        #expect(throws: Never.self) { try PassageSplitter(size: 5000, overlap: 4687) }
    }

    /// Over random texts: nothing but white space is lost, sizes and overlaps are as asked, words stay whole, and a
    /// passage that could have ended with a sentence did.
    @Test func sizesBeyondEveryTextAreRefused() {
        #expect(throws: TrawlError.self) { try PassageSplitter(size: .max, overlap: .max - 1) }
        #expect(throws: TrawlError.self) { try PassageSplitter(size: 1 << 31) }
        #expect(throws: Never.self) { try PassageSplitter(size: 1 << 31 - 1) }
    }

    @Test func propertiesHoldOnRandomTexts() throws {
        var random = SplitMix64(seed: 42)
        let pieces = [
            "word", "a", "U.S.", "3.14", "end.", "Stop!", "(x)", "日本", "。", "ไทย", "é\u{301}", "\n", "\n\n", " ", " ",
            "\t",
            " ", "\u{3000}", "「", "」", "...", "No.", "\u{200D}", "😀", "ﬁn?", "\"q.\"",
        ]
        for round in 0..<3_000 {
            let text = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let size = Int.random(in: 1...12, using: &random)
            let overlap = Int.random(in: 0..<size, using: &random)
            let splitter = try PassageSplitter(size: size, overlap: overlap)
            let found = splitter.passages(of: text)
            #expect(found == splitter.passages(of: text))
            let units = TextUnitScanner.units(of: text)
            check(found, units, text, size: size, overlap: overlap, round: round)
        }
    }

    private func check(
        _ found: [Range<Int>], _ units: [TextUnit], _ text: String, size: Int, overlap: Int, round: Int
    ) {
        let bytes = Array(text.utf8)
        var covered = [Bool](repeating: false, count: bytes.count)
        for range in units.map(\.range) { for index in range { covered[index] = true } }
        let rest = String(decoding: zip(bytes, covered).filter { !$0.1 }.map(\.0), as: UTF8.self)
        #expect(rest.unicodeScalars.allSatisfy { $0.properties.isWhitespace }, "round \(round)")
        #expect(found.isEmpty == units.isEmpty)
        var previousEnd = 0
        for range in found {
            guard let first = units.firstIndex(where: { $0.range.lowerBound == range.lowerBound }),
                let last = units.firstIndex(where: { $0.range.upperBound == range.upperBound })
            else {
                Issue.record("a passage of round \(round) cuts a word")
                return
            }
            let count = last - first + 1
            #expect((1...size).contains(count))
            #expect(first == (previousEnd == 0 ? 0 : previousEnd - overlap), "round \(round)")
            if units[last].end < .sentence {
                let limit = min(first + size, units.count)
                #expect(!units[(first + overlap)..<limit].contains { $0.end >= .sentence }, "round \(round)")
            }
            previousEnd = last + 1
        }
        #expect(previousEnd == units.count, "round \(round)")
    }
}
