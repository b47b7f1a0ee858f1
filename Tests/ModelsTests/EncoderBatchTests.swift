import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlModels

/// How inputs are shared out among threads.
@Suite struct EncoderBatchTests {
    private func tokens(_ counts: [Int], _ batches: [Range<Int>]) -> [Int] {
        batches.map { counts[$0].reduce(0, +) }
    }

    @Test func threadsHaveLikeSharesOfFewTexts() {
        let counts = Array(repeating: 23, count: 31)
        #expect(tokens(counts, EncoderModel.batches(counts, threads: 2)) == [16 * 23, 15 * 23])
        #expect(tokens(counts, EncoderModel.batches(counts, threads: 1)).count == 2)
        // Too few to be worth it: the products are shared out instead.
        #expect(EncoderModel.batches([20, 20, 20], threads: 2) == [0..<3])
        #expect(EncoderModel.batches([], threads: 2).isEmpty)
        #expect(EncoderModel.batches([900], threads: 2) == [0..<1])
    }

    @Test func batchesHoldAllInputsInOrderWithinTheirLimit() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<500 {
            let counts = (0..<random.below(60)).map { _ in 1 + random.below(512) }.sorted(by: >)
            let threads = 1 + random.below(8)
            let batches = EncoderModel.batches(counts, threads: threads)
            #expect(batches.flatMap(Array.init) == Array(counts.indices))
            for (batch, size) in zip(batches, tokens(counts, batches)) { #expect(size <= 512 || batch.count == 1) }
        }
    }
}
