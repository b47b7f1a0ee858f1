import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlLexicalIndex

/// Searches that pass over postings find what searches that read all of them find.
@Suite struct SkippingTests {
    static let plain = LexicalSearchTests.plain

    /// Texts in which common words have thousands of postings, some passages are far better than others, and equal scores are
    /// frequent.
    static func texts(_ count: Int, seed: UInt64) -> [String] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { number in
            let length = number % 97 == 5 ? 60 : random.below(9)
            let spread = number / 3000 % 2 == 0 ? 12 : 400
            return (0..<length).map { _ in "w\(random.below(1 + random.below(spread)))" }.joined(separator: " ")
        }
    }

    /// The scores of all postings, added in the order of the terms.
    static func everyScore(_ searcher: LexicalSearcher, _ query: String) throws -> [ScoredPassage] {
        var scored: [ScoredPassage] = []
        let terms = try searcher.weighted(query)
        for segment in searcher.segments {
            var scores = [Float](repeating: 0, count: Int(segment.reader.info.passageCount))
            for term in terms {
                try segment.postings(of: term.bytes)?.forEachPosting { passage, frequency in
                    let length = segment.lengths.load(Int(passage), as: UInt32.self)
                    scores[Int(passage)] += searcher.scorer.score(weight: term.weight, frequency, length)
                    return true
                }
            }
            for (passage, score) in scores.enumerated() where score > 0 {
                scored.append(ScoredPassage(PassageID(segment.reader.passageBase + UInt32(passage)), score))
            }
        }
        return scored
    }

    static let queries = [
        "w0", "w3", "w0 w1", "w2 w0 w200", "w300 w0 w1 w2 w3 w4", "w390 w391 w0", "w5 w5 w0 w11 w7 nowhere",
        (0..<40).map { "w\($0)" }.joined(separator: " "),
    ]

    @Test(arguments: [(0.9, 0.4), (0, 0.5), (1.2, 0), (2.5, 1)] as [(Float, Float)])
    func theResultIsThatOfAllPostingsBitForBit(k1: Float, b: Float) throws {
        let fixture = try LexicalFixture(
            Self.texts(30_000, seed: 3), sizes: [13_000, 100, 0, 16_900], Self.plain, BM25Parameters(k1: k1, b: b))
        for query in Self.queries {
            let all = try Self.everyScore(fixture.searcher, query)
            for k in [1, 10, 1000, 40_000] {
                var top = TopPassages(k)
                for passage in all { top.offer(passage) }
                #expect(try fixture.searcher.search(query, k: k) == top.ranking(), "\(query), \(k)")
            }
        }
    }

    @Test func aFilterLeavesTheOthersTheirRanks() throws {
        let fixture = try LexicalFixture(Self.texts(20_000, seed: 4), sizes: [20_000], Self.plain)
        for query in Self.queries {
            var top = TopPassages(10)
            for passage in try Self.everyScore(fixture.searcher, query) where passage.passage.rawValue % 7 == 3 {
                top.offer(passage)
            }
            let found = try fixture.searcher.search(fixture.searcher.weighted(query), fixture.searcher.scorer, k: 10) {
                $0.rawValue % 7 == 3
            }
            #expect(found == top.ranking())
        }
    }

    /// Writes the lexical index of `segment` as stores before format 3 have it.
    private static func writeEarlier(_ segment: LexicalSearcher.Segment, into writer: SegmentWriter) throws {
        let lengths = writer.blob(LexicalSegment.lengths, recordSize: 4)
        for passage in 0..<segment.lengths.recordCount {
            try lengths.append(segment.lengths.load(passage, as: UInt32.self))
        }
        try lengths.finish()
        let postings = writer.blob(LexicalSegment.postings, recordSize: 1)
        try segment.reader.forEachRecord(of: LexicalSegment.terms) { term, record in
            var bytes: [UInt8] = []
            var expected: UInt32 = 0
            try segment.postings(of: Array(term))?.forEachPosting { passage, frequency in
                VariableByte.append((passage - expected) << 1 | (frequency == 1 ? 1 : 0), to: &bytes)
                if frequency > 1 { VariableByte.append(frequency - 2, to: &bytes) }
                expected = passage + 1
                return true
            }
            var earlier = record
            (earlier.offset, earlier.byteCount) = (UInt64(postings.byteCount), UInt32(bytes.count))
            try postings.append(contentsOf: bytes)
            try writer.put(LexicalSegment.terms, term, earlier)
            return true
        }
        try postings.finish()
        let totals = try #require(try segment.reader.record(LexicalSegment.totals, LexicalSegment.totalsKey))
        try writer.put(LexicalSegment.totals, LexicalSegment.totalsKey, totals)
    }

    @Test func segmentsOfEarlierFormatsAnswerTheSameAndGetBlocksWhenTheyAreMerged() throws {
        let texts = Self.texts(20_000, seed: 5)
        let fixture = try LexicalFixture(texts, sizes: [20_000], Self.plain)
        let segment = fixture.searcher.segments[0]
        #expect(segment.blocks?.recordCount ?? 0 > 500)
        let folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        let writer = session.newSegment()
        try Self.writeEarlier(segment, into: writer)
        var info = SegmentInfo(number: writer.number, documentCount: 20_000, passageCount: 20_000)
        try session.commit(segments: [info])
        let earlier = try Store.open(at: folder.path).snapshot().segments[0]
        let searcher = try LexicalSearcher([earlier], settings: Self.plain)
        for query in Self.queries {
            for k in [10, 1000] { #expect(try searcher.search(query, k: k) == fixture.searcher.search(query, k: k)) }
        }
        try LexicalSearcher.check(earlier, settings: Self.plain) { texts[$0] }

        let merged = session.newSegment()
        try LexicalSegmentMerger.merge([SegmentSlice(earlier, passages: [0..<20_000])], into: merged)
        info = SegmentInfo(number: merged.number, documentCount: 20_000, passageCount: 20_000)
        try session.commit(segments: [info])
        let result = try Store.open(at: folder.path).snapshot().segments[0]
        #expect(try result.storedChecksums() == segment.reader.storedChecksums())
        try LexicalSearcher.check(result, settings: Self.plain) { texts[$0] }
    }

    @Test func mergedSegmentsAreThoseOfTheirPassages() throws {
        let texts = Self.texts(9000, seed: 13)
        let fixture = try LexicalFixture(texts, sizes: [5000, 4000], Self.plain)
        let kept: [[Range<UInt32>]] = [[0..<7, 100..<4321], [1..<2, 50..<3999]]
        let slices = zip(fixture.segments, kept).map { SegmentSlice($0, passages: $1) }
        let folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        let writer = session.newSegment()
        try LexicalSegmentMerger.merge(slices, into: writer)
        let left = slices.flatMap { slice in
            slice.passages.flatMap { $0.map { texts[Int(slice.reader.passageBase + $0)] } }
        }
        let count = UInt32(left.count)
        try session.commit(segments: [
            SegmentInfo(number: writer.number, documentCount: count, passageCount: count)
        ])
        let merged = try Store.open(at: folder.path).snapshot().segments[0]
        let fresh = try LexicalFixture(left, sizes: [left.count], Self.plain)
        #expect(try merged.storedChecksums() == fresh.segments[0].storedChecksums())
        try LexicalSearcher.check(merged, settings: Self.plain) { left[$0] }
    }

    @Test func noPostingScoresMoreThanItsBlockAndOneAsMuch() throws {
        var random = SplitMix64(seed: 6)
        for round in 0..<200 {
            let spread = UInt64(1 + round)
            let postings = (0..<PostingBlock.capacity + 1).map { _ in
                (
                    frequency: UInt32(1 + random.below(1 + random.below(Int(spread)))),
                    length: UInt32(1 + random.below(400))
                )
            }
            var encoder = PostingEncoder()
            encoder.start()
            for (passage, posting) in postings.enumerated() {
                encoder.append(UInt32(passage * 3), posting.frequency, length: posting.length)
            }
            let block = try encoder.finish(offset: 0, firstBlock: 0).blocks[0]
            #expect(block.last == 127 * 3)
            let scorer = BM25Scorer(BM25Parameters(k1: Float(random.below(3)), b: 0.5), meanLength: 150)
            let best = try #require(
                postings.dropLast().map { scorer.score(weight: 2, $0.frequency, $0.length) }.max())
            let bound = block.bound(scorer, weight: 2)
            #expect(bound >= best * 0.999_999)
            // Four pairs stand for all of them, which costs little.
            #expect(bound <= best * 1.2)
        }
    }

    @Test func numbersBeyondSixteenBitsAreBounded() throws {
        var encoder = PostingEncoder()
        encoder.start()
        for passage in 0..<UInt32(129) { encoder.append(passage, passage == 7 ? 1_000_000 : 1, length: 2_000_000) }
        let block = try encoder.finish(offset: 0, firstBlock: 0).blocks[0]
        let scorer = BM25Scorer(BM25Parameters(k1: 2, b: 1), meanLength: 10)
        #expect(block.bound(scorer, weight: 3) >= scorer.score(weight: 3, UInt32(1_000_000), 2_000_000))
    }

    @Test func explanationsAndCoverageReadTheSameFrequencies() throws {
        let texts = Self.texts(9000, seed: 8)
        let fixture = try LexicalFixture(texts, sizes: [5000, 4000], Self.plain)
        let query = "w0 w4 w300"
        let passages = [0, 17, 4998, 4999, 5000, 8999].map { PassageID(UInt32($0)) }
        let coverage = try fixture.searcher.coverage(of: query)
        let shares = try coverage.shares(of: passages.reversed()).reversed()
        for (passage, share) in zip(passages, shares) {
            let words = texts[Int(passage.rawValue)].split(separator: " ")
            let parts = try fixture.searcher.explain(query, passage: passage)
            #expect(parts.map(\.frequency) == parts.map { part in words.count { $0 == part.term } })
            let held = zip(coverage.weights, parts).reduce(Float(0)) { $1.1.frequency > 0 ? $0 + $1.0 : $0 }
            #expect(abs(share - held / coverage.weights.reduce(0, +)) < 1e-6)
        }
    }

    /// Few and many deletions: weights and hits are those of an index that never had the passages.
    @Test(arguments: [3, 4000]) func deletedPassagesCountForNothing(deleted: Int) throws {
        let texts = Self.texts(12_000, seed: 9)
        let folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        let writer = session.newSegment()
        let builder = try LexicalSegmentBuilder(Self.plain)
        for text in texts { builder.add(passageText: text) }
        try builder.finish(into: writer)
        var info = SegmentInfo(number: writer.number, documentCount: 12_000, passageCount: 12_000)
        try session.commit(segments: [info])
        var dead = BitSet(bound: 12_000)
        for number in 0..<deleted { dead.insert(5 + 3 * number % 11_990) }
        let deletions = session.newSegment()
        let segment = try Store.open(at: folder.path).snapshot().segments[0]
        try LexicalDeletions.write(for: segment, dead: dead, into: deletions)
        info.deletions = try DeletionSet.write(documents: dead, passages: dead, into: deletions)
        try session.commit(segments: [info])

        let searcher = try LexicalSearcher(Store.open(at: folder.path).snapshot().segments, settings: Self.plain)
        let live = texts.indices.filter { !dead.contains($0) }
        let fresh = try LexicalFixture(live.map { texts[$0] }, sizes: [live.count], Self.plain)
        for query in Self.queries {
            let expected = try fresh.searcher.search(query, k: 50)
            for _ in 1...2 {
                let found = try searcher.search(query, k: 50)
                #expect(found.map(\.score) == expected.map(\.score))
                #expect(found.map { Int($0.passage.rawValue) } == expected.map { live[Int($0.passage.rawValue)] })
            }
        }
    }

    @Test func damagedBlocksAreRefusedOrReadWithinTheirBounds() throws {
        let folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        var random = SplitMix64(seed: 12)
        var segments: [SegmentInfo] = []
        let count = 9000
        for _ in 0..<100 {
            let writer = session.newSegment()
            let lengths = writer.blob(LexicalSegment.lengths, recordSize: 4)
            try lengths.append(contentsOf: [UInt32](repeating: 3, count: count))
            try lengths.finish()
            let postings = writer.blob(LexicalSegment.postings, recordSize: 1)
            let blocks = writer.blob(LexicalSegment.blocks, recordSize: MemoryLayout<PostingBlock>.stride)
            for (number, term) in ["x", "y"].enumerated() {
                var list = PostingEncoder()
                list.start()
                for passage in 0..<UInt32(count) where passage % UInt32(1 + number) == 0 {
                    list.append(passage, 1 + UInt32(random.below(3)), length: 3)
                }
                var (record, range, described) = try list.finish(
                    offset: postings.byteCount, firstBlock: blocks.byteCount / MemoryLayout<PostingBlock>.stride)
                for _ in 0..<random.below(4) {
                    let block = random.below(described.count)
                    switch random.below(5) {
                    case 0: described[block].last = UInt32(random.below(2 * count))
                    case 1: described[block].end = UInt32(random.below(2 * list.bytes.count))
                    case 2: described.swapAt(block, random.below(described.count))
                    case 3: range?.first += UInt64(random.below(3))
                    default: record.passageFrequency += UInt32(random.below(200))
                    }
                }
                try postings.append(contentsOf: list.bytes)
                try blocks.append(contentsOf: described)
                try writer.put(LexicalSegment.terms, Array(term.utf8), record)
                try writer.put(LexicalSegment.blockRanges, Array(term.utf8), try #require(range))
            }
            try postings.finish()
            try blocks.finish()
            try writer.put(
                LexicalSegment.totals, LexicalSegment.totalsKey,
                TotalsRecord(tokenCount: UInt64(3 * count), passageCount: UInt32(count), termCount: 2))
            segments.append(
                SegmentInfo(number: writer.number, documentCount: UInt32(count), passageCount: UInt32(count)))
        }
        try session.commit(segments: segments)
        var refused = 0
        for segment in try Store.open(at: folder.path).snapshot().segments {
            do {
                let searcher = try LexicalSearcher([segment], settings: Self.plain)
                for k in [3, 20_000] { _ = try searcher.search("y x", k: k) }
            } catch let error as TrawlError {
                #expect(error.code == .corrupted)
                refused += 1
            }
        }
        #expect(refused > 20)
    }
}
