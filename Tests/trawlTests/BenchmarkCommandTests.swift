import Foundation
import Testing
import TrawlTestSupport

/// `trawl eval --benchmark`, `--write-run` and reranked runs, on a data set of four documents.
@Suite struct BenchmarkCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            #"{"_id":"d1","text":"the violin maker"}"# + "\n" + #"{"_id":"d2","text":"a glacier melts"}"# + "\n"
                + #"{"_id":"d3","text":"the violin and the glacier"}"# + "\n" + #"{"_id":"d4","text":"nothing else"}"#
                + "\n", to: "sets/toy/corpus.jsonl")
        try folder.write("1\tviolin maker\n2\tglacier melts\n", to: "sets/toy/queries.tsv")
        try folder.write("1 0 d1 1\n2 0 d2 1\n", to: "sets/toy/qrels.txt")
        try folder.write("1 Q0 d3 1 3 r\n1 Q0 d1 2 2 r\n2 Q0 d3 1 3 r\n2 Q0 d2 2 1 r\n", to: "sets/toy/given.trec")
        try folder.write(definition(), to: "toy.yaml")
    }

    private func definition(least: String = "1", systems: String = "") -> String {
        """
        name: toy
        description: Four documents
        queries: queries.tsv
        qrels: qrels.txt
        measures: [nDCG@10, RR@10]
        systems:
          - name: words
            search: {mode: lexical}
            expected:
              - {measure: nDCG@10, atLeast: \(least), source: by hand}
          - name: given
            run: given.trec
            expected:
              - {measure: RR@10, score: 0.5}
        \(systems)
        """
    }

    /// Indexes of benchmarks are built in a home of this test's own; models are the user's.
    private func run(_ arguments: String) throws -> TrawlProcess.Outcome {
        try TrawlProcess.shell(
            """
            mkdir -p home; ln -sfn "${TRAWL_HOME:-$HOME/.cache/trawl}/models" home/models
            TRAWL_HOME=$PWD/home "$TRAWL" eval \(arguments)
            """, folder: folder.path)
    }

    private func benchmark(_ more: String = "--quiet") throws -> TrawlProcess.Outcome {
        try run("--benchmark toy.yaml --data sets \(more)")
    }

    private var indexes: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path("home/benchmarks"))) ?? []
        return names.filter { $0.hasSuffix(".trawl") }
    }

    @Test func aBenchmarkBuildsItsIndexAndSaysWhetherScoresAreReached() throws {
        let passed = try benchmark()
        #expect(passed.status == 0, "\(passed.errors)")
        #expect(
            passed.output.contains("≥ 1.0000 | 1.0000 |    pass | by hand |"), "\(passed.output)")
        #expect(passed.output.contains("queries/s") && passed.output.contains("95% ms"))
        let built = indexes
        #expect(built.count == 1)

        try folder.write(definition(least: "1.1"), to: "toy.yaml")
        let missed = try benchmark("--json --quiet")
        #expect(missed.status == 1 && missed.errors.contains("expected scores were missed: toy"), "\(missed.errors)")
        #expect(missed.objects.map { $0["passed"] as? Bool } == [false, true])
        #expect(indexes == built, "the index was built again")
    }

    @Test func anIndexOfAnotherCorpusOrRecipeIsNotTakenForTheBenchmarks() throws {
        _ = try benchmark()
        let first = indexes
        try folder.write(#"{"_id":"d1","text":"the only violin maker"}"# + "\n", to: "sets/toy/corpus.jsonl")
        #expect(try benchmark().status == 1)
        let second = indexes
        #expect(second.count == 1 && second != first)
        try folder.write(definition() + "index: {lexical: {language: german}}\n", to: "toy.yaml")
        _ = try benchmark()
        #expect(indexes.count == 1 && indexes != second)
    }

    @Test func resultsPagesAreWrittenAndThoseOfPeopleAreKept() throws {
        try folder.write("# Notes of mine\n", to: "results/notes.md")
        #expect(try benchmark("--results results --quiet").status == 0)
        let page = try folder.text("results/benchmarks/toy.md")
        #expect(page.contains("Four documents") && page.contains("| words  |  1.0000 | 1.0000 |"), "\(page)")
        let list = try folder.text("results/README.md")
        #expect(list.contains("[toy](benchmarks/toy.md) | words | 1.0000 | reached"), "\(list)")
        #expect(list.contains("[Notes of mine](notes.md)"))
        let again = try benchmark("--results results --quiet --timed-queries 0")
        #expect(again.status == 0)

        try folder.write("# Mine\n", to: "results/README.md")
        let refused = try benchmark("--results results --quiet")
        #expect(
            refused.status == 2 && refused.errors.contains("results/README.md: the page was not written by a benchmark")
        )
        #expect(try folder.text("results/README.md") == "# Mine\n")
    }

    @Test func whatABenchmarkFileHasWrongIsNamedWithItsLine() throws {
        func errors(_ text: String) throws -> String {
            try folder.write(text, to: "toy.yaml")
            let outcome = try benchmark()
            #expect(outcome.status == 2, "\(outcome.errors)")
            return outcome.errors
        }
        #expect(try errors(definition() + "colour: red\n").contains("a benchmark has no entry \"colour\""))
        #expect(try errors(definition() + "colour: red\n").contains("toy.yaml:15"))
        let unknown = "  - name: x\n    lexical: {k9: 1}\n"
        #expect(try errors(definition(systems: unknown)).contains("\"x\": unknown setting \"lexical.k9\""))
        let fixed = "  - name: x\n    lexical: {language: german}\n"
        #expect(try errors(definition(systems: fixed)).contains("unknown setting \"lexical.language\""))
        let twice = "  - name: words\n    search: {mode: lexical}\n"
        #expect(try errors(definition(systems: twice)).contains("two systems have the name \"words\""))
        let other = "  - name: x\n    expected: [{measure: AP, score: 1}]\n"
        #expect(try errors(definition(systems: other)).contains("AP is expected and not among the measures"))
        #expect(try errors(definition(systems: "  - name: x\n    run: none.trec\n")).contains("none.trec"))
        #expect(try errors("name: ../x\nmeasures: [AP]\nsystems: []\n").contains("cannot name a file"))
    }

    @Test func aRunHasARecordOfHowItCameAbout() throws {
        let built = try TrawlProcess.run(
            ["index", "sets/toy/corpus.jsonl", "-o", "a.trawl", "--build", "lexical", "--quiet"], folder: folder.path)
        try #require(built.status == 0, "\(built.errors)")
        let asked = "a.trawl --queries sets/toy/queries.tsv --qrels sets/toy/qrels.txt --quiet"
        #expect(try run(asked + " --write-run a.trec").status == 0)
        func record() throws -> [String: Any] {
            try #require(
                JSONSerialization.jsonObject(with: Data(folder.text("a.trec.json").utf8)) as? [String: Any])
        }
        let first = try record()
        #expect(first["system"] as? String == "lexical")
        let index = try #require(first["index"] as? [String: Any])
        #expect((index["digest"] as? String)?.count == 64)
        #expect((first["settings"] as? String)?.contains("k1: 0.9\n") == true, "\(first)")
        let cost = try #require(first["cost"] as? [String: Any])
        #expect(cost["queries"] as? Int == 2 && (cost["median_milliseconds"] as? Double ?? 0) > 0)
        let run1 = try folder.text("a.trec")
        #expect(try run(asked + " --write-run a.trec").status == 0)
        #expect(try folder.text("a.trec") == run1)
        #expect((try record()["index"] as? [String: Any])?["digest"] as? String == index["digest"] as? String)

        let added = try TrawlProcess.run(
            ["index", "sets/toy/corpus.jsonl", "-o", "a.trawl", "--replace", "--quiet"], folder: folder.path)
        #expect(added.status == 0, "\(added.errors)")
        // A folder in the place of the record is found before the searches.
        try FileManager.default.createDirectory(atPath: folder.path("b.trec.json"), withIntermediateDirectories: true)
        let refused = try run(asked + " --write-run b.trec")
        #expect(refused.status == 2 && refused.errors.contains("b.trec.json"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("b.trec")))
    }

    @Test func aGivenRunIsRerankedByTheTextsOfAnIndex() throws {
        let built = try TrawlProcess.run(
            ["index", "sets/toy/corpus.jsonl", "-o", "a.trawl", "--build", "dense", "--quiet"], folder: folder.path)
        try #require(built.status == 0, "\(built.errors)")
        try folder.write("1 Q0 d3 1 3 r\n1 Q0 d1 2 2 r\n1 Q0 gone 3 1 r\n2 Q0 d3 1 3 r\n2 Q0 d2 2 1 r\n", to: "g.trec")
        let asked = "a.trawl --run g.trec --queries sets/toy/queries.tsv --qrels sets/toy/qrels.txt"
        let plain = try run("--run g.trec --qrels sets/toy/qrels.txt --json --quiet")
        #expect(plain.objects.first?["RR@10"] as? Double == 0.5)
        let reranked = try run(asked + " --rerank late:10 --json --write-run r.trec")
        #expect(reranked.objects.first?["RR@10"] as? Double == 1, "\(reranked.output) \(reranked.errors)")
        #expect(reranked.errors.contains("documents of the run that are not in the index and stay below: 1"))
        #expect(try folder.text("r.trec").contains("1 Q0 gone 3 "))
        let one = try run(asked + " --rerank late:1 --json --quiet")
        #expect(one.objects.first?["RR@10"] as? Double == 0.5, "only the first was to be reranked")
        let idle = try run(asked)
        #expect(idle.status == 64 && idle.errors.contains("--run has no effect with INDEX"))
        #expect(try run(asked + " --rerank late --k1 1").errors.contains("--k1 has no effect with --run"))
    }
}
