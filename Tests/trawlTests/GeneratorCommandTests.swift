import Foundation
import Testing
import TrawlTestSupport

/// Training and using a generator, as users do it: real MiniLM, real text.
@Suite struct GeneratorCommandTests {
    private let folder: TemporaryFolder

    private static let texts = [
        ("tides", "Ocean tides", "The gravity of the moon lifts the oceans twice a day and makes the tides."),
        ("bread", "Sourdough", "A starter of wild yeast and flour ferments overnight before the loaf is baked."),
        ("bees", "Honey bees", "Worker bees dance in the hive to tell the others where flowers with nectar grow."),
        ("glass", "Glass", "Molten sand cools into a solid without crystals that lets light pass through."),
        ("chess", "Chess", "The queen moves any number of squares along a rank, a file or a diagonal."),
        ("rails", "Railways", "Steel wheels roll on steel rails with little friction, so trains need few engines."),
    ]

    init() throws {
        folder = try TemporaryFolder()
        let lines = try Self.texts.map { id, title, text in
            String(
                decoding: try JSONSerialization.data(withJSONObject: ["_id": id, "title": title, "text": text]),
                as: UTF8.self)
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "corpus.jsonl")
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private func index() throws {
        let made = try run(
            "index", "corpus.jsonl", "--output", "a.trawl", "--build", "generative", "--generator", "all-MiniLM-L6-v2",
            "--quiet")
        #expect(made.status == 0, "\(made.errors)")
    }

    private func train(_ steps: Int, _ more: String..., output: String = "./writer") throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(
            [
                "train", "generator", "a.trawl", "--steps", "\(steps)", "--sources-per-step", "6", "--spans-per-source",
                "2", "--output", output,
            ] + more, folder: folder.path)
    }

    @Test func aGeneratorThatLearntACorpusFindsEachDocumentByAPartOfIt() throws {
        try index()
        let trained = try train(40)
        #expect(trained.status == 0, "\(trained.errors)")
        // A complete checkpoint has its tokenizer, also one made of a compact one.
        #expect(FileManager.default.fileExists(atPath: folder.path + "/writer/tokenizer.json"))
        let compact = try TrawlProcess.run(
            [
                "train", "generator", "a.trawl", "--from", "minilm-generator", "--steps", "1", "--output",
                "./from-compact",
            ],
            folder: folder.path)
        #expect(compact.status == 0, "\(compact.errors)")
        #expect(try run("generate", "a.trawl", "moon", "--generator", "./from-compact").status == 0)
        for (id, query) in [
            ("tides", "gravity of the moon"), ("bees", "bees dance in the hive"), ("bread", "wild yeast"),
        ] {
            let found = try run(
                "query", "a.trawl", query, "--mode", "generative", "--generator", "./writer", "--json", "-k", "1")
            #expect(found.objects.first?["document"] as? String == id, "\(query): \(found.errors)")
        }
        // Every n-gram that is written occurs, and names a document that has it.
        let written = try run("generate", "a.trawl", "gravity of the moon", "--generator", "./writer", "--json")
        #expect(!written.objects.isEmpty)
        for object in written.objects {
            #expect((object["count"] as? Int ?? 0) > 0)
            #expect((object["documents"] as? [String])?.isEmpty == false)
        }
    }

    /// Judged queries: some score the generator, the others are what it samples n-grams for.
    @Test func aGeneratorIsScoredByQueriesAndLearnsFromItsOwnNGrams() throws {
        try index()
        let words = Self.texts.flatMap { id, _, text in
            text.split(separator: " ").prefix(8).map { (id, "what of \($0)") }
        }
        let queries = words.indices.map { "{\"_id\": \"q\($0)\", \"text\": \"\(words[$0].1)\"}\n" }
        try folder.write(queries.joined(), to: "queries.jsonl")
        let qrels = words.indices.map { "q\($0)\t\(words[$0].0)\t1\n" }
        try folder.write("query-id\tcorpus-id\tscore\n" + qrels.joined(), to: "qrels.tsv")
        let trained = try train(
            20, "--from", "minilm-generator", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--hold-out", "0.5",
            "--self-samples", "2")
        #expect(trained.status == 0, "\(trained.errors)")
        let lines = trained.errors.split(separator: "\n")
        #expect(
            lines.count { $0.contains("nDCG@10") && $0.contains("(24 held-out queries)") } == 6, "\(trained.errors)")
        let sampled = lines.filter { $0.contains("generated n-grams retrieved") && $0.contains("of 24 queries") }
        #expect(sampled.count == 2 && !sampled.contains { $0.contains("for 0 of") }, "\(sampled)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!files.contains { $0.contains("trial") })
        #expect(FileManager.default.fileExists(atPath: folder.path + "/writer/key_weights.json"))
        // The prior moves what is fitted.
        func fit(_ index: String, _ more: String...) throws -> TrawlProcess.Outcome {
            try TrawlProcess.run(
                ["train", "weights", index, "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--quiet"] + more,
                folder: folder.path)
        }
        func fitted(_ prior: String) throws -> String {
            let fit = try fit("a.trawl", "--generator", "./writer", "--prior-queries", prior, "--force")
            #expect(fit.status == 0, "\(fit.errors)")
            return fit.output
        }
        #expect(try fitted("0") != fitted("100"))
        let all = Self.texts.map { "q0\t\($0.0)\t1\n" }
        try folder.write("query-id\tcorpus-id\tscore\n" + all.joined(), to: "all.tsv")
        let alike = try TrawlProcess.run(
            [
                "train", "weights", "a.trawl", "--queries", "queries.jsonl", "--qrels", "all.tsv", "--generator",
                "./writer", "--force",
            ], folder: folder.path)
        #expect(alike.status == 2 && alike.errors.contains("finds other than relevant"), "\(alike.errors)")
        let ofTheModel = FileManager.default.contents(atPath: folder.path + "/writer/key_weights.json")
        let kept = try fit("a.trawl", "--generator", "./writer")
        #expect(kept.status == 2 && kept.errors.contains("key_weights.json") && kept.errors.contains("--force"))
        // Without a generator they belong to the index.
        let own = try run(
            "index", "corpus.jsonl", "--output", "w.trawl", "--build", "generative", "--generator", "./writer",
            "--quiet")
        #expect(own.status == 0, "\(own.errors)")
        #expect(try fit("w.trawl").status == 0)
        #expect(try run("show", "w.trawl").output.contains("keyWeights"))
        #expect(try run("query", "w.trawl", "moon").status == 0)
        let again = try fit("w.trawl")
        #expect(again.status == 2 && again.errors.contains("w.trawl") && again.errors.contains("--force"))
        #expect(FileManager.default.contents(atPath: folder.path + "/writer/key_weights.json") == ofTheModel)
        let free = try run(
            "generate", "a.trawl", "moon", "--generator", "./writer", "--soft-constraint", "0.5", "--json")
        #expect(free.status == 0 && !free.objects.isEmpty, "\(free.errors)")
        let negative = try run("generate", "a.trawl", "moon", "--generator", "./writer", "--soft-constraint=-1")
        #expect(negative.status == 2 && negative.errors.contains("softConstraint"), "\(negative.errors)")
        // Its gradients say how the learning rate of a second training should fall.
        let refined = try train(3, "--schedule-from", "./writer", output: "./refined")
        #expect(refined.status == 0, "\(refined.errors)")
        _ = try train(3, output: "./straight")
        func weights(_ name: String) -> Data? {
            FileManager.default.contents(atPath: folder.path + "/\(name)/model.safetensors")
        }
        #expect(weights("refined") != weights("straight"))
        let unknown = try train(3, "--schedule-from", "all-MiniLM-L6-v2", output: "./refined")
        #expect(unknown.status == 2 && unknown.errors.contains("gradient_norms.json"), "\(unknown.errors)")
        let without = try train(
            20, "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--self-samples", "0", "--hold-out", "0",
            "--force")
        #expect(without.status == 0 && !without.errors.contains("generated n-grams"), "\(without.errors)")
    }

    /// SmolLM2 writes them; what finds its document is what training and evaluation read.
    @Test func queriesAreWrittenForPassagesAndTrainedOn() throws {
        let made = try run("index", "corpus.jsonl", "--output", "b.trawl", "--build", "lexical,generative", "--quiet")
        #expect(made.status == 0, "\(made.errors)")
        let written = try run(
            "train", "queries", "b.trawl", "--per-passage", "2", "--found-within", "1", "--output", "asked")
        #expect(written.status == 0, "\(written.errors)")
        let queries = try String(contentsOfFile: folder.path + "/asked/queries.jsonl", encoding: .utf8)
        #expect(queries.split(separator: "\n").count >= 4)
        let scored = try run(
            "eval", "b.trawl", "--queries", "asked/queries.jsonl", "--qrels", "asked/qrels.tsv", "--mode", "lexical",
            "--measures", "RR@1", "--json")
        #expect(scored.objects.first?["RR@1"] as? Double == 1, "\(scored.output)")
        let again = try run("train", "queries", "b.trawl", "--output", "asked")
        #expect(again.status == 2 && again.errors.contains("asked/queries.jsonl"), "\(again.errors)")
        let placeless = try run("train", "queries", "b.trawl", "--output", "other", "--prompt", "Ask:")
        #expect(placeless.status == 64 && placeless.errors.contains("{passage}"), "\(placeless.errors)")
        let trained = try TrawlProcess.run(
            [
                "train", "generator", "b.trawl", "--queries", "asked/queries.jsonl", "--qrels", "asked/qrels.tsv",
                "--steps", "2", "--sources-per-step", "6", "--output", "./asked-writer",
            ], folder: folder.path)
        #expect(trained.status == 0, "\(trained.errors)")
        // As identifiers they stand in the substring index beside the text.
        let identified = try run(
            "index", "corpus.jsonl", "--output", "c.trawl", "--build", "generative", "--pseudo-queries", "asked")
        #expect(identified.status == 0, "\(identified.errors)")
        let query = try #require(
            JSONSerialization.jsonObject(with: Data(queries.split(separator: "\n")[0].utf8)) as? [String: String])
        let text = try #require(query["text"])
        #expect(try run("count", "b.trawl", text, "--json").objects.first?["count"] as? Int == 0)
        #expect(try run("count", "c.trawl", text, "--json").objects.first?["count"] as? Int ?? 0 > 0)
        let missing = try run("index", "corpus.jsonl", "--output", "d.trawl", "--pseudo-queries", "nowhere")
        #expect(missing.status == 2 && missing.errors.contains("nowhere/"), "\(missing.errors)")
    }

    @Test func titlesAreSampledWhereNoQueryIsJudged() throws {
        try index()
        // A path ends in a slash when a shell completed it.
        let trained = try TrawlProcess.run(
            [
                "train", "generator", "a.trawl", "--from", "minilm-generator", "--steps", "10", "--sources-per-step",
                "6", "--self-samples", "1", "--output", "./writer/",
            ], folder: folder.path)
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.errors.contains("of 6 titles"), "\(trained.errors)")
    }

    @Test func modelsThatWereNotTrainedHereAreNotWrittenOver() throws {
        try index()
        try FileManager.default.createDirectory(atPath: folder.path + "/other", withIntermediateDirectories: true)
        try folder.write("{\"model_type\": \"bert\"}", to: "other/config.json")
        let refused = try TrawlProcess.run(
            ["train", "generator", "a.trawl", "--steps", "1", "--output", "./other"], folder: folder.path)
        #expect(refused.status == 2 && refused.errors.contains("not trained here"), "\(refused.errors)")
        #expect(try train(1).status == 0)
        // One of its own is, if that is asked for.
        let again = try train(1)
        #expect(again.status == 2 && again.errors.contains("--force"), "\(again.errors)")
        #expect(try train(1, "--force").status == 0)
    }

    @Test func anInterruptedTrainingGoesOn() throws {
        try index()
        let stopped = try TrawlProcess.shell(
            "timeout --foreground --preserve-status -s INT 6 $TRAWL train generator a.trawl --steps 100000 --sources-per-step 6 "
                + "--output ./writer", folder: folder.path)
        #expect(stopped.status == 0 && stopped.errors.contains("continue with --resume"), "\(stopped.errors)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/writer")
        #expect(files.contains("model.safetensors") && files.contains("training_state.safetensors"))
        let same = ["train", "generator", "a.trawl", "--sources-per-step", "6", "--output", "./writer", "--resume"]
        let other = try TrawlProcess.run(same + ["--steps", "3", "--seed", "7"], folder: folder.path)
        #expect(other.status == 2 && other.errors.contains("other settings"), "\(other.errors)")
        let finished = try TrawlProcess.run(same + ["--steps", "1"], folder: folder.path)
        #expect(finished.status == 0 && finished.errors.contains("trained in"), "\(finished.errors)")
        let again = try TrawlProcess.run(same + ["--steps", "1"], folder: folder.path)
        #expect(again.status == 2 && again.errors.contains("no interrupted training"), "\(again.errors)")
    }

    @Test func whatCannotBeTrainedIsRefused() throws {
        try index()
        let foreign = try train(1, "--from", "smollm2-135m-instruct")
        #expect(foreign.status == 2 && foreign.errors.contains("tokenizer"), "\(foreign.errors)")
        let untrained = try run("query", "a.trawl", "moon", "--mode", "generative")
        #expect(untrained.status == 2 && untrained.errors.contains("trawl train generator"), "\(untrained.errors)")
        try folder.write("query-id\tcorpus-id\tscore\nq1\tnowhere\t1\n", to: "qrels.tsv")
        try folder.write("{\"_id\": \"q1\", \"text\": \"moon\"}\n", to: "queries.jsonl")
        let unjudged = try train(1, "--queries", "queries.jsonl", "--qrels", "qrels.tsv")
        #expect(unjudged.status == 2 && unjudged.errors.contains("qrels.tsv"), "\(unjudged.errors)")
        #expect(try run("train", "generator", "a.trawl", "--output", "./writer").status == 64)
        #expect(
            try run("train", "generator", "a.trawl", "--output", "./w", "--steps", "1", "--hold-out", "5").status == 64)
        let itself = try TrawlProcess.run(
            ["train", "generator", "a.trawl", "--steps", "1", "--output", "all-MiniLM-L6-v2"], folder: folder.path)
        #expect(itself.status == 2 && itself.errors.contains("begins with"), "\(itself.errors)")
    }

    /// SmolLM2 through adapters, which stand beside it.
    @Test func aDecoderIsTrainedThroughAdapters() throws {
        let models = ProcessInfo.processInfo.environment["TRAWL_HOME"] ?? NSHomeDirectory() + "/.cache/trawl"
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/smol", withDestinationPath: models + "/models/smollm2-135m-instruct")
        let made = try run(
            "index", "corpus.jsonl", "--output", "a.trawl", "--build", "generative", "--generator", "./smol", "--quiet")
        #expect(made.status == 0, "\(made.errors)")
        let elsewhere = try train(1, "--from", "./smol", output: "./other/writer")
        #expect(elsewhere.status == 2 && elsewhere.errors.contains("beside"), "\(elsewhere.errors)")
        // What belongs to encoder-decoders.
        for option in ["--encoder-layers", "--decoder-interval"] {
            let refused = try train(1, "--from", "./smol", option, "2")
            #expect(refused.status == 2 && refused.errors.contains("leave out"), "\(option): \(refused.errors)")
        }
        let trained = try train(2, "--from", "./smol", "--rank", "4")
        #expect(trained.status == 0, "\(trained.errors)")
        let found = try run("query", "a.trawl", "--mode", "generative", "--generator", "./writer", "moon")
        #expect(found.status == 0 && found.output.contains("tides"), "\(found.output) \(found.errors)")
        #expect(try run("generate", "a.trawl", "moon", "--generator", "./writer").status == 0)
        let otherRank = try train(1, "--from", "./writer", "--rank", "8", output: "./again")
        #expect(otherRank.status == 2 && otherRank.errors.contains("rank 4"), "\(otherRank.errors)")
        let others = try train(1, "--from", "./writer", output: "./again")
        #expect(others.status == 0, "\(others.errors)")
    }
}
