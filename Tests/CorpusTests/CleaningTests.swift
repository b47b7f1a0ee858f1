import Foundation
import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct CleaningTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    /// Sorting 200,000 marks one by one would take minutes.
    @Test func longRunsOfMarksAreSortedAtOnce() {
        let marks = String(repeating: "\u{301}\u{323}", count: 100_000)
        let expected =
            "\u{1EA1}" + String(repeating: "\u{323}", count: 99_999) + String(repeating: "\u{301}", count: 100_000)
        #expect(sameScalars(cleaned("a" + marks), expected))
    }

    @Test func decomposedTextBecomesNFC() {
        #expect(sameScalars(cleaned("cafe\u{301}"), "caf\u{E9}"))
        #expect(sameScalars(cleaned("\u{1112}\u{1161}\u{11AB}"), "\u{D55C}"))
        #expect(sameScalars(cleaned("\u{212B}"), "\u{C5}"))
        #expect(sameScalars(cleaned("a\u{323}\u{307}"), cleaned("a\u{307}\u{323}")))
        #expect(sameScalars(cleaned("か\u{3099}"), "が"))
        #expect(sameScalars(cleaned("ﬁ Ａ ①"), "ﬁ Ａ ①"))
    }

    @Test func controlCharactersBecomeSpaces() {
        #expect(sameScalars(cleaned("a\0b\u{1}c\td\ne\r\nf\rg\u{1B}\u{7F}"), "a b c\td\ne\nf g \u{7F}"))
        #expect(sameScalars(cleaned("e\u{301}\0"), "\u{E9} "))
    }

    /// The scalars that skip the normaliser must be those that it leaves alone wherever they stand.
    @Test func inertScalarsAreInertByUnicodesData() {
        let neighbours = ["a", "か", "\u{1100}", "\u{AC00}", "\u{915}", "\u{1D158}", "e\u{301}"]
        var checked = 0
        for value in UInt32(0x80)...0x2FFFF {
            guard isInertUnderNFC(value), let scalar = Unicode.Scalar(value) else { continue }
            checked += 1
            let isStarter = scalar.properties.canonicalCombiningClass == .notReordered
            let alone = String(Character(scalar))
            // One long string instead of a call for each neighbour: the calls cost most.
            let amid = neighbours.map { $0.precomposedStringWithCanonicalMapping + alone }.joined()
            if !isStarter || !sameScalars(amid.precomposedStringWithCanonicalMapping, amid) {
                Issue.record("U+\(String(value, radix: 16)) is not inert")
            }
        }
        #expect(checked > 40_000)
    }

    @Test func normalisationAppliesToTitlesAndTexts() throws {
        try fixture.write("a.jsonl", #"{"id": 1, "title": "e\u0301", "text": "o\u0308\u0000x"}"#)
        let document = try fixture.documents("a.jsonl")[0]
        #expect(sameScalars(document.title, "\u{E9}"))
        #expect(sameScalars(document.text, "\u{F6} x"))
    }

    @Test(arguments: [
        [0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
    ])
    func invalidUTF8IsNamedByLineAndByte(bytes: [UInt8]) throws {
        let first = "{\"id\": 1, \"text\": \"é\"}\n"
        let content = [UInt8]((first + "{\"id\": 2, \"text\": \"").utf8) + bytes + [UInt8]("\"}\n".utf8)
        try fixture.write("a.jsonl", content)
        #expect(fixture.failure("a.jsonl").hasPrefix("a.jsonl:2: is not UTF-8: byte 20 of the line is 0x"))
        try fixture.write("a.txt", [UInt8]("line\nline\nab".utf8) + bytes)
        #expect(fixture.failure("a.txt").hasPrefix("a.txt:3: is not UTF-8: byte 3 of the line is 0x"))
        try fixture.write("a.tsv", [UInt8]("1\t".utf8) + bytes)
        #expect(fixture.failure("a.tsv").hasPrefix("a.tsv:1: is not UTF-8: byte 3 of the line is 0x"))
    }
}
