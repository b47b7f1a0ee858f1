import Foundation
import FoundationXML
import Testing
import TrawlTestSupport

/// Training an embedding model and indexing with it, as users do it: real MiniLM, real text.
@Suite struct EmbedderCommandTests {
    private let folder: TemporaryFolder

    private static let texts = [
        ("tides", "The gravity of the moon lifts the oceans twice a day and makes the tides."),
        ("bread", "A starter of wild yeast and flour ferments overnight before the loaf is baked."),
        ("bees", "Worker bees dance in the hive to tell the others where flowers with nectar grow."),
        ("glass", "Molten sand cools into a solid without crystals that lets light pass through."),
        ("chess", "The queen moves any number of squares along a rank, a file or a diagonal."),
        ("moon", "The moon is the only natural satellite of the earth."),
    ]

    private static let questions = [
        ("q1", "what makes the tides of the oceans", "tides"), ("q2", "how is bread made with wild yeast", "bread"),
        ("q3", "how do bees tell where flowers are", "bees"), ("q4", "why does light pass through glass", "glass"),
    ]

    init() throws {
        folder = try TemporaryFolder()
        func lines(_ objects: [[String: String]]) throws -> String {
            try objects.map { String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self) }
                .joined(separator: "\n") + "\n"
        }
        try folder.write(lines(Self.texts.map { ["_id": $0.0, "text": $0.1] }), to: "corpus.jsonl")
        try folder.write(lines(Self.questions.map { ["_id": $0.0, "text": $0.1] }), to: "queries.jsonl")
        try folder.write(
            "query-id\tcorpus-id\tscore\n" + Self.questions.map { "\($0.0)\t\($0.2)\t1\n" }.joined(), to: "qrels.tsv")
        let made = try run("index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical", "--quiet")
        #expect(made.status == 0, "\(made.errors)")
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private func train(_ more: String...) throws -> TrawlProcess.Outcome { try train(more) }

    private func train(_ more: [String]) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(
            [
                "train", "embedder", "a.trawl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv",
                "--queries-per-step", "4", "--negatives", "2", "--rank", "4", "--output", "./mine",
            ] + more, folder: folder.path)
    }

    @Test func anIndexIsBuiltWithTheTrainedModel() throws {
        try folder.write("4.5\ta plane takes off\tan aircraft departs\n0.5\ta plane\ta flute\n", to: "sts.tsv")
        let trained = try train("--steps", "4", "--hold-out", "0", "--sts", "sts.tsv", "--complete")
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.errors.contains("trained in 4 steps"))
        let curve = try XMLDocument(contentsOf: URL(filePath: folder.path + "/mine/training_curve.svg"))
        #expect(curve.rootElement()?.elements(forName: "polyline").count == 1)
        let made = try run(
            "index", "corpus.jsonl", "--output", "b.trawl", "--build", "dense", "--embedder", "./mine", "--quiet")
        #expect(made.status == 0, "\(made.errors)")
        let hits = try run("query", "b.trawl", "what makes the tides of the moon", "--json")
        #expect(hits.status == 0, "\(hits.errors)")
        #expect(hits.objects.first?["document"] as? String == "tides")
        // It is not lost unasked.
        let again = try train("--steps", "1", "--hold-out", "0")
        #expect(again.status == 2)
        #expect(again.errors.contains("--force"))
    }

    @Test func aModelOfLateInteractionIsTrainedAndSearchesAndReranks() throws {
        let trained = try train(
            "--steps", "4", "--hold-out", "0", "--late", "--late-dimension", "64", "--complete")
        #expect(trained.status == 0, "\(trained.errors)")
        let described = try run("models", "show", "./mine", "--json")
        #expect(described.status == 0, "\(described.errors)")
        let made = try run(
            "index", "corpus.jsonl", "--output", "b.trawl", "--build", "late", "--late-model", "./mine", "--quiet")
        #expect(made.status == 0, "\(made.errors)")
        let question = "what makes the tides of the moon"
        let hits = try run("query", "b.trawl", question, "--json")
        #expect(hits.objects.first?["document"] as? String == "tides", "\(hits.errors)")
        let reranked = try run("query", "a.trawl", question, "--rerank", "late=./mine:5", "--json")
        #expect(reranked.objects.first?["document"] as? String == "tides", "\(reranked.errors)")
        // Further, from the model itself; its vectors keep their length.
        let other = try run(
            "train", "embedder", "a.trawl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--steps", "1",
            "--hold-out", "0", "--late", "--late-dimension", "32", "--from", "./mine", "--output", "./other")
        #expect(other.status == 2)
        #expect(other.errors.contains("64"), "\(other.errors)")
    }

    /// A tiny decoder made for embeddings, its adapters trained on queries with an instruction and examples.
    @Test func aDecoderIsTrainedToFollowAnInstructionAndIndexesAndSearches() throws {
        let goldens = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        try folder.copy(goldens.appending(path: "EmbeddingsTests/Golden/tiny-qwen3").path, to: "decoder")
        // It does not say how queries are put.
        try folder.write(
            #"{"prompts":{},"similarity_fn_name":"cosine"}"#, to: "decoder/config_sentence_transformers.json")
        let flags = ["--from", "./decoder", "--steps", "3", "--hold-out", "0", "--maximum-tokens", "20"]
        let unasked = try train(flags + ["--examples-shown", "2"])
        #expect(unasked.status == 2 && unasked.errors.contains("takes no examples"), "\(unasked.errors)")
        let ordered = try train(flags + ["--order", "angle"])
        #expect(ordered.status == 2 && ordered.errors.contains("only BERT models with one vector"), "\(ordered.errors)")
        let trained = try train(
            flags + ["--instruction", "Find the fact that answers", "--examples-shown", "2", "--complete"])
        #expect(trained.status == 0, "\(trained.errors)")
        let shown = try run("models", "show", "./mine", "--json")
        #expect(shown.status == 0 && shown.output.contains("lg-anna"), "\(shown.errors)")
        let made = try run(
            "index", "corpus.jsonl", "--output", "b.trawl", "--build", "dense", "--embedder", "./mine", "--quiet")
        #expect(made.status == 0, "\(made.errors)")
        try folder.write(#"{"query":"who dances","passage":"Bees dance."}"# + "\n", to: "examples.jsonl")
        for more in [[], ["--examples", "examples.jsonl"], ["--instruction", "Find a text"]] {
            let hits = try TrawlProcess.run(
                ["query", "b.trawl", "what makes the tides", "--json"] + more, folder: folder.path)
            #expect(hits.status == 0 && !hits.objects.isEmpty, "\(hits.errors)")
        }
    }

    @Test func whatAModelCannotBeTrainedForIsAnError() throws {
        for (flags, word) in [
            (["--instruction", "Find"], "takes no instruction"), (["--examples-shown", "1"], "takes no examples"),
        ] {
            let outcome = try train(flags + ["--steps", "1"])
            #expect(outcome.status == 2 && outcome.errors.contains(word), "\(outcome.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/mine/config.json"))
        }
    }

    @Test func pairsThatTakeAllStepsAreAnError() throws {
        try folder.write("4.5\ta plane takes off\tan aircraft departs\n0.5\ta plane\ta flute\n", to: "sts.tsv")
        let outcome = try train("--steps", "1", "--hold-out", "0", "--sts", "sts.tsv")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("pairs alone"))
    }

    @Test func nothingToLearnFromIsAnError() throws {
        try folder.write("query-id\tcorpus-id\tscore\nq1\tnowhere\t1\n", to: "qrels.tsv")
        let outcome = try train("--steps", "1")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("qrels.tsv"))
    }

    @Test(
        arguments: [
            ["--minutes", "1e30"], ["--negatives", "0"], ["--negatives", "10", "--hardest", "2"], ["--rank", "-1"],
            ["--temperature", "0"],
            ["--label-weight", "nan"], ["--hold-out", "1"], ["--learning-rate", "2"],
        ]) func valuesOutOfTheirBoundsAreRefused(_ flags: [String]) throws
    {
        let outcome = try TrawlProcess.run(
            [
                "train", "embedder", "a.trawl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--output",
                "./mine",
            ] + flags + (flags.contains("--minutes") ? [] : ["--steps", "1"]),
            folder: folder.path)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(flags[0]))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/mine"))
    }
}
