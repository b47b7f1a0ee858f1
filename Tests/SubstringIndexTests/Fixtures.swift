import Foundation
import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlSubstringIndex

/// Passages and the boundary that ends each.
struct Passages: Sendable, CustomTestStringConvertible {
    var name: String
    var boundary: TokenID
    var passages: [[TokenID]]

    var testDescription: String { name }

    /// `tokens` cut into passages of `length` tokens.
    init(_ name: String, _ tokens: [Int32], length: Int, boundary: TokenID = 1000) {
        self.init(
            name, boundary: boundary,
            stride(from: 0, to: tokens.count, by: length).map {
                tokens[$0..<min($0 + length, tokens.count)].map(TokenID.init)
            })
    }

    /// `bodies`, each with the boundary behind it.
    init(_ name: String, boundary: TokenID, _ bodies: [[TokenID]]) {
        self.name = name
        self.boundary = boundary
        passages = bodies.map { $0 + [boundary] }
    }

    static let matrix: [Passages] = [
        Passages("one token", boundary: 7, [[]]),
        Passages("one document", boundary: 0, [[3, 1, 2, 3, 1, 4]]),
        Passages("one document with a large boundary", boundary: 500, [[3, 1, 2, 3, 1, 4]]),
        Passages("empty documents", boundary: 2, [[], [], [5], [], [5, 5]]),
        Passages("the same document again and again", boundary: 9, Array(repeating: [1, 2, 1, 2, 3], count: 40)),
        Passages("all equal", Strings.named("all equal"), length: 13),
        Passages("all distinct", Strings.named("all distinct, descending"), length: 50, boundary: 2000),
        Passages("Fibonacci", Strings.named("Fibonacci"), length: 144),
        Passages("de Bruijn", Strings.named("de Bruijn"), length: 64),
        Passages("Zipf", Strings.named("Zipf"), length: 37),
        Passages("262k alphabet", Strings.named("262k alphabet"), length: 30, boundary: 262_144),
        Passages("many one-token documents", boundary: 0, (0..<1500).map { [TokenID(1 + $0 % 97)] }),
        Passages("real text", Array(Strings.realText.prefix(6000)), length: 80, boundary: 100_000),
    ]

    /// Where `ngram` occurs, by comparing it with every place: the definition that the index is tested against.
    func positions(of ngram: [TokenID]) -> [TokenPosition] {
        var result: [TokenPosition] = []
        for (number, passage) in passages.enumerated() {
            let text = [boundary] + passage
            let first = ngram == [boundary] ? 1 : 0
            for start in stride(from: first, through: text.count - ngram.count, by: 1)
            where text[start..<(start + ngram.count)].elementsEqual(ngram) {
                result.append(TokenPosition(PassageID(UInt32(number)), start - 1))
            }
        }
        return result
    }

    /// What follows `ngram` within passages, ascending.
    func next(after ngram: [TokenID]) -> [TokenCount] {
        var counts: [TokenID: Int] = [:]
        for passage in passages {
            let text = [boundary] + passage
            for start in stride(from: 0, to: text.count - ngram.count, by: 1)
            where text[start..<(start + ngram.count)].elementsEqual(ngram) {
                counts[text[start + ngram.count], default: 0] += 1
            }
        }
        return counts.keys.sorted().map { TokenCount($0, counts[$0] ?? 0) }
    }

    /// N-grams of up to four tokens: some that occur, drawn at seeded random, and some that do not.
    func ngrams(_ count: Int, seed: UInt64) -> [[TokenID]] {
        var random = SplitMix64(seed: seed)
        var result: [[TokenID]] = [[boundary]]
        for round in 0..<count {
            let text = [boundary] + passages[Int(random.next() % UInt64(passages.count))]
            let start = Int(random.next() % UInt64(text.count))
            var ngram = Array(text[start..<min(text.count, start + 1 + round % 4)])
            if round % 5 == 4 { ngram[ngram.count - 1] = TokenID(random.next() % 300_000) }
            result.append(ngram)
        }
        // A boundary inside is not asked for: what comes behind it is no part of the definition.
        return result.filter { !$0.dropFirst().dropLast().contains(boundary) }
    }
}

/// An index on disk that is removed with its owner.
final class TemporaryIndex {
    private let folder: TemporaryFolder
    var path: String { folder.path }
    let snapshot: Snapshot

    /// Builds `passages` into one segment for each of the given numbers of passages.
    init(_ passages: Passages, segments sizes: [Int]) throws {
        folder = try TemporaryFolder()
        let store = try Store.create(at: folder.path)
        let session = try store.write()
        var infos: [SegmentInfo] = []
        var rest = passages.passages[...]
        for size in sizes {
            let builder = try SubstringSegmentBuilder(boundary: passages.boundary)
            for passage in rest.prefix(size) { try builder.add(passage) }
            rest = rest.dropFirst(size)
            let writer = session.newSegment()
            try builder.finish(into: writer)
            infos.append(
                SegmentInfo(number: writer.number, documentCount: UInt32(size), passageCount: UInt32(size)))
        }
        precondition(rest.isEmpty)
        try session.commit(segments: infos)
        snapshot = try store.snapshot()
    }
}
