import Foundation
import FoundationXML
import Testing
import TrawlTestSupport

/// Training and using a reranker, as users do it: real MiniLM, real text.
@Suite struct RerankerCommandTests {
    private let folder: TemporaryFolder

    private static let texts = [
        ("tides", "The gravity of the moon lifts the oceans twice a day and makes the tides."),
        ("bread", "A starter of wild yeast and flour ferments overnight before the loaf is baked."),
        ("bees", "Worker bees dance in the hive to tell the others where flowers with nectar grow."),
        ("glass", "Molten sand cools into a solid without crystals that lets light pass through."),
        ("chess", "The queen moves any number of squares along a rank, a file or a diagonal."),
        ("rails", "Steel wheels roll on steel rails with little friction, so trains need few engines."),
        ("moon", "The moon is the only natural satellite of the earth."),
        ("yeast", "Yeast is a fungus of one cell that makes beer and bread."),
    ]

    private static let questions = [
        ("q1", "what makes the tides of the oceans", "tides"), ("q2", "how is bread made with wild yeast", "bread"),
        ("q3", "how do bees tell where flowers are", "bees"), ("q4", "why does light pass through glass", "glass"),
        ("q5", "how does the queen move", "chess"), ("q6", "why do trains need few engines", "rails"),
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

    private func train(_ more: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(
            [
                "train", "reranker", "a.trawl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv",
                "--queries-per-step", "3", "--negatives", "2", "--output", "./judge",
            ] + more, folder: folder.path)
    }

    @Test func aTrainedRerankerRanksByItsScores() throws {
        let trained = try train("--steps", "12", "--hold-out", "0")
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.errors.contains("trained in 12 steps"))
        // A complete checkpoint has its tokenizer and the members that transformers reads.
        #expect(FileManager.default.fileExists(atPath: folder.path + "/judge/tokenizer.json"))
        let curve = try XMLDocument(contentsOf: URL(filePath: folder.path + "/judge/training_curve.svg"))
        #expect(curve.rootElement()?.elements(forName: "polyline").count == 1)
        // It reads no more than it was trained to read.
        let described = try run("models", "show", "./judge", "--json")
        #expect(described.output.contains("192"), "\(described.output)")
        let hits = try run("query", "a.trawl", "what makes the tides of the moon", "--reranker", "./judge", "--json")
        #expect(hits.status == 0, "\(hits.errors)")
        #expect(hits.objects.first?["document"] as? String == "tides")
        let stages = hits.objects.first?["stages"] as? [[String: Any]] ?? []
        #expect(stages.contains { $0["stage"] as? String == "rerank" })
    }

    @Test func aTrainedConvKNRMRankerRanksByItsScores() throws {
        let trained = try train(
            "--architecture", "conv-knrm", "--steps", "30", "--hold-out", "0", "--storage", "f32")
        #expect(trained.status == 0, "\(trained.errors)")
        let described = try run("models", "show", "./judge", "--json")
        #expect(described.output.contains("ConvKNRM") && described.output.contains("rerank"), "\(described.output)")
        for flags in [["--reranker", "./judge"], ["--rerank", "cross=./judge:5"]] {
            let hits = try TrawlProcess.run(
                ["query", "a.trawl", "what makes the tides of the moon", "--json"] + flags, folder: folder.path)
            #expect(hits.status == 0, "\(hits.errors)")
            #expect(hits.objects.first?["document"] as? String == "tides")
        }
        // It can be trained further. It does not embed texts.
        let further = try run(
            "train", "reranker", "a.trawl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--steps", "2",
            "--hold-out", "0", "--architecture", "conv-knrm", "--from", "./judge", "--output", "./further")
        #expect(further.status == 0, "\(further.errors)")
        let wrong = try run("embed", "corpus.jsonl", "--model", "./judge", "--output", "x.npy")
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("ConvKNRM"), "\(wrong.errors)")
    }

    /// Held-out queries choose the weight of a reranker's scores, and searches use it.
    @Test func aTrainedRerankersWeightIsUsedBySearches() throws {
        let asked = (1...10).flatMap { number in Self.questions.map { ("\($0.0)-\(number)", "\($0.1) \(number)", $0.2) }
        }
        try folder.write(asked.map { "\($0.0)\t\($0.1)\n" }.joined(), to: "queries.tsv")
        try folder.write(
            "query-id\tcorpus-id\tscore\n" + asked.map { "\($0.0)\t\($0.2)\t1\n" }.joined(), to: "qrels.tsv")
        let trained = try run(
            "train", "reranker", "a.trawl", "--queries", "queries.tsv", "--qrels", "qrels.tsv", "--output", "./judge",
            "--architecture", "conv-knrm", "--steps", "6", "--negatives", "2", "--hold-out", "0.5")
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.errors.contains("a weight of"), "\(trained.errors)")
        let path = folder.path + "/judge/config.json"
        let data = try Data(contentsOf: URL(filePath: path))
        var members = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let chosen = try #require(members["trawl_rerank_weight"] as? Double)
        #expect(0.1...0.5 ~= chosen)

        func query(_ stage: String) throws -> TrawlProcess.Outcome {
            try run("query", "a.trawl", "bread and the moon", "--json", "--rerank", stage)
        }
        members["trawl_rerank_weight"] = 0.4
        try JSONSerialization.data(withJSONObject: members).write(to: URL(filePath: path))
        let (bare, named) = (try query("cross=./judge"), try query("cross=./judge:20@0.4"))
        #expect(bare.status == 0 && bare.output == named.output, "\(bare.errors)")
        let other = try query("cross=./judge:20@1")
        #expect(bare.output != other.output)

        for wrong in [0, 7, "much"] as [Any] {
            members["trawl_rerank_weight"] = wrong
            try JSONSerialization.data(withJSONObject: members).write(to: URL(filePath: path))
            let outcome = try query("cross=./judge")
            #expect(outcome.status == 2)
            #expect(outcome.errors.contains("trawl_rerank_weight"), "\(outcome.errors)")
        }
    }

    /// Over a hybrid search the default reranker is one voice among others; over a single method it decides.
    @Test func theDefaultRerankersWeightDependsOnTheSearch() throws {
        let made = try run("index", "corpus.jsonl", "--output", "b.trawl", "--build", "lexical,dense", "--quiet")
        #expect(made.status == 0, "\(made.errors)")
        for (mode, weight) in [("hybrid", "0.3"), ("lexical", "1")] {
            let words = ["query", "b.trawl", "bread and the moon", "--mode", mode, "--json"]
            let bare = try TrawlProcess.run(words + ["--rerank"], folder: folder.path)
            let named = try TrawlProcess.run(words + ["--rerank", "late:20@\(weight)"], folder: folder.path)
            #expect(bare.status == 0 && bare.output == named.output, "\(mode): \(bare.errors)")
        }
    }

    @Test func aFinishedRerankerIsReplacedOnlyWhenAsked() throws {
        #expect(try train("--steps", "1", "--hold-out", "0").status == 0)
        let again = try train("--steps", "1", "--hold-out", "0")
        #expect(again.status == 2)
        #expect(again.errors.contains("--force"))
        #expect(try train("--steps", "1", "--hold-out", "0", "--force").status == 0)
    }

    @Test func nothingToLearnFromIsAnError() throws {
        try folder.write("query-id\tcorpus-id\tscore\nq1\tnowhere\t1\n", to: "qrels.tsv")
        let outcome = try train("--steps", "1")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("qrels.tsv"))
    }

    @Test(
        arguments: [
            ["--steps", "9223372036854775807"], ["--minutes", "1e30"], ["--negatives", "0"], ["--loss", "kl"],
            ["--loss", "best"], ["--also", "b.trawl"], ["--hold-out", "1"], ["--architecture", "knrm"],
            ["--encoder-layers", "2", "--architecture", "conv-knrm"],
        ]) func valuesOutOfTheirBoundsAreRefused(_ flags: [String]) throws
    {
        let outcome = try TrawlProcess.run(
            [
                "train", "reranker", "a.trawl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--output",
                "./judge",
            ] + flags + (flags.contains("--steps") || flags.contains("--minutes") ? [] : ["--steps", "1"]),
            folder: folder.path)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(flags[0]))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/judge"))
    }

    @Test func aTeachersRunIsLearnt() throws {
        let run = try run(
            "eval", "a.trawl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--write-run", "teacher.trec",
            "--quiet")
        #expect(run.status == 0, "\(run.errors)")
        let trained = try train("--steps", "2", "--hold-out", "0", "--loss", "margin-mse", "--teacher", "teacher.trec")
        #expect(trained.status == 0, "\(trained.errors)")
        try folder.write("another Q0 d1 1 1.0 r\n", to: "other.trec")
        let other = try train("--steps", "2", "--loss", "margin-mse", "--teacher", "other.trec", "--force")
        #expect(other.status == 2 && other.errors.contains("the teacher's run scores none"), "\(other.errors)")
    }
}
