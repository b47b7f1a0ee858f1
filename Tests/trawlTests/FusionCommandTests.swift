import Foundation
import Testing
import TrawlTestSupport

/// `trawl train fusion` and searches by what it fitted, on documents of which the shortest answers each query.
@Suite struct FusionCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let subjects = [
            "lantern", "harbour", "violin", "glacier", "beetle", "turbine", "orchard", "compass", "anvil",
            "lighthouse", "saddle", "kettle", "meadow", "piston", "quarry", "rudder", "sculpture", "telescope",
        ]
        var (corpus, queries, qrels) = ("", "", "")
        for subject in subjects {
            corpus += #"{"_id":"\#(subject)-0","text":"A \#(subject)."}"# + "\n"
            corpus +=
                #"{"_id":"\#(subject)-1","text":"The \#(subject) and the \#(subject) keeper. It stands by the road."}"#
                + "\n"
            for (number, form) in ["where is the", "who keeps the", "tell me about the"].enumerated() {
                queries += "\(subject)-\(number)\t\(form) \(subject)\n"
                qrels += "\(subject)-\(number) 0 \(subject)-0 1\n"
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
        try run(["train", "fusion", "a.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--quiet"] + more)
    }

    private func query(_ more: [String] = []) throws -> TrawlProcess.Outcome {
        try run(["query", "a.trawl", "who keeps the violin", "--json"] + more)
    }

    @Test func eachMethodHasOneWeight() throws {
        for weights in ["lexical=1,dense=1,lexical=2", ""] {
            let twice = try query(["--weights", weights])
            #expect(twice.status == 64 && twice.errors.contains("each method once"), "\(twice.errors)")
        }
        let useless = try query(["--weights", "dense=1", "--k1", "1"])
        #expect(useless.status == 64 && useless.errors.contains("by which --mode is dense"), "\(useless.errors)")
    }

    @Test func aFittedFusionIsStoredUsedExplainedAndSwitchedOff() throws {
        let before = try query()
        #expect(try query(["--fusion", "fitted"]).errors.contains("'trawl train fusion' fits one"))
        let trained = try train(["--blocks", "6"])
        try #require(trained.status == 0, "\(trained.errors)")
        for part in ["equal weights (dense=1,lexical=1)", "present weights (dense=1.5,lexical=1)", "grid", "kept: "] {
            #expect(trained.output.contains(part), "\(trained.output)")
        }
        let fitted = try query()
        #expect(fitted.objects.first?["document"] as? String == "violin-0")
        let stages = fitted.objects.first?["stages"] as? [[String: Any]] ?? []
        #expect(stages.contains { $0["stage"] as? String == "block 1" && $0["added"] != nil && $0["score"] == nil })
        #expect(try run(["query", "a.trawl", "violin", "--explain"]).output.contains("· block 1 "))
        // Off means off.
        #expect(before.status == 0 && before.output != fitted.output)
        #expect(try query(["--fusion", "adaptive"]).output == before.output)
        #expect(try query(["--blocks", "0"]).output == before.output)
        #expect(try query(["--blocks", "1"]).output != before.output)
        // It holds for what it was fitted to.
        let other = try query(["--weights", "lexical=1,dense=1"])
        #expect(other.status == 2 && other.errors.contains("dense=1.5,lexical=1.0"), "\(other.errors)")
        #expect(other.errors.contains("--fusion adaptive"))
        let useless = try query(["--fusion", "rrf", "--blocks", "1"])
        #expect(useless.status == 64 && useless.errors.contains("--fusion fitted"))
        // What changes the documents keeps it.
        #expect(try run(["rm", "a.trawl", "anvil-1", "--quiet"]).status == 0)
        let stages2 = try query().objects.first?["stages"] as? [[String: Any]] ?? []
        #expect(stages2.count == stages.count)
        let again = try train(["--also", "a.trawl,queries.tsv,qrels.txt", "--json", "--blocks", "2"])
        #expect(again.objects.first?["is_kept"] as? Bool == true, "\(again.output) \(again.errors)")
    }

    @Test func judgementsThatTeachNothingAreErrors() throws {
        try folder.write("violin-1 0 violin-0 1\n", to: "few.txt")
        try folder.write("other 0 violin-0 1\n", to: "other.txt")
        let line = ["train", "fusion", "a.trawl", "--queries", "queries.tsv", "--quiet", "--qrels"]
        let one = try run(line + ["few.txt"])
        #expect(one.status == 2 && one.errors.contains("1 judged queries are too few"), "\(one.errors)")
        #expect(one.errors.contains("at least 50"))
        let none = try run(line + ["other.txt"])
        #expect(none.status == 2 && none.errors.contains("other.txt"), "\(none.errors)")
        let bad = try run(line + ["qrels.txt", "--also", "a.trawl"])
        #expect(bad.status == 64 && bad.errors.contains("INDEX,QUERIES,QRELS"))
    }

    @Test func feedbackMovesTheQueryAndNoneIsTheSameAsBefore() throws {
        func dense(_ more: [String]) throws -> TrawlProcess.Outcome { try query(["--mode", "dense"] + more) }
        let plain = try dense([])
        #expect(try dense(["--feedback", "0"]).output == plain.output)
        #expect(try dense(["--feedback", "3", "--feedback-weight", "0"]).output == plain.output)
        let moved = try dense(["--feedback", "3"])
        #expect(moved.status == 0 && moved.output != plain.output)
        let bad = try dense(["--feedback-weight", "1"])
        #expect(bad.status == 64 && bad.errors.contains("--feedback"))
    }
}
