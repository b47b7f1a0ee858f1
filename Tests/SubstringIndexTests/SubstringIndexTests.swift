import Foundation
import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlSubstringIndex

@Suite struct SubstringIndexTests {
    @Test(arguments: Passages.matrix)
    func everyOperationEqualsANaiveScan(_ passages: Passages) throws {
        let files = try TemporaryIndex(passages, segments: [passages.passages.count])
        try compare(SubstringIndex(files.snapshot), with: passages)
    }

    @Test(arguments: Passages.matrix)
    func severalSegmentsAnswerLikeOne(_ passages: Passages) throws {
        let total = passages.passages.count
        // One of them empty.
        let sizes = [total / 3, 0, total / 4, total - total / 3 - total / 4]
        let files = try TemporaryIndex(passages, segments: sizes)
        try compare(SubstringIndex(files.snapshot), with: passages)
    }

    /// Long enough that a level has several superblocks and the matrix several chunks.
    @Test func blobsOfSeveralChunksAnswerLikeOne() throws {
        let passages = Passages(
            "long", Strings.zipf(length: 900_000, alphabet: 6000, seed: 17), length: 211, boundary: 6000)
        let files = try TemporaryIndex(passages, segments: [passages.passages.count])
        #expect(
            try files.snapshot.segments[0].blob(SegmentLayout.blocks, recordSize: WaveletMatrix.blockBytes).chunkCount
                > 1)
        let index = try SubstringIndex(files.snapshot)
        try index.check(sample: 200) { passages.passages[Int($0.rawValue)] }
        for ngram in passages.ngrams(12, seed: 2) {
            let expected = passages.positions(of: ngram)
            #expect(index.count(of: ngram) == expected.count, "\(ngram)")
            guard let range = index.range(of: ngram), ngram.count == 1 || ngram.last != 6000 else { continue }
            #expect(try index.positions(of: ngram, limit: 50) == Array(expected.prefix(50)), "\(ngram)")
            #expect(index.nextTokens(range) == passages.next(after: ngram), "\(ngram)")
        }
    }

    @Test func aSegmentWithoutPassagesAnswersNothing() throws {
        let files = try TemporaryIndex(Passages("empty", boundary: 3, []), segments: [0])
        let index = try SubstringIndex(files.snapshot)
        #expect(index.totalTokens == 0 && index.passageCount == 0)
        #expect(index.range(of: [3]) == nil)
        #expect(index.range(of: []) == nil)
        #expect(index.nextTokens(index.root).isEmpty)
        #expect(index.passages(containing: index.root).isEmpty)
        #expect(throws: TrawlError.self) { try index.tokens(of: PassageID(0)) }
    }

    @Test func firstTokensOfAllPassagesFollowTheBoundary() throws {
        let passages = Passages("titles", boundary: 0, [[5, 1], [6, 2], [7, 3], [6, 9]])
        let files = try TemporaryIndex(passages, segments: [4])
        let index = try SubstringIndex(files.snapshot)
        let boundary = try #require(index.range(of: [0]))
        #expect(boundary.count == 4)
        #expect(index.nextTokens(boundary) == [TokenCount(5, 1), TokenCount(6, 2), TokenCount(7, 1)])
        #expect(try index.positions(of: [0, 7]) == [TokenPosition(PassageID(2), -1)])
    }

    @Test func limitsKeepTheFirstPassagesAndPlaces() throws {
        let passages = Passages("limits", boundary: 0, (0..<100).map { [1, TokenID(2 + $0 % 2), 1] })
        let files = try TemporaryIndex(passages, segments: [30, 70])
        let index = try SubstringIndex(files.snapshot)
        let range = try #require(index.range(of: [1]))
        #expect(
            index.passages(containing: range, limit: 35) == (0..<35).map { PassageCount(PassageID($0), 2) })
        #expect(try index.positions(of: [1], limit: 3).map(\.offset) == [0, 2, 0])
        #expect(index.passages(containing: range, limit: 0).isEmpty)
    }

    @Test(arguments: [1, 3])
    func batchedExtensionEqualsSingleExtension(segments: Int) throws {
        let passages = Passages.matrix[9]
        let part = passages.passages.count / segments
        let sizes = [Int](repeating: part, count: segments - 1) + [passages.passages.count - part * (segments - 1)]
        let files = try TemporaryIndex(passages, segments: sizes)
        let index = try SubstringIndex(files.snapshot)
        var random = SplitMix64(seed: 4)
        var ranges: [SuffixRange] = []
        var tokens: [TokenID] = []
        for ngram in passages.ngrams(200, seed: 8) {
            guard let range = index.range(of: ngram) else { continue }
            ranges.append(range)
            let next = index.nextTokens(range)
            tokens.append(random.next() % 4 == 0 ? 999_999 : next[Int(random.next() % UInt64(next.count))].token)
        }
        #expect(index.extend(ranges, by: tokens) == zip(ranges, tokens).map { index.extend($0, by: $1) })
        #expect(index.extend([index.root, index.root], by: [1000, 3])[0] == index.range(of: [1000]))
    }

    @Test func theBuilderRefusesWhatItCannotIndex() throws {
        let builder = try SubstringSegmentBuilder(boundary: 0)
        #expect(throws: TrawlError.self) { try builder.add([]) }
        #expect(throws: TrawlError.self) { try builder.add([1, 2]) }
        #expect(throws: TrawlError.self) { try builder.add([.max, 0]) }
        #expect(throws: TrawlError.self) { try SubstringSegmentBuilder(boundary: .max) }
        #expect(builder.tokenCount == 0 && builder.passageCount == 0)
    }

    @Test func aSegmentWithoutAnIndexIsNamedAsSuch() throws {
        let folder = try TemporaryFolder()
        let store = try Store.create(at: folder.path)
        let session = try store.write()
        let writer = session.newSegment()
        try session.commit(segments: [SegmentInfo(number: writer.number, documentCount: 0, passageCount: 0)])
        #expect {
            try SubstringIndex(store.snapshot())
        } throws: { ($0 as? TrawlError)?.code == .notFound }
    }

    /// Compares every operation with the definition.
    private func compare(_ index: SubstringIndex, with passages: Passages) throws {
        #expect(index.totalTokens == passages.passages.reduce(0) { $0 + $1.count })
        #expect(index.passageCount == passages.passages.count)
        for (number, passage) in passages.passages.enumerated() {
            #expect(try index.tokens(of: PassageID(UInt32(number))) == passage)
        }
        #expect(throws: TrawlError.self) { try index.tokens(of: PassageID(UInt32(passages.passages.count))) }
        let root = index.root
        #expect(root.count == index.totalTokens)
        #expect(index.nextTokens(root) == unigrams(passages))
        for ngram in passages.ngrams(120, seed: 21) {
            let expected = passages.positions(of: ngram)
            let range = index.range(of: ngram)
            #expect((range?.count ?? 0) == expected.count, "\(ngram)")
            guard let range else { continue }
            #expect(try index.positions(of: ngram) == expected, "\(ngram)")
            var counts: [PassageCount] = []
            for place in expected {
                let last = counts.last
                if last?.passage == place.passage { counts.removeLast() }
                counts.append(
                    PassageCount(place.passage, last?.passage == place.passage ? (last?.count ?? 0) + 1 : 1))
            }
            #expect(index.passages(containing: range) == counts, "\(ngram)")
            // What follows a boundary at the end of an n-gram lies in another passage.
            if ngram.count > 1 && ngram.last == passages.boundary { continue }
            let next = passages.next(after: ngram)
            #expect(index.nextTokens(range) == next, "\(ngram)")
            var visited: [TokenCount] = []
            index.forEachNext(range) { visited.append(TokenCount($0, $1)) }
            #expect(visited.sorted { $0.token < $1.token } == next)
            #expect(next.allSatisfy { index.canFollow(range, $0.token) })
            var mask = [UInt64](repeating: 0, count: 300_000 / 64)
            index.allow(range, in: &mask)
            #expect(mask.reduce(0) { $0 + $1.nonzeroBitCount } == next.count)
            #expect(next.allSatisfy { mask[Int($0.token / 64)] >> UInt64($0.token % 64) & 1 == 1 })
            #expect(!index.canFollow(range, 299_999) && !index.canFollow(range, .max))
        }
    }

    private func unigrams(_ passages: Passages) -> [TokenCount] {
        var counts: [TokenID: Int] = [:]
        for passage in passages.passages { for token in passage { counts[token, default: 0] += 1 } }
        return counts.keys.sorted().map { TokenCount($0, counts[$0] ?? 0) }
    }
}
