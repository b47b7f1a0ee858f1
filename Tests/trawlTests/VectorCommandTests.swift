import Foundation
import Testing
import TrawlTestSupport

/// Structures of vectors, filters and exact search as users have them.
@Suite struct VectorCommandTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let words = ["moon", "tide", "leaf", "sugar", "wall", "stone", "river", "delta", "bird", "song"]
        let lines = (0..<120).map { number in
            let text = (0..<6).map { words[(number * 7 + $0 * (1 + number % 9)) % words.count] }.joined(separator: " ")
            return #"{"_id": "d\#(number)", "text": "\#(text) \#(number)", "metadata": {"year": "\#(1900 + number)"}}"#
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "corpus.jsonl")
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome { try run(arguments: arguments) }

    private func run(arguments: [String]) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments + ["--quiet"], folder: folder.path)
    }

    private func documents(_ outcome: TrawlProcess.Outcome) -> [String] {
        outcome.objects.compactMap { $0["document"] as? String }
    }

    @Test(arguments: [("binary", "f32"), ("graph", "f16"), ("graph", "int8"), ("exact", "int8")])
    func structuresAreBuiltSearchedGrownAndChecked(structure: String, format: String) throws {
        let built = try run(
            "index", "corpus.jsonl", "--output", "a.trawl", "--build", "dense", "--vector-structure", structure,
            "--vector-format", format)
        try #require(built.status == 0, "\(built.errors)")
        let shown = try TrawlProcess.run(["show", "a.trawl"], folder: folder.path).output
        #expect(shown.contains("384 dimensions; cosine; \(format), \(structure)"), "\(shown)")
        let found = try run("query", "a.trawl", "river delta stone", "--json", "-k", "5")
        let exact = try run("query", "a.trawl", "river delta stone", "--json", "-k", "5", "--exact")
        #expect(documents(found) == documents(exact))
        #expect(documents(found).count == 5)
        try folder.write(#"{"_id": "new", "text": "the estuary of a stream among rocks"}"# + "\n", to: "new.jsonl")
        #expect(try run("index", "new.jsonl", "--output", "a.trawl", "--add").status == 0)
        #expect(try run("rm", "a.trawl", "d3", "d4").status == 0)
        #expect(try run("compact", "a.trawl").status == 0)
        #expect(documents(try run("query", "a.trawl", "estuary among rocks", "--json", "-k", "1")) == ["new"])
        let checked = try run("check", "a.trawl")
        #expect(checked.status == 0, "\(checked.output) \(checked.errors)")
    }

    @Test func conditionsFilterEveryMode() throws {
        let built = try run("index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical,dense")
        try #require(built.status == 0, "\(built.errors)")
        for mode in ["lexical", "dense", "hybrid"] {
            let found = try run(
                "query", "a.trawl", "moon", "--mode", mode, "--json", "-k", "50", "--where", "year>=1990", "--where",
                "year<2000")
            let years = documents(found).compactMap { Int($0.dropFirst()) }
            #expect(!years.isEmpty, "\(mode)")
            #expect(years.allSatisfy { (90..<100).contains($0) }, "\(mode): \(years)")
        }
        #expect(try run("query", "a.trawl", "moon", "--where", "year>3000").status == 1)
        let unknown = try run("query", "a.trawl", "moon", "--where", "yeer=1990")
        #expect(unknown.status == 2)
        #expect(unknown.errors.contains("no document has the field 'yeer'"))
        #expect(try run("query", "a.trawl", "moon", "--where", "year 1990").status == 64)
    }

    @Test func evaluationSaysHowMuchOfAnExactSearchIsFound() throws {
        let built = try run(
            "index", "corpus.jsonl", "--output", "a.trawl", "--build", "dense", "--vector-structure", "binary")
        try #require(built.status == 0, "\(built.errors)")
        try folder.write(#"{"_id": "q1", "text": "river delta"}"#, to: "queries.jsonl")
        try folder.write("query-id\tcorpus-id\tscore\nq1\td3\t1\n", to: "qrels.tsv")
        let arguments = ["eval", "a.trawl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--json", "--quiet"]
        let scored = try TrawlProcess.run(arguments, folder: folder.path)
        #expect((scored.objects.last?["dense"] as? [String: Any])?["recall_of_exact_search"] as? Double == 1)
    }

    @Test func instructionsAndExamplesGoToModelsMadeForThem() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        let model = root + "/EmbeddingsTests/Golden/tiny-qwen3"
        let shown = try TrawlProcess.run(["models", "show", model], folder: folder.path)
        #expect(shown.output.contains(#"Instruct: find what answers\nQuery: …"#), "\(shown.output) \(shown.errors)")
        try folder.write("where is it\nwho was she\n", to: "texts.txt")
        func vectors(_ arguments: String...) throws -> TrawlProcess.Outcome {
            try run(arguments: ["embed", "texts.txt", "--model", model] + arguments)
        }
        let plain = try vectors("--role", "passage").output
        let asked = try vectors("--role", "query").output
        #expect(plain != asked)
        #expect(try vectors("--prompt-name", "query").output == asked)
        #expect(try vectors("--instruction", "find what answers").output == asked)
        #expect(try vectors("--instruction", "name the river").output != asked)
        try folder.write("where\tthere\n", to: "examples.tsv")
        let refused = try vectors("--examples", "examples.tsv")
        #expect(refused.status == 2)
        #expect(refused.errors.contains("was not made to be shown examples"))
        #expect(try run("embed", "texts.txt", "--instruction", "x").status == 2)
    }
}
