import Testing
import TrawlCore

@testable import TrawlTraining

/// The batches of a generator against those of its twin in Python (eval/train_twin), which draws them by code of its own.
@Suite struct GeneratorBatchParityTests {
    private struct Golden: Decodable {
        struct Query: Decodable {
            let tokens: [TokenID]
            let passages: [Int]
        }

        struct Batch: Decodable {
            let seed: UInt64
            let step: Int
            let items: GoldenBatch
        }

        let vocabulary, words: Int
        let titleEnd, sentenceEnd, start, end: TokenID
        let passages: [[TokenID]]
        let queries: [Query]
        let batches: [Batch]
    }

    @Test func theTwinDrawsTheSameBatches() throws {
        let golden: Golden = try loadGolden("generator-batches.json")
        let examples = try GeneratorExamples(
            corpus: TrainingCorpus(
                passages: golden.passages, titleEnd: [golden.titleEnd], sentenceEnds: [golden.sentenceEnd],
                beginsWord: (0..<golden.vocabulary).map { $0 < golden.words }),
            queries: golden.queries.map {
                .init(tokens: $0.tokens, passages: $0.passages, source: [golden.start] + $0.tokens + [golden.end])
            }, start: [golden.start], end: [golden.end])
        for expected in golden.batches {
            let batch = examples.batch(of: TrainingStep(number: expected.step, seed: expected.seed))
            #expect(batch.items.map(\.source) == expected.items.batch.items.map(\.source))
            #expect(
                batch.items.map { $0.targets.map(\.tokens) }
                    == expected.items.batch.items.map { $0.targets.map(\.tokens) })
        }
    }
}
