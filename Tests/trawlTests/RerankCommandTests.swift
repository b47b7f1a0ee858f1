import Foundation
import Testing
import TrawlTestSupport

/// Reranking as users ask for it, with tiny real models.
@Suite struct RerankCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let places = ["tower", "bridge", "river", "city", "water", "capital"]
        let lines = (0..<12).map { number in
            #"{"_id": "d\#(number)", "text": "the \#(places[number % 6]) of france \#(number)"}"#
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "corpus.jsonl")
        let built = try run("index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical")
        try #require(built.status == 0, "\(built.errors)")
    }

    private func model(_ name: String) -> String { TestFiles.repository("Tests/RerankingTests/Golden/\(name)") }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments + ["--quiet"], folder: folder.path)
    }

    private func query(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(["query", "a.trawl"] + arguments + ["--json", "--quiet"], folder: folder.path)
    }

    /// For each stage, how many of the hits it has a score for.
    private func stages(_ outcome: TrawlProcess.Outcome) -> [String: Int] {
        outcome.objects.reduce(into: [:]) { counts, hit in
            for stage in hit["stages"] as? [[String: Any]] ?? [] where stage["score"] is Double {
                counts[stage["stage"] as? String ?? "", default: 0] += 1
            }
        }
    }

    private func documents(_ outcome: TrawlProcess.Outcome) -> [String] {
        outcome.objects.compactMap { $0["document"] as? String }
    }

    @Test func aChainRunsItsStages() throws {
        let (first, second) = (model("tiny-distilbert"), model("tiny-electra"))
        for chain in [["--rerank", "\(first):6,cross=\(second):3"], ["--rerank=\(first):6,cross=\(second):3"]] {
            let outcome = try TrawlProcess.run(
                ["query", "a.trawl"] + chain + ["who built france", "-k", "12", "--json"], folder: folder.path)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(stages(outcome) == ["lexical": 12, "rerank": 6, "rerank 2": 3])
        }
        let alone = try query("who built france", "--reranker", first, "--rerank-depth", "6", "-k", "12")
        #expect(stages(alone) == ["lexical": 12, "rerank": 6])
        let named = try query("who built france", "--rerank=\(first)", "--rerank-depth", "6", "-k", "12")
        #expect(documents(named) == documents(alone))
        let bare = try query("--rerank", "who built france", "--reranker", first, "--rerank-depth", "6", "-k", "12")
        #expect(documents(bare) == documents(alone))
    }

    @Test func weightsOfAChainAreThoseOfTheFlag() throws {
        let model = model("tiny-deberta-v3")
        let chain = try query("who built france", "--rerank", "\(model):8@0.3")
        let flags = try query("who built france", "--reranker", model, "--rerank-depth", "8", "--rerank-weight", "0.3")
        #expect(chain.status == 0 && chain.output == flags.output)
    }

    @Test func theDefaultRerankerIsInstalledOrAnError() throws {
        let outcome = try TrawlProcess.shell(
            "TRAWL_HOME=$PWD/empty $TRAWL query a.trawl --rerank 'who built france' --quiet", folder: folder.path)
        #expect(outcome.status == 2 && outcome.output.isEmpty)
        #expect(
            outcome.errors.contains("all-MiniLM-L6-v2") && outcome.errors.contains("trawl models pull"),
            "\(outcome.errors)")
        let kind = try TrawlProcess.shell(
            "TRAWL_HOME=$PWD/empty $TRAWL query a.trawl 'who' --rerank cross:5 --quiet", folder: folder.path)
        #expect(kind.status == 2 && kind.errors.contains("no default model"))
    }

    @Test func everyKindReranks() throws {
        let chains = [
            "yes-no=\(model("tiny-yes-no")):3", "likelihood=\(model("tiny-yes-no")):3",
            "monot5=\(model("tiny-monot5")):3",
            "\(model("tiny-modernbert-mean")):3",
        ]
        for chain in chains {
            let outcome = try query("who built france", "--rerank", chain)
            #expect(outcome.status == 0, "\(chain): \(outcome.errors)")
            #expect(stages(outcome)["rerank"] == 3, "\(chain)")
        }
    }

    @Test func aLanguageModelRerankesInEachWay() throws {
        for chain in ["likelihood:2", "yes-no:2", "listwise:2", "smollm2-135m-instruct:2"] {
            let outcome = try query("the bridge", "--rerank", chain, "-k", "3")
            #expect(outcome.status == 0, "\(chain): \(outcome.errors)")
            #expect(stages(outcome)["rerank"] == 2, "\(chain)")
        }
    }

    @Test func anUnknownStageIsAnErrorThatListsTheKinds() throws {
        func listsKinds(_ text: String) -> Bool {
            ["cross", "yes-no", "monot5", "likelihood", "listwise"].filter { !text.contains($0) }.isEmpty
        }
        let missing = try query("who", "--rerank", "nothing:5")
        #expect(missing.status == 2 && missing.errors.contains("\"nothing\" is neither a reranker nor a model"))
        #expect(listsKinds(missing.errors))
        let unknown = try query("who", "--rerank=nothing=x:5")
        #expect(unknown.status == 64 && unknown.errors.contains("unknown reranker \"nothing\""), "\(unknown.errors)")
        #expect(listsKinds(unknown.errors))
        for (chain, fact) in [("cross:x", "depth 'x'"), ("cross:5@3", "weight '3'"), ("cross,", "empty")] {
            let outcome = try query("who", "--rerank", chain)
            #expect(outcome.status == 64 && outcome.errors.contains(fact), "\(outcome.errors)")
        }
        #expect(try query("who", "--rerank=").status == 64)
    }

    @Test func aWordThatIsNotAChainIsTheQuery() throws {
        let model = model("tiny-distilbert")
        let before = try query("--rerank", "france", "--reranker", model)
        let after = try query("france", "--rerank", "--reranker", model)
        #expect(before.status == 0 && before.output == after.output)
        let literal = try TrawlProcess.run(
            ["query", "a.trawl", "--reranker", model, "--quiet", "--json", "--", "--rerank"], folder: folder.path)
        #expect(literal.status == 1, "\(literal.errors)")
    }

    @Test func modelsThatCannotRerankAreErrors() throws {
        let several = try query("who", "--reranker", model("tiny-cross-encoder-3"))
        #expect(several.status == 2 && several.errors.contains("3 labels"), "\(several.errors)")
        let encoder = try query("who", "--reranker", "all-MiniLM-L6-v2")
        #expect(encoder.status == 2 && encoder.errors.contains("not a reranker"), "\(encoder.errors)")
        let copy = try TemporaryFolder(copyOf: model("tiny-electra"))
        try copy.remove("tokenizer.json")
        let without = try query("who", "--reranker", copy.path)
        #expect(without.status == 2 && without.errors.contains("tokenizer.json"), "\(without.errors)")
        let other = try query("who", "--rerank", "monot5=\(model("tiny-electra"))")
        #expect(other.status == 2 && other.errors.contains("T5"), "\(other.errors)")
    }

    @Test func aPassageThatFailsLosesNoOther() throws {
        let copy = try TemporaryFolder(copyOf: model("tiny-cross-encoder-1"))
        // The last word pieces are: the of and is in what who where tower river city france built capital bridge water.
        let tokenizer = try String(contentsOfFile: copy.path("tokenizer.json"), encoding: .utf8)
        let place = try #require(tokenizer.firstRange(of: "\"bridge\":"))
        let row = try #require(Int(tokenizer[place.upperBound...].drop { $0 == " " }.prefix { $0.isNumber }))
        try copy.overwrite(
            tensor: "bert.embeddings.word_embeddings.weight", floats: row * 32..<row * 32 + 32, with: .nan)
        let outcome = try query("of france", "--reranker", copy.path, "-k", "12")
        #expect(outcome.status == 0 && outcome.objects.count == 12)
        #expect(Set(documents(outcome).suffix(2)) == ["d1", "d7"])
        #expect(outcome.errors.contains("could not score 2 of 12 passages"), "\(outcome.errors)")
        let all = try query("bridge", "--reranker", copy.path)
        #expect(all.status == 2 && all.errors.contains("document d") && all.errors.contains("cannot score"))
    }

    @Test func modelsShowDescribesAClassifier() throws {
        let outcome = try TrawlProcess.run(["models", "show", model("tiny-deberta-v2")], folder: folder.path)
        #expect(outcome.status == 0 && outcome.output.contains("rerank") && outcome.output.contains("48 tokens"))
    }

    @Test func noCandidatesAndOneAreAnswers() throws {
        let model = model("tiny-distilbert")
        #expect(try query("zebra", "--reranker", model).status == 1)
        let one = try query("11", "--reranker", model)
        #expect(one.status == 0 && documents(one) == ["d11"] && stages(one)["rerank"] == 1)
    }

    /// An index whose recipe names a reranker, as 'trawl adapt --rerank' leaves one.
    @Test func anIndexMayRerankUnasked() throws {
        let recipe = """
            corpus: {paths: [corpus.jsonl]}
            build: [lexical]
            search:
              rerank: [{reranker: cross, model: \(model("tiny-distilbert")), depth: 6}]
            """
        try folder.write(recipe, to: "recipe.yaml")
        let built = try run("index", "--recipe", "recipe.yaml", "--output", "c.trawl")
        #expect(built.status == 0, "\(built.errors)")
        func ask(_ index: String, _ flags: String...) throws -> TrawlProcess.Outcome {
            try TrawlProcess.run(
                ["query", index, "who built france", "-k", "12", "--json", "--quiet"] + flags, folder: folder.path)
        }
        let unasked = try ask("c.trawl")
        #expect(stages(unasked) == ["lexical": 12, "rerank": 6], "\(unasked.errors)")
        let without = try ask("c.trawl", "--no-rerank")
        #expect(stages(without) == ["lexical": 12])
        #expect(try documents(without) == documents(ask("a.trawl")))
        // Where there is nothing to switch off the flag is a mistake.
        let idle = try ask("a.trawl", "--no-rerank")
        #expect(idle.status == 64 && idle.errors.contains("its searches use no reranker"))
    }

    @Test func longPassagesAreReported() throws {
        let text = String(repeating: "the river of france ", count: 90)
        try folder.write(#"{"_id": "long", "text": "\#(text)"}"# + "\n", to: "more.jsonl")
        #expect(
            try run("index", "more.jsonl", "--output", "b.trawl", "--build", "lexical", "--passage-size", "1000")
                .status
                == 0)
        let outcome = try TrawlProcess.run(
            ["query", "b.trawl", "river", "--reranker", model("tiny-distilbert"), "--json"], folder: folder.path)
        #expect(
            outcome.status == 0 && outcome.errors.contains("did not read 1 of 1 passages to the end"),
            "\(outcome.errors)")
        // For many queries it is said once.
        try folder.write("1\triver\n2\tfrance\n3\tzebra\n", to: "queries.tsv")
        try folder.write("1 0 long 1\n2 0 long 1\n3 0 long 1\n", to: "qrels.txt")
        let evaluated = try TrawlProcess.run(
            [
                "eval", "b.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--reranker",
                model("tiny-distilbert"),
            ], folder: folder.path)
        #expect(
            evaluated.status == 0 && evaluated.errors.contains("report something for 2 of 3 queries; the first: "),
            "\(evaluated.errors)")
    }
}
