import Foundation
import Testing
import TrawlTestSupport

/// `trawl eval compare` with the real binary.
@Suite struct CompareCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write((1...6).map { "q\($0) 0 good 1\n" }.joined(), to: "qrels.txt")
        func run(_ ranks: [Int]) -> String {
            zip(1..., ranks).map { number, rank in
                (1...max(rank, 2)).map { "q\(number) Q0 \($0 == rank ? "good" : "bad\($0)") \($0) -\($0) r\n" }.joined()
            }.joined()
        }
        try folder.write(run([2, 3, 4, 2, 3, 2]), to: "base.trec")
        try folder.write(run([1, 1, 1, 1, 2, 1]), to: "better.trec")
        try folder.write(run([2, 3, 4, 2, 3, 3]), to: "same.trec")
    }

    private func compare(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(["eval", "compare"] + arguments, folder: folder.path)
    }

    @Test func printsTablesByDefault() throws {
        let outcome = try compare(
            "base.trec", "better.trec", "same.trec", "--qrels", "qrels.txt", "--measures", "RR")
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(outcome.output.contains("| better | 0.9167 ↑ ["))
        #expect(outcome.output.contains("| better − base ") && outcome.output.contains("6/0/0"))
        let all = try compare(
            "base.trec", "better.trec", "same.trec", "--qrels", "qrels.txt", "--measures", "RR", "--pairs", "all",
            "--test", "randomisation", "--correction", "none", "--baseline", "same")
        #expect(all.status == 0 && all.output.contains("| better − same ") && all.output.contains("0.0312"))
    }

    @Test func writesEachFormatTheSameEachTime() throws {
        for format in ["markdown", "latex", "csv", "json", "html"] {
            var contents: [String] = []
            for _ in 1...2 {
                let outcome = try compare(
                    "base.trec", "better.trec", "--qrels", "qrels.txt", "--measures", "RR", "--format", format,
                    "--output", "report")
                #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.errors)")
                contents.append(try String(contentsOfFile: folder.path + "/report", encoding: .utf8))
            }
            #expect(contents[0] == contents[1] && contents[0].count > 100, "\(format)")
        }
    }

    @Test func showsCostAndProvenanceOfRecordsAndTexts() throws {
        let record = """
            {"system": "words", "command": ["trawl", "eval"], "version": "9.9", "binary": "abc", "models": [], \
            "cost": {"queries": 6, "seconds": 1.5, "median_milliseconds": 1.25, "percentile_95_milliseconds": 2.5, \
            "medianMilliseconds": 1.25, "percentile95Milliseconds": 2.5, "peak_memory": 2000000, "peakMemory": 2000000, \
            "index_bytes": 1000000, "indexBytes": 1000000}}
            """
        try folder.write(record, to: "base.trec.json")
        try folder.write("q1\twhere is it\n", to: "queries.tsv")
        try folder.write(#"{"_id": "good", "title": "Here", "text": "It is here."}"# + "\n", to: "corpus.jsonl")
        let outcome = try compare(
            "base.trec", "better.trec", "--qrels", "qrels.txt", "--measures", "RR", "--format", "html", "--queries",
            "queries.tsv", "--corpus", "corpus.jsonl", "--title", "Two <systems>")
        #expect(outcome.status == 0, "\(outcome.errors)")
        for text in [
            "where is it", "It is here.", "trawl 9.9", "1.25", "<h1>Two &lt;systems&gt;</h1>", "none beside the run",
        ] {
            #expect(outcome.output.contains(text), "\(text)")
        }
        try folder.write("{}", to: "base.trec.json")
        let broken = try compare("base.trec", "better.trec", "--qrels", "qrels.txt")
        #expect(broken.status == 2 && broken.errors.contains("base.trec.json: the file is not the record of a run"))
    }

    @Test func whatCannotBeComparedEndsWithCode2() throws {
        try folder.write("x1 0 good 1\nx2 0 good 1\n", to: "other.txt")
        try folder.write("q1 0 good 1\n", to: "single.txt")
        try folder.write("q1 Q0 d 1 nan r\n", to: "nan.trec")
        for (arguments, message) in [
            (["base.trec", "better.trec", "--qrels", "other.txt"], "base.trec: none of the queries is judged"),
            (["base.trec", "better.trec", "--qrels", "single.txt"], "only one query is judged"),
            (["base.trec", "base.trec", "--qrels", "qrels.txt"], "two systems have the name 'base'"),
            (["base.trec", "better.trec", "--qrels", "qrels.txt", "--baseline", "beter"], "did you mean 'better'?"),
            (["base.trec", "nan.trec", "--qrels", "qrels.txt"], "nan.trec:1"),
            (["base.trec", "better.trec", "--qrels", "qrels.txt", "--output", "no/such/file"], "there is no folder"),
            (
                ["base.trec", "better.trec", "--qrels", "qrels.txt", "--output", "./better.trec"],
                "would replace better.trec"
            ),
            (
                ["base.trec", "better.trec", "--qrels", "qrels.txt", "--format", "html", "--corpus", "missing"],
                "missing"
            ),
        ] {
            let outcome = try TrawlProcess.run(["eval", "compare"] + arguments, folder: folder.path)
            #expect(outcome.status == 2 && outcome.errors.contains(message), "\(arguments): \(outcome.errors)")
            #expect(outcome.output.isEmpty)
        }
        #expect(try String(contentsOfFile: folder.path + "/better.trec", encoding: .utf8).hasPrefix("q1 Q0 good"))
    }

    @Test func whatMakesNoSenseIsAUsageError() throws {
        for (arguments, message) in [
            (["--qrels", "qrels.txt"], "RUNS"), (["base.trec", "better.trec"], "--qrels"),
            (["base.trec", "--qrels", "qrels.txt", "--test", "t"], "--test has no effect with one run"),
            (
                ["base.trec", "better.trec", "--qrels", "qrels.txt", "--alpha", "1.5"],
                "--alpha must be between 0 and 1"
            ),
            (["base.trec", "better.trec", "--qrels", "qrels.txt", "--names", "a"], "--names has 1 name"),
            (["base.trec", "-", "--qrels", "-"], "cannot both be read from standard input"),
            (["base.trec", "better.trec", "--qrels", "qrels.txt", "--corpus", "c"], "without --format html"),
        ] {
            let outcome = try TrawlProcess.run(["eval", "compare"] + arguments, folder: folder.path)
            #expect(
                outcome.status == 64 && outcome.errors.uppercased().contains(message.uppercased()),
                "\(arguments): \(outcome.status) \(outcome.errors)")
        }
    }

    @Test func readsPipesAndNamesSystems() throws {
        let outcome = try TrawlProcess.shell(
            "$TRAWL eval compare <(cat base.trec) - --qrels qrels.txt --names 'old, new' --measures RR < better.trec",
            folder: folder.path)
        #expect(outcome.status == 0 && outcome.output.contains("| new − old "), "\(outcome.errors)")
    }

    @Test func oneRunHasMeansOnly() throws {
        let outcome = try compare("base.trec", "--qrels", "qrels.txt", "--measures", "RR")
        #expect(outcome.status == 0 && outcome.output.contains("| base   | 0.4028 [") && !outcome.output.contains("↑"))
    }
}
