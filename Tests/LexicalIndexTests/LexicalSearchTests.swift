import Foundation
import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlLexicalIndex

/// An index folder with lexical segments that is removed with its owner.
final class LexicalFixture {
    private let folder: TemporaryFolder
    var path: String { folder.path }
    let searcher: LexicalSearcher
    let segments: [SegmentReader]

    /// Indexes `texts`, cut into as many segments as `sizes` says.
    init(_ texts: [String], sizes: [Int], _ settings: AnalyzerSettings, _ parameters: BM25Parameters = .init()) throws {
        folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        var infos: [SegmentInfo] = []
        var rest = texts[...]
        for size in sizes {
            let builder = try LexicalSegmentBuilder(settings)
            for text in rest.prefix(size) { builder.add(passageText: text) }
            rest = rest.dropFirst(size)
            let writer = session.newSegment()
            try builder.finish(into: writer)
            infos.append(
                SegmentInfo(number: writer.number, documentCount: UInt32(size), passageCount: UInt32(size)))
        }
        try session.commit(segments: infos)
        segments = try Store.open(at: folder.path).snapshot().segments
        searcher = try LexicalSearcher(segments, settings: settings, parameters: parameters)
    }
}

@Suite struct LexicalSearchTests {
    static let plain = AnalyzerSettings(language: "xx", stemmer: nil, removesStopWords: false)

    /// Texts over a small skewed vocabulary, some of them empty.
    static func texts(_ count: Int, seed: UInt64 = 1) -> [String] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            (0..<random.below(40)).map { _ in "w\(random.below(1 + random.below(200)))" }.joined(separator: " ")
        }
    }

    /// BM25 by its formula, in double precision.
    static func naive(_ texts: [String], _ query: String, k1: Double, b: Double) -> [Double] {
        let passages = texts.map { $0.split(separator: " ") }
        let mean = Double(passages.map(\.count).reduce(0, +)) / Double(passages.count)
        var scores = [Double](repeating: 0, count: texts.count)
        for term in query.split(separator: " ") {
            let df = Double(passages.count { $0.contains(term) })
            let idf = log(1 + (Double(passages.count) - df + 0.5) / (df + 0.5))
            for (number, passage) in passages.enumerated() {
                let tf = Double(passage.count { $0 == term })
                let norm: Double = 1 - b + b * Double(passage.count) / mean
                scores[number] += idf * tf / (tf + k1 * norm)
            }
        }
        return scores
    }

    @Test func scoresAreThoseOfTheFormula() throws {
        let texts = Self.texts(300)
        let fixture = try LexicalFixture(texts, sizes: [100, 0, 150, 50], Self.plain, BM25Parameters(k1: 1.2, b: 0.75))
        for query in ["w0", "w1 w7 w150", "w3 w3 w5 nowhere", "w0 w1 w2 w3 w4 w5"] {
            let expected = Self.naive(texts, query, k1: 1.2, b: 0.75)
            let ranking = try fixture.searcher.search(query, k: 1000)
            #expect(ranking.count == expected.count { $0 > 0 })
            for entry in ranking {
                #expect(abs(Double(entry.score) - expected[Int(entry.passage.rawValue)]) < 1e-4)
            }
            #expect(try fixture.searcher.search(query, k: 7) == ranking.top(7))
        }
    }

    @Test func manySegmentsAnswerExactlyAsOne() throws {
        let texts = Self.texts(400, seed: 5)
        let one = try LexicalFixture(texts, sizes: [400], Self.plain)
        let many = try LexicalFixture(texts, sizes: [1, 0, 133, 200, 66], Self.plain)
        for query in ["w0", "w9 w1 w77", "w2 w2 w4 w190 w30"] {
            for k in [1, 10, 500] { #expect(try one.searcher.search(query, k: k) == many.searcher.search(query, k: k)) }
        }
    }

    @Test func tiesStandInTheOrderOfPassages() throws {
        let fixture = try LexicalFixture(["b", "a", "a", "b", "a"], sizes: [2, 3], Self.plain)
        #expect(try fixture.searcher.search("a", k: 2).map(\.passage.rawValue) == [1, 2])
        #expect(try fixture.searcher.search("a", k: 9).map(\.passage.rawValue) == [1, 2, 4])
    }

    @Test func queriesWithoutAnswerGiveAnEmptyRanking() throws {
        let fixture = try LexicalFixture(["some text", ""], sizes: [2], .english)
        for query in ["", "the of", "?!", "absent"] { #expect(try fixture.searcher.search(query, k: 5).isEmpty) }
        #expect(try fixture.searcher.search("text", k: 0).isEmpty)
        let empty = try LexicalFixture(["", ""], sizes: [2], .english)
        #expect(try empty.searcher.search("text", k: 5).isEmpty)
        #expect(try LexicalSearcher([]).search("text", k: 5).isEmpty)
    }

    @Test func decomposedQueriesFindComposedText() throws {
        let fixture = try LexicalFixture(["caf\u{E9}"], sizes: [1], Self.plain)
        #expect(try fixture.searcher.search("cafe\u{301}", k: 1).count == 1)
    }

    @Test func theExplanationAddsUpToTheScore() throws {
        let texts = Self.texts(200, seed: 9)
        let fixture = try LexicalFixture(texts, sizes: [120, 80], Self.plain)
        let query = "w1 w0 w1 w5 nowhere"
        let ranking = try fixture.searcher.search(query, k: 20)
        #expect(ranking.count == 20)
        for entry in ranking {
            let parts = try fixture.searcher.explain(query, passage: entry.passage)
            #expect(parts.map(\.term) == ["w1", "w0", "w5", "nowhere"])
            #expect(parts.reduce(0) { $0 + $1.score } == entry.score)
            let words = texts[Int(entry.passage.rawValue)].split(separator: " ")
            for part in parts {
                #expect(part.frequency == words.count { $0 == part.term })
                #expect(part.passageFrequency == texts.count { $0.split(separator: " ").contains(part.term[...]) })
            }
        }
        #expect(throws: TrawlError.self) { try fixture.searcher.explain(query, passage: PassageID(200)) }
    }

    @Test func postingsAndLengthsThatSpanChunksReadBack() throws {
        // Two postings lists of a byte or three a passage, over a chunk of 1 MiB each, and over a mebibyte of lengths.
        let count = 400_000
        let fixture = try LexicalFixture(
            (0..<count).map { $0 % 1000 == 7 ? "x x x y" : "x x y" }, sizes: [count], Self.plain)
        for query in ["x", "y"] {
            let ranking = try fixture.searcher.search(query, k: count)
            #expect(ranking.count == count)
        }
        let first = try fixture.searcher.search("x", k: 1)[0]
        #expect(first.passage.rawValue == 7)
        #expect(try fixture.searcher.explain("x", passage: PassageID(399_007)).map(\.frequency) == [3])
    }

    @Test func checkAcceptsTheTextsThatMadeTheIndexAndNoOthers() throws {
        let texts = Self.texts(100, seed: 3)
        let fixture = try LexicalFixture(texts, sizes: [60, 40], .english)
        for segment in fixture.segments {
            try LexicalSearcher.check(segment, settings: .english) { texts[Int(segment.passageBase) + $0] }
        }
        let segment = fixture.segments[0]
        for (passage, change) in [(7, "w1 new"), (59, ""), (0, texts[0] + " w3")] {
            #expect(throws: TrawlError.self) {
                try LexicalSearcher.check(segment, settings: .english) { $0 == passage ? change : texts[$0] }
            }
        }
        #expect(throws: TrawlError.self) {
            // The same words in other passages: only the postings differ.
            try LexicalSearcher.check(segment, settings: .english) { texts[59 - $0] }
        }
    }

    @Test func badParametersAndSegmentsWithoutAnIndexAreRefused() throws {
        for (k1, b) in [(-1, 0.5), (Float.nan, 0.5), (1, 1.5), (1, -0.1), (.infinity, 0.5)] as [(Float, Float)] {
            #expect(throws: TrawlError.self) { try LexicalSearcher([], parameters: BM25Parameters(k1: k1, b: b)) }
        }
        let folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        let number = session.newSegment().number
        try session.commit(segments: [SegmentInfo(number: number, documentCount: 1, passageCount: 1)])
        let segments = try Store.open(at: folder.path).snapshot().segments
        #expect(throws: TrawlError.self) { try LexicalSearcher(segments) }
    }

    @Test func damagedPostingsAreRefusedAndNeverReadOutside() throws {
        let folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        var random = SplitMix64(seed: 11)
        var segments: [SegmentInfo] = []
        for round in 0..<200 {
            let writer = session.newSegment()
            let lengths = writer.blob(LexicalSegment.lengths, recordSize: 4)
            try lengths.append(contentsOf: [UInt32](repeating: 3, count: 5))
            try lengths.finish()
            let bytes = (0..<1 + random.below(30)).map { _ in UInt8(random.below(round % 2 == 0 ? 256 : 12)) }
            let postings = writer.blob(LexicalSegment.postings, recordSize: 1)
            try postings.append(contentsOf: bytes)
            try postings.finish()
            try writer.put(
                LexicalSegment.terms, Array("x".utf8),
                TermRecord(
                    offset: round % 5 == 0 ? .max - 3 : 0, collectionFrequency: 9, passageFrequency: 6,
                    byteCount: UInt32(bytes.count + round % 3)))
            try writer.put(
                LexicalSegment.totals, LexicalSegment.totalsKey,
                TotalsRecord(tokenCount: 15, passageCount: 5, termCount: 1))
            segments.append(SegmentInfo(number: writer.number, documentCount: 5, passageCount: 5))
        }
        try session.commit(segments: segments)
        for segment in try Store.open(at: folder.path).snapshot().segments {
            // Six passages of five cannot be: whatever the bytes are, they are wrong.
            let searcher = try LexicalSearcher([segment], settings: Self.plain)
            #expect(throws: TrawlError.self) { try searcher.search("x", k: 5) }
            #expect(throws: TrawlError.self) {
                try LexicalSearcher.check(segment, settings: Self.plain) { _ in "x y z" }
            }
        }
    }
}
