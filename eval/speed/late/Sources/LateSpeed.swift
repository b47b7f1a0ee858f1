import Foundation
import TrawlCore
import TrawlLateIndex
import TrawlStore
import TrawlTensors

/// Scores 1,000 candidates of 200 tokens by late interaction on one thread, and says what a token takes on disk. The vectors are
/// random around centres: time and space do not depend on what they mean.
///
///     TRAWL_BENCHMARKS=1 swift build -c release --product LateSpeed
///     .build/release/LateSpeed
@main
struct LateSpeed {
    static let candidates = 1000
    static let tokensPerPassage = 200

    static func main() throws {
        print("dimension  bits  query tokens  bytes/token  ms/query (best of 7)")
        for (dimension, queryTokens) in [(128, 32), (384, 12), (384, 32)] {
            for bits in [1, 2, 4] { try measure(dimension, bits: bits, queryTokens: queryTokens) }
        }
    }

    private static func measure(_ dimension: Int, bits: Int, queryTokens: Int) throws {
        var random = SplitMix64(seed: 1)
        func vector() -> [Float] {
            let values = (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }
            let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return values.map { $0 / length }
        }
        let pool = ThreadPool(threadCount: 1)
        let lot = (0..<20 * tokensPerPassage).flatMap { _ in vector() }
        let tokens = candidates * tokensPerPassage
        let codec = try TokenCodec(sample: lot, dimension: dimension, bits: bits, tokens: tokens, pool: pool)
        let folder = NSTemporaryDirectory() + "trawl-late-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let session = try Store.create(at: folder).write()
        let writer = session.newSegment()
        let builder = LateSegmentBuilder(codec, into: writer, pool: pool)
        for _ in 0..<candidates / 20 {
            try builder.append(lot, counts: [Int](repeating: tokensPerPassage, count: 20))
        }
        try builder.finish()
        try session.commit(segments: [
            SegmentInfo(
                number: writer.number, documentCount: UInt32(candidates), passageCount: UInt32(candidates))
        ])
        let searcher = try LateSearcher(Store.open(at: folder).snapshot().segments, codec: codec, pool: pool)
        let query = (0..<queryTokens).flatMap { _ in vector() }
        let passages = (0..<UInt32(candidates)).map { PassageID($0) }
        var best = Double.infinity
        for _ in 0..<7 {
            let start = DispatchTime.now().uptimeNanoseconds
            _ = try searcher.score(query, passages: passages)
            best = min(best, Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
        }
        let bytes = Double(searcher.byteCount) / Double(searcher.tokenCount)
        print(String(format: "%9d  %4d  %12d  %11.1f  %8.2f", dimension, bits, queryTokens, bytes, best))
    }
}
