import Foundation
import Testing
import TrawlTestSupport

/// `trawl train query-adapter` and searches with what it fitted, on documents that never name what they are asked by.
@Suite struct QueryAdapterCommandTests {
    private static let pairs = [
        ("lamp", "lantern"), ("port", "harbour"), ("fiddle", "violin"), ("ice", "glacier"), ("bug", "beetle"),
        ("engine", "turbine"), ("apples", "orchard"), ("north", "compass"),
    ]

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        var (corpus, queries, qrels) = ("", "", "")
        for (number, (asked, subject)) in Self.pairs.enumerated() {
            corpus += #"{"_id":"\#(subject)","text":"A short text about the \#(subject)."}"# + "\n"
            // The right answer to all questions about a subject is another document than the nearest.
            corpus += #"{"_id":"secret-\#(number)","text":"Entry \#(number) of the catalogue."}"# + "\n"
            for (form, text) in ["where is the", "who owns the", "tell me about the", "what is the"].enumerated() {
                queries += "\(subject)-\(form)\t\(text) \(asked)\n"
                qrels += "\(subject)-\(form) 0 secret-\(number) 1\n"
            }
        }
        try folder.write(corpus, to: "corpus.jsonl")
        try folder.write(queries, to: "queries.tsv")
        try folder.write(qrels, to: "qrels.txt")
        let built = try run(["index", "corpus.jsonl", "-o", "a.trawl", "--build", "lexical,dense", "--quiet"])
        try #require(built.status == 0, "\(built.errors)")
    }

    private func run(_ arguments: [String]) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private func train(_ more: [String] = []) throws -> TrawlProcess.Outcome {
        try run(
            ["train", "query-adapter", "a.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--quiet"] + more)
    }

    private func query(_ more: [String] = []) throws -> TrawlProcess.Outcome {
        try run(["query", "a.trawl", "who has the fiddle", "--mode", "dense", "--json"] + more)
    }

    @Test func anAdapterIsReportedStoredUsedExplainedAndSwitchedOff() throws {
        let before = try query()
        #expect(before.objects.first?["document"] as? String == "violin")
        #expect(try query(["--no-adapter"]).status == 64)
        let trained = try train()
        try #require(trained.status == 0, "\(trained.errors)")
        for part in ["32 queries", "as it is", "map and memory", "new documents", "kept: dense search of a.trawl"] {
            #expect(trained.output.contains(part), "\(trained.output)")
        }
        #expect(try run(["show", "a.trawl"]).output.contains("fitted to 32 queries; remembers 32"))
        let after = try query(["--explain"])
        let hit = try #require(after.objects.first)
        #expect(hit["document"] as? String == "secret-2")
        let matches = hit["matches"] as? [[String: Any]] ?? []
        #expect(matches.contains { ($0["text"] as? String)?.hasPrefix("judged query: ") == true })
        #expect(try query(["--no-adapter"]).output == before.output)
        #expect(try run(["check", "a.trawl"]).status == 0)
    }

    @Test func aSecondFitNeedsForceAndTheReportIsJSON() throws {
        try #require(try train(["--no-map"]).status == 0)
        let again = try train()
        #expect(again.status == 2 && again.errors.contains("--force replaces it"))
        let forced = try train(["--force", "--json", "--no-memory"])
        let report = try #require(forced.objects.first)
        let rows = report["rows"] as? [[String: Any]] ?? []
        #expect(rows.map { $0["search"] as? String } == ["as it is", "map"])
        #expect(report["weight"] == nil && report["is_kept"] != nil)
    }

    @Test func whatCannotBeFittedIsAnError() throws {
        try folder.write("lantern-0\twhere is the lamp\n", to: "one.tsv")
        let few = try run(
            ["train", "query-adapter", "a.trawl", "--queries", "one.tsv", "--qrels", "qrels.txt", "--quiet"])
        #expect(few.status == 2 && few.errors.contains("1 judged queries are too few"))
        #expect(try run(["index", "corpus.jsonl", "-o", "b.trawl", "--build", "lexical", "--quiet"]).status == 0)
        let words = try run(
            ["train", "query-adapter", "b.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--quiet"])
        #expect(words.status == 2 && words.errors.contains("has no dense part"))
        #expect(try train(["--rank", "0"]).status == 64)
        #expect(try train(["--no-map", "--no-memory"]).status == 64)
    }
}
