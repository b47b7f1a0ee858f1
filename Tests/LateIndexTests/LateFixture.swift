import Testing
import TrawlCore
import TrawlStore
import TrawlTensors
import TrawlTestSupport

@testable import TrawlLateIndex

/// Token vectors of passages in clusters, as those of texts are: the same for the same seed.
struct TokenTexts {
    let dimension: Int
    /// The vectors of each passage, of length 1, one after the other.
    let passages: [[Float]]

    var counts: [Int] { passages.map { $0.count / dimension } }
    var all: [Float] { passages.flatMap { $0 } }

    /// - Parameter lengths: the fewest and most tokens of a passage; every tenth passage has none.
    init(_ count: Int, dimension: Int, seed: UInt64, lengths: ClosedRange<Int> = 1...90, noise: Float = 0.6) {
        self.dimension = dimension
        var random = SplitMix64(seed: seed)
        let centres = randomVectors(40, dimension, seed: 5)
        passages = (0..<count).map { number in
            let length = number % 10 == 9 ? 0 : Int.random(in: lengths, using: &random)
            // A passage is about a few things.
            let topics = (0..<5).map { _ in centres[random.below(centres.count)] }
            return (0..<length).flatMap { _ -> [Float] in
                let centre = topics[random.below(topics.count)]
                return unit(centre.map { $0 + noise * Float.random(in: -1...1, using: &random) })
            }
        }
    }

    /// A query of tokens that are near to some of a passage.
    func query(_ passage: Int, tokens: Int, seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        let vectors = passages[passage]
        return (0..<tokens).flatMap { number -> [Float] in
            let start = number * 3 % (vectors.count / dimension) * dimension
            return unit(vectors[start..<start + dimension].map { $0 + 0.2 * Float.random(in: -1...1, using: &random) })
        }
    }
}

func unit(_ vector: [Float]) -> [Float] {
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { $0 / length }
}

/// The score as its definition has it, in double precision.
func naiveScore(_ query: [Float], _ passage: [Float], _ dimension: Int) -> Double {
    guard !passage.isEmpty else { return -Double(query.count / dimension) }
    func rows(_ values: [Float]) -> [ArraySlice<Float>] {
        stride(from: 0, to: values.count, by: dimension).map { values[$0..<$0 + dimension] }
    }
    return rows(query).reduce(0) { sum, token in
        sum + (rows(passage).map { zip(token, $0).reduce(0) { $0 + Double($1.0) * Double($1.1) } }.max() ?? 0)
    }
}

/// An index folder with token vectors that is removed with its owner.
final class LateFixture {
    private let folder: TemporaryFolder
    let codec: TokenCodec
    let segments: [SegmentReader]
    let searcher: LateSearcher

    /// - Parameter sizes: the passages of each segment.
    init(
        _ texts: TokenTexts, sizes: [Int], bits: Int = 2, threads: Int = 1,
        then write: ((WriteSession, [SegmentInfo]) throws -> [SegmentInfo])? = nil
    ) throws {
        folder = try TemporaryFolder()
        let pool = ThreadPool(threadCount: threads)
        codec = try TokenCodec(
            sample: texts.all, dimension: texts.dimension, bits: bits, tokens: texts.counts.reduce(0, +), pool: pool)
        let session = try Store.create(at: folder.path).write()
        var infos: [SegmentInfo] = []
        var rest = texts.passages[...]
        for size in sizes {
            let writer = session.newSegment()
            let builder = LateSegmentBuilder(codec, into: writer, pool: pool)
            let part = Array(rest.prefix(size))
            // In two pieces, and one passage at a time.
            for passage in part.prefix(size / 2) {
                try builder.append(passage, counts: [passage.count / texts.dimension])
            }
            let later = part.dropFirst(size / 2)
            try builder.append(later.flatMap { $0 }, counts: later.map { $0.count / texts.dimension })
            try builder.finish()
            rest = rest.dropFirst(size)
            infos.append(
                SegmentInfo(number: writer.number, documentCount: UInt32(size), passageCount: UInt32(size)))
        }
        try session.commit(segments: write?(session, infos) ?? infos)
        segments = try Store.open(at: folder.path).snapshot().segments
        searcher = try LateSearcher(segments, codec: codec, pool: pool)
    }

    /// The score of a passage by its definition, over the vectors as they are stored.
    func naive(_ query: [Float], _ passage: Int) throws -> Double {
        naiveScore(query, try searcher.vectors(of: PassageID(UInt32(passage))), codec.dimension)
    }
}

extension LateSearchOptions {
    static var exact: LateSearchOptions {
        var options = LateSearchOptions()
        options.isExact = true
        return options
    }
}
