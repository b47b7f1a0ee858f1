import Testing
import TrawlCore
import TrawlEngine
import TrawlTensors

@Suite struct RerankChainTests {
    private typealias Stage = RerankChain.Stage

    @Test func stagesNameRerankersModelsDepthsAndWeights() throws {
        let expected: [(String, [Stage])] = [
            ("cross", [Stage(reranker: "cross")]),
            (
                "cross:100,likelihood:20",
                [Stage(reranker: "cross", depth: 100), Stage(reranker: "likelihood", depth: 20)]
            ),
            ("minilm-reranker:50", [Stage(model: "minilm-reranker", depth: 50)]),
            ("minilm-reranker", [Stage(model: "minilm-reranker")]),
            ("cross=a/b:7@0.5", [Stage(reranker: "cross", model: "a/b", depth: 7, weight: 0.5)]),
            ("default", [Stage()]),
            ("default:50,cross=default", [Stage(depth: 50), Stage(reranker: "cross", model: "default")]),
            ("yes-no@0.0", [Stage(reranker: "yes-no", weight: 0)]),
            ("./a:b/c=d@e/f", [Stage(model: "./a:b/c=d@e/f")]),
            ("cross=model=v2:3", [Stage(reranker: "cross", model: "model=v2", depth: 3)]),
        ]
        for (text, stages) in expected {
            let chain = try RerankChain(text)
            #expect(chain.stages == stages, "\(text)")
            #expect(chain.description == text)
        }
    }

    @Test(arguments: [
        ("", "empty"), ("cross,", "empty"), ("cross:0", "depth '0'"), ("cross:x", "depth 'x'"),
        ("a.model:-1", "depth '-1'"), ("cross:5@2", "weight '2'"), ("cross@x", "weight 'x'"), ("cross=", "no model"),
        ("crossed=model", "unknown reranker \"crossed\""), (":5", "no reranker"),
    ])
    func whatCannotBeReadIsNamed(_ text: String, _ fact: String) {
        let error = #expect(throws: TrawlError.self) { try RerankChain(text) }
        #expect(error?.message.contains(fact) == true, "\(String(describing: error))")
        #expect(error?.remedy?.contains(Rerankers.default.all.map(\.name).joined(separator: ", ")) == true)
    }

    @Test func aWordIsAChainOnlyWhereItHardlyMeansAnythingElse() {
        for word in ["cross", "cross,likelihood", "cross:x", "a:5", "a@0.5", "cross=a", "cross:5,model", "b/c:5"] {
            #expect(RerankChain.isUnmistakable(word), "\(word)")
        }
        for word in [
            "", "apples", "a.trawl", "cross country", "what is cross:5", "a=b", "note: 5", "a:b", ":5", "@0.5",
        ] {
            #expect(!RerankChain.isUnmistakable(word), "\(word)")
        }
    }

    @Test func stagesWithoutADepthTakeTheGivenOneOrTheDefault() throws {
        let chain = try RerankChain("cross:7,likelihood@0.5")
        #expect(
            chain.settings() == [
                RerankSettings(reranker: "cross", depth: 7),
                RerankSettings(reranker: "likelihood", depth: 20, weight: 0.5),
            ])
        #expect(
            RerankChain.default.settings(depth: 3, weight: 0.25, precision: .int8)
                == [RerankSettings(depth: 3, weight: 0.25, precision: .int8)])
    }
}
