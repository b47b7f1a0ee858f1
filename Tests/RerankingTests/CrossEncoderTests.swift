import Testing
import TrawlCore
import TrawlModels
import TrawlTensors
import TrawlTestSupport

@testable import TrawlReranking

@Suite struct CrossEncoderTests {
    @Test(arguments: [("tiny-cross-encoder-1", 1), ("tiny-cross-encoder-3", 3), ("tiny-roberta-cross-encoder", 1)])
    func scoresMatchTransformers(_ name: String, _ labels: Int) throws {
        let folder = TestFiles.golden(name)
        let encoder = try CrossEncoder(folder: folder)
        #expect(encoder.labelCount == labels)
        for item in try #require(try JSON(contentsOf: folder + "/golden.json").array) {
            let query = try #require(item["query"]?.string)
            let passage = try #require(item["passage"]?.string)
            let ids = (item["ids"]?.array ?? []).compactMap(\.int).map { TokenID($0) }
            #expect(encoder.input(query: query, passage: passage).tokens == ids)
            let logits = (item["logits"]?.array ?? []).compactMap(\.double)
            let got = try encoder.score(query: query, passages: [passage])
            for (value, logit) in zip(got, logits) {
                let expected = labels == 1 ? 1 / (1 + exponential(-logit)) : logit
                #expect(abs(Double(value) - expected) < 1e-5)
            }
        }
    }

    @Test func passagesTogetherScoreAsEachAlone() throws {
        let encoder = try CrossEncoder(folder: TestFiles.golden("tiny-cross-encoder-1"))
        let passages = ["the tower", "water and the river of the city", "", "bridge"]
        let together = try encoder.scores(query: "who built the tower", passages: passages)
        for (passage, score) in zip(passages, together) {
            let alone = try encoder.scores(query: "who built the tower", passages: [passage])
            #expect(abs(alone[0] - score) < 1e-6)
        }
    }

    @Test func severalLabelsAreNoReranker() throws {
        let encoder = try CrossEncoder(folder: TestFiles.golden("tiny-cross-encoder-3"))
        #expect(throws: TrawlError.self) { try encoder.scores(query: "a", passages: ["b"]) }
    }

    @Test func theLongerTextIsCutFirst() {
        #expect(CrossEncoder.longestFirst(5, 100, room: 50) == (5, 45))
        #expect(CrossEncoder.longestFirst(100, 5, room: 50) == (45, 5))
        #expect(CrossEncoder.longestFirst(80, 100, room: 51) == (25, 26))
        #expect(CrossEncoder.longestFirst(10, 10, room: 50) == (10, 10))
    }
}

private func exponential(_ x: Double) -> Double {
    var (sum, term) = (1.0, 1.0)
    for n in 1..<60 {
        term *= x / Double(n)
        sum += term
    }
    return sum
}
