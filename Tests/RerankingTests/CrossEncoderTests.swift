import Foundation
import Testing
import TrawlCore
import TrawlModels
import TrawlTensors
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlReranking

extension CrossEncoder {
    fileprivate func inputs(query: String, passage: String, windows: Int = 4) -> [EncoderInput] {
        inputs(
            tokenizer.encodeIDs(query, addSpecialTokens: false), tokenizer.encodeIDs(passage, addSpecialTokens: false),
            windows: windows
        ).inputs
    }
}

private func tokens(_ member: JSON?) -> [TokenID] { (member?.array ?? []).compactMap(\.int).map { TokenID($0) } }

@Suite struct CrossEncoderTests {
    @Test(arguments: [("tiny-cross-encoder-1", 1), ("tiny-cross-encoder-3", 3), ("tiny-roberta-cross-encoder", 1)])
    func scoresMatchTransformers(_ name: String, _ labels: Int) throws {
        let folder = TestFiles.golden(name)
        let encoder = try CrossEncoder(folder: folder)
        #expect(encoder.labelCount == labels)
        for item in try #require(try JSON(contentsOf: folder + "/golden.json").array) {
            let query = try #require(item["query"]?.string)
            let passage = try #require(item["passage"]?.string)
            #expect(encoder.inputs(query: query, passage: passage, windows: 1)[0].tokens == tokens(item["ids"]))
            let logits = (item["logits"]?.array ?? []).compactMap(\.double)
            let got = try encoder.score(query: query, passages: [passage])
            for (value, logit) in zip(got, logits) {
                let expected = labels == 1 ? 1 / (1 + exp(-logit)) : logit
                #expect(abs(Double(value) - expected) < 1e-5)
            }
        }
    }

    private static let families = [
        "tiny-distilbert", "tiny-electra", "tiny-modernbert-cls", "tiny-modernbert-mean", "tiny-deberta-v3",
        "tiny-deberta-v2", "tiny-deberta-c2p",
    ]

    /// Every window of every pair, as `eval/parity/rerankers_goldens.py` cuts them, and the best of them.
    @Test(arguments: families) func everyFamilyMatchesTransformers(_ name: String) throws {
        let folder = TestFiles.golden(name)
        let encoder = try CrossEncoder(folder: folder)
        let items = try #require(try JSON(contentsOf: folder + "/golden.json").array)
        var largest = 0.0
        for item in items {
            let query = try #require(item["query"]?.string)
            let passage = try #require(item["passage"]?.string)
            let ids = (item["ids"]?.array ?? []).map { tokens($0) }
            #expect(encoder.inputs(query: query, passage: passage).map(\.tokens) == ids)
            // A sigmoid is applied to all scores but ELECTRA's: its config.json names the identity.
            let expected = (item["logits"]?.array ?? []).compactMap { $0.array?.first?.double }.map {
                name == "tiny-electra" ? $0 : 1 / (1 + exp(-$0))
            }
            let first = try encoder.score(query: query, passages: [passage])
            #expect(abs(Double(first[0]) - expected[0]) < 1e-4, "\(query)")
            largest = max(largest, abs(Double(first[0]) - expected[0]))
            let best = try encoder.scores(query: query, passages: [passage])
            #expect(abs(Double(best[0]) - (expected.max() ?? 0)) < 1e-4, "\(query)")
        }
        #expect(items.contains { ($0["ids"]?.array?.count ?? 0) > 1 })
        if ProcessInfo.processInfo.environment["TRAWL_MEASURE"] != nil { print("\(name): \(largest)") }
    }

    @Test(arguments: families + ["tiny-cross-encoder-1", "tiny-roberta-cross-encoder"])
    func passagesTogetherScoreAsEachAlone(_ name: String) throws {
        let encoder = try CrossEncoder(folder: TestFiles.golden(name))
        let passages = [
            "the tower", "water and the river of the city", "", "bridge", String(repeating: "the river ", count: 40),
        ]
        let together = try encoder.scores(query: "who built the tower", passages: passages)
        for (passage, score) in zip(passages, together) {
            #expect(try encoder.scores(query: "who built the tower", passages: [passage]) == [score])
        }
        #expect(try encoder.scores(query: "who", passages: []).isEmpty)
    }

    @Test func longPassagesAreReadInWindowsAndWhatIsCutIsCounted() throws {
        var encoder = try CrossEncoder(folder: TestFiles.golden("tiny-distilbert"))
        let passages = [
            "the tower", String(repeating: "the river ", count: 25), String(repeating: "city ", count: 300),
        ]
        let found = try encoder.judge(query: "who built the tower", passages: passages)
        #expect(found.cutCount == 1 && found.failures.isEmpty && !found.isQueryCut)
        let long = String(repeating: "who built the tower ", count: 20)
        #expect(try encoder.judge(query: long, passages: passages).isQueryCut)
        encoder.windows = 1
        #expect(try encoder.judge(query: "who built the tower", passages: passages).cutCount == 2)
        #expect(
            try encoder.scores(query: "who built the tower", passages: passages)
                == encoder.score(query: "who built the tower", passages: passages))
    }

    /// A tensor's row of numbers that are not numbers makes a token that no passage survives.
    private func damaged(token: String) throws -> TemporaryFolder {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden("tiny-cross-encoder-1"))
        let row = try #require(try ModelFolder(path: copy.path).loadTokenizer().id(of: token))
        try copy.overwrite(
            tensor: "bert.embeddings.word_embeddings.weight", floats: Int(row) * 32..<Int(row) * 32 + 32, with: .nan)
        return copy
    }

    @Test func aPassageThatCannotBeScoredCostsOnlyItself() throws {
        let folder = try damaged(token: "water")
        let encoder = try CrossEncoder(folder: folder.path)
        let sound = try CrossEncoder(folder: TestFiles.golden("tiny-cross-encoder-1"))
        let passages = ["the tower", "the water", "the bridge"]
        let found = try encoder.judge(query: "who", passages: passages)
        let expected = try sound.scores(query: "who", passages: passages)
        #expect(found.values == [expected[0], nil, expected[2]])
        #expect(found.failures.map(\.passage) == [1])
        let error = #expect(throws: TrawlError.self) { try encoder.scores(query: "who", passages: passages) }
        #expect(error?.message.contains("passage 1") == true && error?.path == folder.path)
    }

    @Test func severalLabelsAreNoReranker() throws {
        let encoder = try CrossEncoder(folder: TestFiles.golden("tiny-cross-encoder-3"))
        let error = #expect(throws: TrawlError.self) { try encoder.scores(query: "a", passages: ["b"]) }
        #expect(error?.message.contains("3 labels") == true)
    }

    @Test(arguments: [
        ("tiny-cross-encoder-1", "\"0\": \"LABEL_0\"", "\"0\": \"a\", \"1\": \"b\"", "names 2 labels"),
        ("tiny-modernbert-mean", "\"classifier_pooling\": \"mean\"", "\"classifier_pooling\": \"max\"", "max"),
        ("tiny-deberta-v3", "\"p2c\"", "\"p2p\"", "p2p"),
        (
            "tiny-deberta-v3", "\"relative_attention\"", "\"conv_kernel_size\": 3, \"relative_attention\"",
            "convolutions"
        ),
        ("tiny-deberta-v3", "\"position_buckets\": 8", "\"position_buckets\": 2", "2 relative positions"),
        ("tiny-deberta-v3", "\"position_buckets\": 8", "\"position_buckets\": 16", "rel_embeddings"),
        ("tiny-electra", "\"embedding_size\": 16", "\"embedding_size\": 64", "embeddings of 64"),
        ("tiny-electra", "linear.Identity", "activation.ReLU", "ReLU"),
        ("tiny-distilbert", "\"distilbert\"", "\"mpnet\"", "is not supported"),
    ])
    func whatDoesNotFitIsNamed(_ name: String, _ old: String, _ new: String, _ fact: String) throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden(name))
        try copy.edit("config.json", old, new)
        let error = #expect(throws: TrawlError.self) { try CrossEncoder(folder: copy.path) }
        #expect(error?.message.contains(fact) == true, "\(String(describing: error))")
    }

    @Test func aClassifierWithoutTokenizerIsAnError() throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden("tiny-electra"))
        try copy.remove("tokenizer.json")
        let error = #expect(throws: TrawlError.self) { try CrossEncoder(folder: copy.path) }
        #expect(error?.code == .notFound && error?.message.contains("tokenizer.json") == true)
    }

    @Test func windowsOverlapAndTheLastOneEndsWithThePassage() {
        func ranges(_ count: Int, _ size: Int, _ most: Int = 4) -> [Range<Int>] {
            PassageWindows(count: count, size: size, most: most).ranges
        }
        #expect(ranges(100, 100) == [0..<100] && ranges(0, 100) == [0..<0])
        #expect(ranges(101, 100) == [0..<100, 1..<101])
        #expect(ranges(168, 100) == [0..<100, 68..<168])
        #expect(ranges(169, 100) == [0..<100, 68..<168, 69..<169])
        // Half a window is less than the overlap.
        #expect(ranges(30, 20) == [0..<20, 10..<30])
        #expect(ranges(3, 1) == [0..<1, 1..<2, 2..<3])
        #expect(ranges(1000, 100, 2) == [0..<100, 68..<168])
        #expect(PassageWindows(count: 1000, size: 100, most: 2).isCut)
        #expect(!PassageWindows(count: 168, size: 100, most: 2).isCut)
    }
}
