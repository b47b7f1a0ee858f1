import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport

@testable import TrawlLateIndex

@Suite struct TokenCodecTests {
    private let texts = TokenTexts(80, dimension: 64, seed: 3)

    private func codec(bits: Int, threads: Int = 1) throws -> TokenCodec {
        try TokenCodec(
            sample: texts.all, dimension: 64, bits: bits, tokens: 3000, pool: ThreadPool(threadCount: threads))
    }

    private func cosines(_ codec: TokenCodec) -> [Float] {
        let (vectors, stored) = (texts.all, codec.roundTrip(texts.all))
        return stride(from: 0, to: vectors.count, by: 64).map { start in
            (start..<start + 64).reduce(Float(0)) { $0 + vectors[$1] * stored[$1] }
        }
    }

    /// Stored vectors keep to length 1, and each bit brings them nearer to what they were.
    @Test func moreBitsKeepMore() throws {
        let means = try [1, 2, 4].map { bits -> Float in
            let codec = try codec(bits: bits)
            let stored = codec.roundTrip(texts.all)
            for start in stride(from: 0, to: stored.count, by: 64) {
                let length = stored[start..<start + 64].reduce(0) { $0 + $1 * $1 }.squareRoot()
                #expect(abs(length - 1) < 1e-3)
            }
            let cosines = cosines(codec)
            #expect(
                (cosines.min() ?? 0) > [1: 0.8, 2: 0.93, 4: 0.99][bits] ?? 1, "\(bits) bits: \(cosines.min() ?? 0)")
            return cosines.reduce(0, +) / Float(cosines.count)
        }
        #expect(means[0] > 0.88 && means[1] > 0.97 && means[2] > 0.997, "\(means)")
    }

    @Test func oneThreadMakesTheSameCodecAsTwo() throws {
        let codec = try codec(bits: 2)
        #expect(codec == (try self.codec(bits: 2, threads: 2)))
        #expect(codec.centroidCount == 128)
        #expect(codec.roundTrip(texts.all) == codec.roundTrip(texts.all, pool: ThreadPool(threadCount: 2)))
    }

    @Test func bucketsHoldEqualSharesAndStandForTheirMeans() throws {
        let codec = try codec(bits: 2)
        #expect(codec.cutoffs.count == 3 && codec.weights.count == 4)
        #expect(codec.cutoffs == codec.cutoffs.sorted() && codec.weights == codec.weights.sorted())
        for (bucket, weight) in codec.weights.enumerated() {
            #expect(bucket == 0 || weight >= codec.cutoffs[bucket - 1])
            #expect(bucket == 3 || weight <= codec.cutoffs[bucket])
        }
    }

    @Test func centroidsFollowTheNumberOfTokens() {
        #expect(
            [1, 100, 10_000, 1_000_000, 1 << 60].map { TokenCodec.centroidCount(tokens: $0) } == [
                4, 32, 256, 2048, 65_536,
            ])
        #expect(TokenCodec.sampleCount(tokens: 100, dimension: 384) == 100)
        #expect(TokenCodec.sampleCount(tokens: 1 << 40, dimension: 384) * 384 * 4 <= 256 << 20)
    }

    /// As many centroids as a sample supports: one of few vectors makes one.
    @Test func smallSamplesMakeACodecToo() throws {
        for count in [1, 2, 40] {
            let sample = Array(texts.all.prefix(64 * count))
            let codec = try TokenCodec(sample: sample, dimension: 64, bits: 1, tokens: count)
            #expect(codec.centroidCount == max(1, count / 16))
            #expect(codec.roundTrip(sample).filter { !$0.isFinite }.isEmpty)
        }
    }

    @Test func whatIsStoredIsReadAgain() throws {
        let codec = try codec(bits: 4)
        #expect(try TokenCodec(encoded: codec.encoded, path: "x") == codec)
        let whole = codec.encoded
        var nan = whole
        for place in whole.count - 4..<whole.count { nan[place] = 0xFF }
        for damaged in [[], Array(whole.dropLast()), whole + [0], [1] + whole.dropFirst(), nan] {
            #expect(errorText { try TokenCodec(encoded: damaged, path: "x") }.contains("are damaged"))
        }
    }

    @Test func whatCannotBeStoredIsRefused() {
        func text(_ sample: [Float], _ dimension: Int, _ bits: Int) -> String {
            errorText { try TokenCodec(sample: sample, dimension: dimension, bits: bits, tokens: 10) }
        }
        #expect(text([Float](repeating: 0.1, count: 12), 12, 2).contains("12 dimensions"))
        #expect(text([Float](repeating: 0.1, count: 8), 8, 3).contains("3 bits"))
        #expect(text([], 8, 2).contains("empty"))
        #expect(text([Float](repeating: .nan, count: 8), 8, 2).contains("not finite"))
    }
}
