import Foundation
import Testing
import TrawlTestSupport

/// Late interaction as users have it, with a tiny ColBERT checkpoint.
@Suite struct LateCommandTests {
    let folder: TemporaryFolder
    private let model = TestFiles.repository("Tests/EmbeddingsTests/Golden/tiny-colbert")

    init() throws {
        folder = try TemporaryFolder()
        let texts = [
            "the moon pulls the oceans", "plants turn light into sugar", "they rise and fall", "what moves the tides",
        ]
        let lines = texts.enumerated().map { #"{"_id": "d\#($0)", "text": "\#($1)"}"# }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "corpus.jsonl")
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments + ["--quiet"], folder: folder.path)
    }

    private func documents(_ outcome: TrawlProcess.Outcome) -> [String] {
        outcome.objects.compactMap { $0["document"] as? String }
    }

    @Test(arguments: ["1", "2", "4"]) func anIndexIsBuiltSearchedGrownAndChecked(bits: String) throws {
        let built = try run(
            "index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical,late", "--late-model", model,
            "--late-bits", bits)
        try #require(built.status == 0, "\(built.errors)")
        let shown = try TrawlProcess.run(["show", "a.trawl"], folder: folder.path).output
        #expect(shown.contains("8 dimensions; \(bits) bit") && shown.contains("bytes per token"), "\(shown)")
        let found = try run("query", "a.trawl", "what moves the tides", "--mode", "late", "--json", "--explain")
        #expect(documents(found).first == "d3")
        let matches = try #require(found.objects.first?["matches"] as? [[String: Any]])
        #expect(
            matches.contains { ($0["text"] as? String)?.contains(" → ") == true && $0["stage"] as? String == "late" })
        let exact = try run(
            "query", "a.trawl", "what moves the tides", "--mode", "late", "--json", "--exact")
        #expect(documents(exact) == documents(found))
        try folder.write(#"{"_id": "new", "text": "water and air make light"}"# + "\n", to: "new.jsonl")
        #expect(try run("index", "new.jsonl", "--output", "a.trawl", "--add").status == 0)
        #expect(try run("rm", "a.trawl", "d0").status == 0)
        #expect(try run("compact", "a.trawl").status == 0)
        let limited = try run(
            "query", "a.trawl", "water and air make light", "--mode", "late", "--json", "-k", "3", "--probes", "4",
            "--candidates", "10")
        #expect(documents(limited).count == 3 && documents(limited).contains("new"))
        let checked = try run("check", "a.trawl")
        #expect(checked.status == 0 && checked.output.contains("mean cosine"), "\(checked.output) \(checked.errors)")
    }

    @Test func aRecipeReranksByLateInteraction() throws {
        let yaml = """
            corpus: {paths: [corpus.jsonl]}
            build: [lexical]
            search: {rerank: [{reranker: late, model: \(model), depth: 4}]}
            """
        try folder.write(yaml, to: "late.yaml")
        try #require(try run("index", "--recipe", "late.yaml", "--output", "a.trawl").status == 0)
        let found = try run("query", "a.trawl", "the moon pulls oceans", "--json")
        let stages = try #require(found.objects.first?["stages"] as? [[String: Any]])
        #expect(documents(found).first == "d0" && stages.last?["stage"] as? String == "rerank")
    }

    @Test func whatCannotBeBuiltIsRefused() throws {
        let bits = try run("index", "corpus.jsonl", "--output", "b.trawl", "--build", "late", "--late-bits", "3")
        #expect(bits.status == 64 && bits.errors.contains("1, 2 or 4"), "\(bits.errors)")
        let missing = try run("index", "corpus.jsonl", "--output", "b.trawl", "--build", "late", "--late-model", "gone")
        #expect(missing.status == 2 && missing.errors.contains("no model \"gone\""), "\(missing.errors)")
        try #require(try run("index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical").status == 0)
        let mode = try run("query", "a.trawl", "moon", "--mode", "late")
        #expect(mode.status == 2 && mode.errors.contains("no late part"), "\(mode.errors)")
    }

    @Test func modelsShowSaysWhatACheckpointIsFor() throws {
        let shown = try TrawlProcess.run(["models", "show", model], folder: folder.path)
        #expect(shown.status == 0 && shown.output.contains("late interaction"), "\(shown.output) \(shown.errors)")
    }
}
