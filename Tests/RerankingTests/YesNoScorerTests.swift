import Testing
import TrawlCore
import TrawlModels
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlReranking

@Suite struct YesNoScorerTests {
    private let folder: ModelFolder
    private let tokenizer: Tokenizer
    private let items: [JSON]

    init() throws {
        let path = TestFiles.golden("tiny-yes-no")
        folder = try ModelFolder(path: path)
        tokenizer = try folder.loadTokenizer()
        items = try #require(try JSON(contentsOf: path + "/golden.json").array)
    }

    private func scorer(
        _ template: YesNoTemplate, instruction: String? = nil, maximumTokens: Int = 1024
    ) throws -> YesNoScorer {
        try YesNoScorer(
            model: folder.loadDecoder(), template: template, instruction: instruction, maximumTokens: maximumTokens,
            encode: { [tokenizer] in tokenizer.encodeIDs($0, addSpecialTokens: false) })
    }

    @Test func scoresAreTheDifferenceOfTransformersLogits() throws {
        let scorer = try scorer(.qwen3)
        for item in items where item["query"]?.string != "" {
            let query = try #require(item["query"]?.string)
            let passage = try #require(item["passage"]?.string)
            let ids = (item["ids"]?.array ?? []).compactMap(\.int).map { TokenID($0) }
            #expect(try scorer.prompts(query: query, passages: [passage])[0].tokens == ids)
            let score = try scorer.scores(query: query, passages: [passage])[0]
            let expected = try #require(item["yes"]?.double) - #require(item["no"]?.double)
            #expect(abs(Double(score) - expected) < 1e-4)
        }
    }

    @Test func aTemplateWithoutNoScoresByYesAlone() throws {
        var template = YesNoTemplate.qwen3
        template = YesNoTemplate(
            name: "yes", prompt: template.prompt, instruction: template.instruction, yes: "yes", no: nil)
        let query = try #require(items[0]["query"]?.string)
        let passage = try #require(items[0]["passage"]?.string)
        let score = try scorer(template).scores(query: query, passages: [passage])[0]
        #expect(abs(Double(score) - (items[0]["yes"]?.double ?? 0)) < 1e-4)
    }

    @Test func passagesTogetherScoreAsEachAlone() throws {
        let scorer = try scorer(.plain)
        let passages = ["the tower", "", String(repeating: "the river of the city ", count: 9), "a bridge"]
        let together = try scorer.scores(query: "who built it", passages: passages)
        for (passage, score) in zip(passages, together) {
            #expect(abs(try scorer.scores(query: "who built it", passages: [passage])[0] - score) < 1e-4)
        }
        #expect(try scorer.scores(query: "who", passages: []).isEmpty)
    }

    /// What prompts begin with alike is computed once.
    @Test func promptsThatBeginAlikeScoreAsEachAlone() throws {
        let scorer = try scorer(.qwen3)
        let passages = (1..<7).map { String(repeating: "the river \($0) of the city ", count: 3 * $0) }
        let together = try scorer.scores(query: "who built it", passages: passages)
        for (passage, score) in zip(passages, together) {
            #expect(abs(try scorer.scores(query: "who built it", passages: [passage])[0] - score) < 1e-4)
        }
    }

    @Test func longPassagesAreCutAndCounted() throws {
        let scorer = try scorer(.plain, maximumTokens: 150)
        let passages = ["the tower", String(repeating: "the river of the city ", count: 90)]
        #expect(try scorer.judge(query: "who", passages: passages).cutCount == 1)
        #expect(try scorer.prompts(query: "who", passages: passages)[1].tokens.count == 150)
        #expect(throws: TrawlError.self) {
            try self.scorer(.qwen3, maximumTokens: 20).scores(query: "who", passages: ["a"])
        }
        #expect(throws: TrawlError.self) { try scorer.scores(query: " ", passages: ["a"]) }
    }

    /// What the model cards have.
    @Test func templatesAreFilledOnce() {
        let (before, after) = YesNoTemplate.bgeGemma.frame(query: "{passage} {query}?", instruction: nil)
        #expect(before == "A: {passage} {query}?\nB: ")
        #expect(
            after
                == "\nGiven a query A and a passage B, determine whether the passage contains an answer to the query by "
                + "providing a prediction of either 'Yes' or 'No'.")
        let own = YesNoTemplate.qwen3.frame(query: "q", instruction: "Find {it}")
        #expect(own.before.hasSuffix("<|im_start|>user\n<Instruct>: Find {it}\n<Query>: q\n<Document>: "))
        #expect(own.after == "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")
    }

    @Test func answersThatBeginAlikeAreRefused() throws {
        let template = YesNoTemplate(name: "x", prompt: "{query} {passage}", instruction: "", yes: "?a", no: "?b")
        #expect(throws: TrawlError.self) { try scorer(template) }
    }
}
