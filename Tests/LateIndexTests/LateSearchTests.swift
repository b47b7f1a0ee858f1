import Testing
import TrawlCore
import TrawlStore
import TrawlTensors
import TrawlTestSupport

@testable import TrawlLateIndex

@Suite struct LateSearchTests {
    /// What tables of bytes may change for each token of a query.
    private let tolerance = 0.004

    @Test(arguments: [(1, 64), (2, 64), (4, 64), (2, 384), (4, 128)]) func scoresAreSumsOfLargestProducts(
        bits: Int, dimension: Int
    ) throws {
        let texts = TokenTexts(60, dimension: dimension, seed: 1)
        let fixture = try LateFixture(texts, sizes: [25, 1, 34], bits: bits)
        for (number, tokens) in [1, 5, 32].enumerated() {
            let query = texts.query(6 * number + 2, tokens: tokens, seed: 9)
            let passages = (0..<60).map { PassageID(UInt32($0)) }
            let scores = try fixture.searcher.score(query, passages: passages)
            for (passage, score) in scores.enumerated() {
                let expected = try fixture.naive(query, passage)
                #expect(
                    abs(Double(score) - expected) < tolerance * Double(tokens),
                    "passage \(passage): \(score) \(expected)")
            }
            let ranking = try fixture.searcher.search(query, k: 60, .exact)
            // Passages without tokens are not found.
            #expect(ranking.count == 54)
            for entry in ranking { #expect(entry.score == scores[Int(entry.passage.rawValue)]) }
            #expect(ranking.first?.passage.rawValue == UInt32(6 * number + 2))
        }
    }

    /// Many tokens, so that tiles fill several chunks, and centroids their own lists.
    @Test func candidatesFindWhatAnExactSearchFinds() throws {
        let texts = TokenTexts(400, dimension: 128, seed: 2, lengths: 60...140)
        let fixture = try LateFixture(texts, sizes: [300, 100])
        var options = LateSearchOptions()
        options.probes = 8
        options.candidates = 40
        var (firsts, found, wanted) = (0, 0, 0)
        for number in 0..<10 {
            let query = texts.query(number * 30, tokens: 12, seed: UInt64(number))
            let exact = try fixture.searcher.search(query, k: 10, .exact)
            let near = try fixture.searcher.search(query, k: 10, options)
            #expect(near.count == 10)
            firsts += near.first == exact.first ? 1 : 0
            found += Set(near.map(\.passage)).intersection(exact.map(\.passage)).count
            wanted += exact.count
        }
        #expect(firsts >= 9 && found * 10 >= wanted * 6, "\(firsts) of 10, \(found) of \(wanted)")
        // Every passage is a candidate where there are enough of them.
        (options.probes, options.candidates) = (10_000, 10_000)
        let query = texts.query(62, tokens: 12, seed: 1)
        #expect(try fixture.searcher.search(query, k: 20, options) == fixture.searcher.search(query, k: 20, .exact))
    }

    @Test func resultsDoNotDependOnThreadsOrSegments() throws {
        let texts = TokenTexts(90, dimension: 64, seed: 4)
        let one = try LateFixture(texts, sizes: [90])
        let many = try LateFixture(texts, sizes: [13, 40, 37], threads: 2)
        let query = texts.query(5, tokens: 9, seed: 2)
        #expect(try one.searcher.search(query, k: 90) == many.searcher.search(query, k: 90))
        #expect(try one.searcher.search(query, k: 90, .exact) == many.searcher.search(query, k: 90, .exact))
        #expect(one.searcher.tokenCount == texts.counts.reduce(0, +))
    }

    @Test func filteredAndDeletedPassagesAreNotFound() throws {
        let texts = TokenTexts(50, dimension: 64, seed: 6)
        let fixture = try LateFixture(texts, sizes: [30, 20]) { session, infos in
            var dead = BitSet(bound: 30)
            for passage in [2, 11] { dead.insert(passage) }
            let writer = session.newSegment()
            var first = infos[0]
            first.deletions = try DeletionSet.write(documents: dead, passages: dead, into: writer)
            return [first, infos[1]]
        }
        var options = LateSearchOptions()
        options.allows = { $0.rawValue % 2 == 0 }
        let query = texts.query(2, tokens: 6, seed: 2)
        for isExact in [true, false] {
            options.isExact = isExact
            let found = Set(try fixture.searcher.search(query, k: 50, options).map { Int($0.passage.rawValue) })
            #expect(found.isSubset(of: (0..<50).filter { $0 % 2 == 0 && $0 != 2 }))
            #expect(!isExact || found.count == (0..<50).count { $0 % 2 == 0 && $0 != 2 })
        }
    }

    /// A merge of slices is what building of their passages gives.
    @Test func mergingLeavesOutWhatIsDeadAndChangesNoScore() throws {
        let texts = TokenTexts(40, dimension: 64, seed: 7)
        let kept: [Range<UInt32>] = [0..<3, 5..<20]
        let fixture = try LateFixture(texts, sizes: [20, 20]) { session, infos in
            let readers = try session.snapshot(of: infos).segments
            let writer = session.newSegment()
            try LateSegmentMerger.merge(
                [SegmentSlice(readers[0], passages: kept), SegmentSlice(readers[1], passages: [0..<20])], into: writer)
            return [SegmentInfo(number: writer.number, documentCount: 38, passageCount: 38)]
        }
        try LateSearcher.check(fixture.segments[0])
        let whole = try LateFixture(texts, sizes: [40])
        let numbers = kept.joined().map { Int($0) } + Array(20..<40)
        let query = texts.query(13, tokens: 7, seed: 1)
        let expected = try whole.searcher.score(query, passages: numbers.map { PassageID(UInt32($0)) })
        #expect(try fixture.searcher.score(query, passages: (0..<38).map { PassageID($0) }) == expected)
        for (new, old) in numbers.enumerated() {
            #expect(
                try fixture.searcher.vectors(of: PassageID(UInt32(new)))
                    == whole.searcher.vectors(of: PassageID(UInt32(old))))
        }
    }

    @Test func bestTokensAreThoseOfTheLargestProducts() throws {
        let texts = TokenTexts(12, dimension: 64, seed: 8)
        let fixture = try LateFixture(texts, sizes: [12], bits: 4)
        let query = texts.query(3, tokens: 4, seed: 3)
        let best = try fixture.searcher.bestTokens(query, in: PassageID(3))
        #expect(best.map(\.token) == (0..<4).map { $0 * 3 % texts.counts[3] })
        #expect(abs(Double(best.reduce(0) { $0 + $1.product }) - (try fixture.naive(query, 3))) < 1e-4)
        #expect(try fixture.searcher.bestTokens(query, in: PassageID(9)).isEmpty)
    }

    @Test func badQueriesAreRefused() throws {
        let texts = TokenTexts(12, dimension: 64, seed: 8)
        let searcher = try LateFixture(texts, sizes: [12]).searcher
        #expect(errorText { try searcher.search([1, 2, 3], k: 1) }.contains("64 dimensions"))
        let nan = [Float](repeating: .nan, count: 64)
        #expect(errorText { try searcher.search(nan, k: 1) }.contains("not finite"))
        #expect(errorText { try searcher.score(texts.passages[0], passages: [PassageID(12)]) }.contains("passage 12"))
        #expect(try searcher.search([], k: 5).isEmpty)
        #expect(try searcher.search(texts.passages[0], k: 0).isEmpty)
    }
}
