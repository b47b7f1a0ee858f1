import Foundation
import Testing
import TrawlTestSupport

/// `trawl eval tune`, on documents of which the longer one answers each query: BM25's b decides.
@Suite struct TuneCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        var (corpus, queries, qrels) = ("", "", "")
        for number in 0..<24 {
            let word = "zo\(String(UnicodeScalar(UInt8(97 + number))))k"
            let filler = (0..<30).map { "filler\($0)" }.joined(separator: " ")
            corpus += #"{"_id":"long\#(number)","text":"\#(word) \#(word) \#(filler)"}"# + "\n"
            corpus += #"{"_id":"short\#(number)","text":"\#(word)"}"# + "\n"
            queries += "\(number)\t\(word)\n"
            qrels += "\(number) 0 long\(number) 1\n"
        }
        try folder.write(corpus, to: "corpus.jsonl")
        try folder.write(queries, to: "queries.tsv")
        try folder.write(qrels, to: "qrels.txt")
        let built = try run("index corpus.jsonl -o a.trawl --build lexical --quiet")
        try #require(built.status == 0, "\(built.errors)")
    }

    private func run(_ arguments: String) throws -> TrawlProcess.Outcome {
        try TrawlProcess.shell("\"$TRAWL\" \(arguments)", folder: folder.path)
    }

    private func tune(_ more: String) throws -> TrawlProcess.Outcome {
        try run("eval tune a.trawl --queries queries.tsv --qrels qrels.txt --quiet \(more)")
    }

    @Test func theBestSettingsAreFoundJudgedOnOtherQueriesWrittenAndSaved() throws {
        let tuned = try tune("--vary lexical.b=0,0.4,1 --measure RR --json -o tuned.yaml")
        try #require(tuned.status == 0, "\(tuned.errors)")
        let answer = try #require(tuned.objects.first)
        let trials = try #require(answer["trials"] as? [[String: Any]])
        #expect(trials.count == 4 && trials[0]["values"] as? [String: String] == ["lexical.b": "0"])
        let verdict = try #require(answer["verdict"] as? [String: Any])
        #expect(verdict["before"] as? Double == 0.5 && verdict["after"] as? Double == 1)
        #expect(verdict["is_cross_validated"] as? Bool == true && verdict["improves"] as? Bool == true)
        #expect(answer["is_saved"] as? Bool == false)
        #expect(try folder.text("tuned.yaml").contains("  b: 0\n"))

        let asked = "--queries queries.tsv --qrels qrels.txt --measures RR --json --quiet --timed-queries 0"
        #expect(try run("eval a.trawl \(asked)").objects.first?["RR"] as? Double == 0.5)
        #expect(try run("eval a.trawl \(asked) --settings tuned.yaml").objects.first?["RR"] as? Double == 1)
        #expect(try run("eval a.trawl \(asked) --settings tuned.yaml --b 1").objects.first?["RR"] as? Double == 0.5)

        #expect(try tune("--vary lexical.b=0,1 --measure RR --save").output.contains("saved: searches"))
        #expect(try run("eval a.trawl \(asked)").objects.first?["RR"] as? Double == 1)
        let again = try tune("--vary lexical.b=0.1,0.2 --measure RR --save")
        #expect(again.output.contains("as it was") && again.output.contains("not saved"), "\(again.output)")
    }

    @Test func halvingAndTestQueriesGiveTheSameChoiceEveryTime() throws {
        try folder.write((0..<12).map { "\($0) 0 long\($0) 1\n" }.joined(), to: "half.txt")
        try folder.write((12..<24).map { "\($0) 0 long\($0) 1\n" }.joined(), to: "other.txt")
        let line =
            "eval tune a.trawl --queries queries.tsv --qrels half.txt --test-qrels other.txt --strategy halving "
            + "--vary lexical.b=0,0.2,0.4,0.6,0.8 --vary lexical.k1=0.5,1 --measure RR --json --quiet"
        let first = try #require(try run(line).objects.first)
        let second = try #require(try run(line).objects.first)
        #expect((first["trials"] as? NSArray) == (second["trials"] as? NSArray))
        let verdict = try #require(first["verdict"] as? [String: Any])
        #expect(verdict["queries"] as? Int == 12 && verdict["after"] as? Double == 1)
        #expect((verdict["costs"] as? [Any])?.count == 2)
    }

    @Test func fusionsThatShareTheirSearchesScoreAsThoseThatDoNot() throws {
        #expect(try run("index corpus.jsonl -o b.trawl --build lexical,dense --quiet").status == 0)
        let tuned = try run(
            "eval tune b.trawl --queries queries.tsv --qrels qrels.txt --mode hybrid --quiet --json --measure RR@5 "
                + "--vary fusion.weights.dense=0,0.3,1.7 --vary fusion.method=min-max,rrf,z-score --vary fusion.depth=7,40"
        )
        let trials = try #require(tuned.objects.first?["trials"] as? [[String: Any]], "\(tuned.errors)")
        #expect(trials.count == 19)
        for trial in trials {
            let values = try #require(trial["values"] as? [String: String])
            guard let dense = values["fusion.weights.dense"], let method = values["fusion.method"],
                let depth = values["fusion.depth"]
            else { continue }
            try folder.write("fusion: {depth: \(depth)}\n", to: "depth.yaml")
            let alone = try run(
                "eval b.trawl --queries queries.tsv --qrels qrels.txt --mode hybrid --settings depth.yaml --depth 5 "
                    + "--weights lexical=1,dense=\(dense) --fusion \(method) --measures RR@5 --json --quiet "
                    + "--timed-queries 0")
            let score = try #require(alone.objects.first?["RR@5"] as? Double, "\(alone.errors)")
            #expect(abs(score - (trial["score"] as? Double ?? -1)) < 1e-12, "\(values)")
        }
    }

    @Test func halvingIsCrossValidatedWhereThePresentSettingsAreBest() throws {
        let best = try tune("--vary lexical.b=0,0.1 --measure RR --save")
        #expect(best.output.contains("saved: searches"), "\(best.errors)")
        let tuned = try tune("--vary lexical.b=0.6,0.8,1 --measure RR --strategy halving --json")
        let verdict = try #require(tuned.objects.first?["verdict"] as? [String: Any], "\(tuned.errors)")
        #expect(verdict["queries"] as? Int == 24)
        #expect(verdict["before"] as? Double == 1 && verdict["after"] as? Double == 1)
    }

    @Test func theModeThatWasSearchedInIsNotSaved() throws {
        #expect(try run("index corpus.jsonl -o b.trawl --build lexical,dense --quiet").status == 0)
        let asked = "--queries queries.tsv --qrels qrels.txt --quiet"
        let saved = try run(
            "eval tune b.trawl \(asked) --mode lexical --measure RR --vary lexical.b=0,1 --save --force")
        #expect(saved.output.contains("saved: searches"), "\(saved.errors)")
        #expect(try run("eval b.trawl \(asked) --write-run b.trec").status == 0)
        let record = try folder.text("b.trec.json")
        #expect(record.contains(#""system" : "hybrid""#) && record.contains(#"  b: 0\n"#), "\(record)")
    }

    @Test func settingsThatThereAreNotAreNamed() throws {
        #expect(try tune("--vary lexical.k9=1").errors.contains("unknown setting \"lexical.k9\""))
        #expect(try tune("--vary lexical.b=5").errors.contains("lexical: "))
        #expect(try tune("--vary lexical.language=german").status == 2)
        #expect(try tune("--vary k1=1").errors.contains("name the group and the entry, as in lexical.k1"))
        #expect(try tune("--vary lexical.b").status == 64)
        #expect(try tune("--vary lexical.b=0,0.1 --vary lexical.b=1").errors.contains("named twice"))
        #expect(try tune("").status == 64)
        try folder.write("lexical.k1: 3\n", to: "space.yaml")
        #expect(try tune("--space space.yaml").errors.contains("space.yaml:1: lexical.k1 has no list of values"))
        #expect(try tune("--vary lexical.b=0 -o missing/tuned.yaml").errors.contains("missing"))
    }
}
