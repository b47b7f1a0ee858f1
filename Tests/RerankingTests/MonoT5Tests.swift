import Testing
import TrawlCore
import TrawlModels
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlReranking

@Suite struct MonoT5Tests {
    private let tokenizer: Tokenizer
    private let model: any GenerativeModel
    private let items: [JSON]

    init() throws {
        let path = TestFiles.golden("tiny-monot5")
        let folder = try ModelFolder(path: path)
        tokenizer = try folder.loadTokenizer()
        model = try folder.loadGenerator()
        items = try #require(try JSON(contentsOf: path + "/golden.json").array)
    }

    private func scorer(maximumTokens: Int = 512) throws -> MonoT5 {
        let answers = (yes: try #require(tokenizer.id(of: "▁true")), no: try #require(tokenizer.id(of: "▁false")))
        return try MonoT5(
            session: model.makeSession(), answers: answers, end: tokenizer.encodeIDs(""), maximumTokens: maximumTokens,
            encode: { [tokenizer] in tokenizer.encodeIDs($0, addSpecialTokens: false) })
    }

    @Test func scoresMatchTransformers() throws {
        let scorer = try scorer()
        for item in items where item["query"]?.string != "" {
            let query = try #require(item["query"]?.string)
            let passage = try #require(item["passage"]?.string)
            let ids = (item["ids"]?.array ?? []).compactMap(\.int).map { TokenID($0) }
            #expect(try scorer.prompts(query: query, passages: [passage])[0].tokens == ids)
            let score = try scorer.scores(query: query, passages: [passage])[0]
            #expect(abs(Double(score) - (item["score"]?.double ?? 0)) < 1e-4)
        }
    }

    @Test func passagesOfAllLengthsKeepTheirPlaces() throws {
        let scorer = try scorer(maximumTokens: 120)
        let passages = (0..<30).map { String(repeating: "the river of france ", count: ($0 * 7) % 23) }
        let found = try scorer.judge(query: "who built the bridge", passages: passages)
        for (passage, value) in zip(passages, found.values) {
            let alone = try scorer.scores(query: "who built the bridge", passages: [passage])[0]
            #expect(abs(alone - (value ?? .nan)) < 1e-4)
        }
        #expect(found.cutCount > 0)
        #expect(try scorer.prompts(query: "who", passages: passages).map(\.tokens.count).max() == 120)
    }
}
