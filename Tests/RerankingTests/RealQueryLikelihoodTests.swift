import Testing
import TrawlModels
import TrawlReranking
import TrawlTestSupport
import TrawlTokenizers

@Suite struct RealQueryLikelihoodTests {
    @Test func theAnsweringPassageMakesTheQuestionLikeliest() throws {
        let folder = try ModelFolder(path: TestFiles.model("smollm2-135m-instruct"))
        let tokenizer = try folder.loadTokenizer()
        let scorer = try QueryLikelihood(session: folder.loadDecoder().makeSession()) {
            tokenizer.encodeIDs($0, addSpecialTokens: false)
        }
        let passages = [
            "The Amazon is a river in South America that carries more water than any other.",
            "Kabul is the capital and largest city of Afghanistan, in the east of the country.",
            "Jazz is a music genre that began in New Orleans around 1900.",
        ]
        for (query, expected) in [
            ("What is the capital of Afghanistan?", 1), ("Which river carries the most water?", 0),
            ("Where did jazz begin?", 2),
        ] {
            let scores = try scorer.scores(query: query, passages: passages)
            #expect(scores.indices.max { scores[$0] < scores[$1] } == expected, "\(query): \(scores)")
        }
    }
}
