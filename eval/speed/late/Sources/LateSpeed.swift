import Foundation
import TrawlCore
import TrawlLateIndex
import TrawlStore
import TrawlTensors

/// Scores 1,000 candidates of 200 tokens by late interaction on one thread, and says what a token takes on disk. The vectors are
/// random around centres: time and space do not depend on what they mean.
///
///     TRAWL_BENCHMARKS=1 swift build -c release --product LateSpeed
///     .build/release/LateSpeed                # or one line of the table: LateSpeed DIMENSION BITS QUERY_TOKENS
@main
struct LateSpeed {
    static let candidates = 1000
    static let tokensPerPassage = 200

    static func main() throws {
        print("dimension  bits  query tokens  bytes/token  ms/query (processor time, best of 9)")
        let wanted = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        if wanted.count == 3 { return try measure(wanted[0], bits: wanted[1], queryTokens: wanted[2]) }
        for (dimension, queryTokens) in [(128, 32), (384, 12), (384, 32)] {
            for bits in [1, 2, 4] { try measure(dimension, bits: bits, queryTokens: queryTokens) }
        }
    }

    /// Of this thread, which does all the work.
    private static func threadMilliseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
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
        for _ in 0..<9 {
            let start = threadMilliseconds()
            _ = try searcher.score(query, passages: passages)
            best = min(best, threadMilliseconds() - start)
        }
        let bytes = Double(searcher.byteCount) / Double(searcher.tokenCount)
        defer { fflush(nil) }
        print(String(format: "%9d  %4d  %12d  %11.1f  %8.2f", dimension, bits, queryTokens, bytes, best))
    }
}
