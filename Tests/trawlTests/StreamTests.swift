import Foundation
import Testing
import TrawlTestSupport

/// Inputs and outputs that are files, pipes, links, devices, compressed, or standard input and output.
@Suite struct StreamTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            """
            {"_id":"d1","text":"alpha beta"}
            {"_id":"d2","text":"beta gamma"}
            {"_id":"d 3","text":"gamma delta"}
            """, to: "corpus.jsonl")
        try folder.write("1\talpha\n2\tbeta\n", to: "queries.tsv")
        try folder.write("1 Q0 d1 1 1.0 r\n1 Q0 d2 2 0.5 r\n2 Q0 d1 1 2 r\n2 Q0 d3 2 1e0 r\n", to: "run.txt")
        try folder.write("1 0 d1 1\n1 0 d2 0\n2 0 d3 2\n", to: "qrels.txt")
        let built = try run("index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical", "--quiet")
        try #require(built.status == 0, "\(built.errors)")
    }

    private func run(_ arguments: String..., input: String = "") throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, input: input, folder: folder.path)
    }

    private func shell(_ script: String) throws -> TrawlProcess.Outcome {
        try TrawlProcess.shell("set -o pipefail; " + script, folder: folder.path)
    }

    private func text(_ name: String) throws -> String { String(decoding: try folder.bytes(name), as: UTF8.self) }

    /// What `--queries queries.tsv` answers.
    private static let lines = ["1 Q0 d1 1 ", "2 Q0 d1 1 ", "2 Q0 d2 2 "]

    private func expectRun(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let lines = text.split(separator: "\n")
        let isRight = lines.count == 3 && zip(lines, Self.lines).allSatisfy { $0.hasPrefix($1) }
        #expect(isRight, "\(text)", sourceLocation: sourceLocation)
    }

    /// What a command reads is as it was, and the message says why.
    @Test func aResultDoesNotReplaceWhatItIsMadeOf() throws {
        try folder.write("alpha\n", to: "texts.txt")
        try folder.write("text\tlabel\nalpha\ta\nbeta\tb\n", to: "labelled.tsv")
        try folder.write("{\"my\": \"notes\"}", to: "mine.json")
        let commands = [
            "export a.trawl --output a.trawl/data.mdb", "query a.trawl --queries queries.tsv --run queries.tsv",
            "embed texts.txt --output ./texts.txt", "embed texts.txt --format npy --output ../\(name)/texts.txt",
            "eval a.trawl --queries queries.tsv --qrels qrels.txt --mode lexical --write-run qrels.txt",
            "eval compare run.txt --qrels qrels.txt --output run.txt",
            "classify train labelled.tsv --force --output labelled.tsv",
        ]
        func contents() throws -> [Data] {
            let names = [
                "a.trawl/data.mdb", "queries.tsv", "texts.txt", "qrels.txt", "run.txt", "labelled.tsv", "mine.json",
            ]
            return try names.map {
                try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + $0))
            }
        }
        let before = try contents()
        for command in commands {
            let outcome = try TrawlProcess.run(command.split(separator: " ").map(String.init), folder: folder.path)
            #expect(outcome.status == 2 && outcome.errors.contains("which is read"), "\(command): \(outcome)")
        }
        let record = try run(
            "eval", "a.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--mode", "lexical", "--write-run",
            "mine")
        #expect(
            record.status == 2 && record.errors.contains("mine.json: the file is not the record of a run"), "\(record)")
        #expect(try contents() == before)
        let twice = try run("embed", "texts.txt", "--output-type", "int8", "--write-ranges", "o", "--output", "o")
        #expect(twice.status == 64 && twice.errors.contains("would both write to o"), "\(twice)")
    }

    private var name: String { URL(fileURLWithPath: folder.path).lastPathComponent }

    @Test func aRunIsWrittenToWhateverAPathNames() throws {
        let query = "$TRAWL query a.trawl --queries queries.tsv --quiet --run"
        expectRun(try shell("\(query) -").output)
        expectRun(try shell("\(query) /dev/stdout | cat").output)
        expectRun(try shell("\(query) >(cat > out); sleep 0.2; cat out").output)
        expectRun(try shell("mkfifo p; cat p & \(query) p; wait").output)
        expectRun(try shell("mkdir d; ln -s d/real link; \(query) link; test -L link && cat d/real").output)
        expectRun(try shell("echo old > f; chmod 600 f; \(query) f; test $(stat -c %a f) = 600 && cat f").output)
        #expect(try shell("\(query) /dev/null").status == 0)
        #expect(try shell("\(query) >(true)").status == 0)
        let full = try shell("\(query) /dev/full")
        #expect(full.status == 2 && full.errors.contains("No space left"), "\(full.errors)")
        let appended = try shell("echo before > log; \(query) /dev/stdout >> log; cat log").output
        #expect(appended.hasPrefix("before\n1 Q0 d1"), "\(appended)")
    }

    @Test func helpThatCannotBeWrittenIsAnError() throws {
        for command in ["--help", "query --help", "--version"] {
            let full = try shell("$TRAWL \(command) > /dev/full")
            #expect(full.status == 2 && full.errors.contains("No space left"), "\(command): \(full)")
        }
        #expect(try shell("$TRAWL --help | head -1").output.hasPrefix("OVERVIEW"))
        #expect(try shell("$TRAWL --help > whole; tail -c 1 whole | od -c").output.contains("\\n"))
    }

    @Test func blankTextsToEmbedAreReported() throws {
        try folder.write("{\"_id\":\"a\",\"text\":\"alpha\"}\n{\"_id\":\"b\",\"text\":null}\n", to: "texts.jsonl")
        let embedded = try run("embed", "texts.jsonl", "--dimensions", "2")
        #expect(embedded.status == 0 && embedded.errors.contains("1 of 2 texts are blank, the first with the id b"))
        try folder.write("{\"words\":\"alpha\"}\n", to: "other.jsonl")
        let unnamed = try run("embed", "other.jsonl")
        #expect(unnamed.status == 2 && unnamed.errors.contains("give the text one of these names"), "\(unnamed.errors)")
    }

    @Test func aRunThatCannotBeWrittenIsRefusedBeforeTheSearch() throws {
        for (path, reason) in [
            ("no/such/out", "no folder no/such"), (".", "is a folder"), ("queries.tsv/x", "Not a dir"),
        ] {
            let outcome = try run("query", "nowhere.trawl", "--queries", "queries.tsv", "--run", path)
            #expect(outcome.status == 2 && outcome.errors.contains(reason), "\(outcome.errors)")
        }
        for arguments in [
            [
                "eval", "nowhere.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--write-run",
                "no/such/out",
            ],
            ["embed", "queries.tsv", "--model", "nothing", "--output", "no/such/out"],
            ["train", "queries", "nowhere.trawl", "--output", "queries.tsv/x"],
            ["index", "corpus.jsonl", "--embedder", "nothing", "--build", "dense", "--output", "queries.tsv"],
        ] {
            let outcome = try TrawlProcess.run(arguments, folder: folder.path)
            let isRight =
                outcome.status == 2 && !outcome.errors.contains("nowhere") && !outcome.errors.contains("nothing")
            #expect(isRight, "\(arguments): \(outcome.errors)")
        }
    }

    @Test func inputsArePipedCompressedOrStandardInput() throws {
        let expected = try run("eval", "--run", "run.txt", "--qrels", "qrels.txt", "--json").output
        #expect(expected.contains("nDCG@10"))
        for script in [
            "$TRAWL eval --run <(cat run.txt) --qrels <(cat qrels.txt) --json",
            "gzip -k run.txt qrels.txt; $TRAWL eval --run run.txt.gz --qrels qrels.txt.gz --json",
            "$TRAWL eval --run <(gzip -c run.txt) --qrels qrels.txt --json",
            "cat run.txt | $TRAWL eval --run - --qrels qrels.txt --json",
            "gzip -c qrels.txt | $TRAWL eval --run run.txt --qrels - --json",
        ] {
            let outcome = try shell(script)
            #expect(outcome.status == 0 && outcome.output == expected, "\(script): \(outcome.errors)")
        }
        let both = try run("eval", "--run", "-", "--qrels", "-")
        #expect(both.status == 64 && both.errors.contains("--run and --qrels"), "\(both.errors)")
        let mixed = try run("eval", "a.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--write-run", "-")
        #expect(mixed.status == 64 && mixed.errors.contains("standard output"), "\(mixed.errors)")
        expectRun(try shell("$TRAWL query a.trawl --queries <(gzip -c queries.tsv) --run - --quiet").output)
        expectRun(try shell("cat queries.tsv | $TRAWL query a.trawl --run - --quiet").output)
        let phrases = try TrawlProcess.run(
            ["count", "a.trawl", "--phrases", "-"], input: "beta\n", folder: folder.path)
        #expect(phrases.status == 2 && phrases.errors.contains("no generative part"), "\(phrases.errors)")
    }

    @Test func idsToRemoveArePiped() throws {
        let removed = try shell("$TRAWL rm a.trawl --ids <(printf 'd1\\nd 3\\r\\n' | gzip) --json --quiet")
        #expect(removed.objects.first?["deleted"] as? Int == 2, "\(removed.errors)")
        #expect(try run("query", "a.trawl", "beta", "--json").objects.map { $0["document"] as? String } == ["d2"])
    }

    @Test func topicsAndHeadersAreUnderstood() throws {
        try folder.write(
            "<top>\n<num> Number: 901\n<title> alpha\n<desc> Description:\ngamma\n</top>\n", to: "topics.txt")
        let title = try run("query", "a.trawl", "--queries", "topics.txt", "--json").objects
        #expect(title.map { $0["document"] as? String } == ["d1"] && title.first?["query_id"] as? String == "901")
        let both = try run(
            "query", "a.trawl", "--queries", "topics.txt", "--topic-fields", "title,description", "--json")
        #expect(both.objects.count == 3)
        let none = try run("query", "a.trawl", "--queries", "topics.txt", "--topic-fields", "narrative")
        #expect(none.status == 2 && none.errors.contains("--topic-fields"), "\(none.errors)")
        try folder.write("qid\tquery\n1\talpha\n", to: "named.tsv")
        #expect(try run("query", "a.trawl", "--queries", "named.tsv", "--json").objects.count == 1)
    }

    @Test func idsWithSpacesSurviveARun() throws {
        try folder.write("1\tdelta\n", to: "q.tsv")
        #expect(try run("query", "a.trawl", "--queries", "q.tsv", "--run", "out.trec").status == 0)
        #expect(try text("out.trec").hasPrefix("1 Q0 d%203 1 "))
        try folder.write("query-id\tcorpus-id\tscore\n1\td 3\t1\n", to: "qrels.tsv")
        let scored = try run("eval", "--run", "out.trec", "--qrels", "qrels.tsv", "--json")
        #expect(scored.objects.first?["nDCG@10"] as? Double == 1, "\(scored.errors)")
    }

    @Test func aRunIsAsDeepAsItsDepthAndGoesBesideHits() throws {
        let lines = (0..<30).map { #"{"_id":"n\#($0)","text":"omega"}"# }.joined(separator: "\n")
        try folder.write(lines, to: "many.jsonl")
        #expect(try run("index", "many.jsonl", "--output", "b.trawl", "--build", "lexical", "--quiet").status == 0)
        func count(_ more: String...) throws -> Int {
            let outcome = try TrawlProcess.run(
                ["query", "b.trawl", "omega", "--run", "-", "--quiet"] + more, folder: folder.path)
            return outcome.output.split(separator: "\n").count
        }
        #expect(try count() == 30)
        #expect(try count("--depth", "7") == 7)
        let hits = try run("query", "b.trawl", "omega", "--run", "out", "--depth", "20", "--json", "-k", "3", "--quiet")
        #expect(hits.objects.count == 3)
        #expect(try text("out").split(separator: "\n").count == 20)
        let twice = try run("query", "b.trawl", "omega", "--run", "-", "--json")
        #expect(twice.status == 64 && twice.errors.contains("--json and --run -"), "\(twice.errors)")
        #expect(try run("query", "b.trawl", "zebra", "--run", "out").status == 1)
        #expect(try text("out").isEmpty)
    }

    @Test func theDocumentOfTheQueryMayBeLeftOut() throws {
        try folder.write(#"{"_id":"d1","text":"alpha beta"}"#, to: "self.jsonl")
        func documents(_ more: String...) throws -> [String?] {
            try TrawlProcess.run(
                ["query", "a.trawl", "--queries", "self.jsonl", "--json", "-k", "1"] + more, folder: folder.path
            ).objects.map { $0["document"] as? String }
        }
        #expect(try documents() == ["d1"])
        #expect(try documents("--exclude-self") == ["d2"])
        try folder.write("d1\td2\t1\n", to: "self.tsv")
        func score(_ more: String...) throws -> Double? {
            try TrawlProcess.run(
                ["eval", "--qrels", "self.tsv", "--measures", "RR", "--json"] + more, folder: folder.path
            )
            .objects.first?["RR"] as? Double
        }
        #expect(try score("a.trawl", "--queries", "self.jsonl") == 0.5)
        #expect(try score("a.trawl", "--queries", "self.jsonl", "--exclude-self") == 1)
        #expect(try run("query", "a.trawl", "--queries", "self.jsonl", "--run", "self.trec").status == 0)
        #expect(try score("--run", "self.trec") == 0.5)
        #expect(try score("--run", "self.trec", "--exclude-self") == 1)
    }

    @Test func queriesAndJudgementsThatDoNotBelongTogetherAreTold() throws {
        try folder.write("301 0 d1 1\n", to: "other.txt")
        try folder.write("301.0 Q0 d1 1 1.0 r\n", to: "other-run.txt")
        let foreign = try run("eval", "--run", "other-run.txt", "--qrels", "other.txt")
        let isRefused =
            foreign.status == 2 && foreign.errors.contains("other-run.txt") && foreign.errors.contains("301.0")
        #expect(isRefused, "\(foreign.errors)")
        let unjudged = try run("eval", "a.trawl", "--queries", "queries.tsv", "--qrels", "other.txt")
        #expect(unjudged.status == 2 && unjudged.errors.contains("queries.tsv"), "\(unjudged.errors)")
        try folder.write("1 0 d1 1\n1 0 gone 1\n9 0 d2 1\n", to: "partial.txt")
        let partial = try run("eval", "a.trawl", "--queries", "queries.tsv", "--qrels", "partial.txt", "--json")
        for warning in [
            "without judgements, which do not count: 1 of 2", "not in the file of queries and count with 0: 1 of 2",
            "not in the index: 1 of 3",
        ] {
            #expect(partial.errors.contains(warning), "\(partial.errors)")
        }
        #expect(partial.status == 0)
        let quiet = try run("eval", "a.trawl", "--queries", "queries.tsv", "--qrels", "partial.txt", "--quiet")
        #expect(quiet.status == 0 && quiet.errors.isEmpty)
    }

    @Test func everyLineHasAnEmbedding() throws {
        func rows(_ input: String) throws -> [String?] {
            try run("embed", "--dimensions", "8", "--quiet", input: input).objects.map { $0["id"] as? String }
        }
        #expect(try rows("first\n\n\tthird\tline\n") == ["1", "2", "3"])
        #expect(try rows("{\"text\": \"a\"}\n{\"text\": \"\"}\n") == ["1", "2"])
        #expect(try run("embed", "--quiet", input: "").output.isEmpty)
    }

    @Test func nothingOfValueIsReplacedUnasked() throws {
        try folder.write("mine", to: "d/file")
        let other = try run("index", "corpus.jsonl", "--output", "d", "--build", "lexical", "--quiet")
        #expect(other.status == 2 && other.errors.contains("holds no index"), "\(other.errors)")
        try folder.write("", to: "asked/queries.jsonl")
        let queries = try run("train", "queries", "a.trawl", "--output", "asked")
        #expect(queries.status == 2 && queries.errors.contains("--force"), "\(queries.errors)")
        let removed = try run("rm", "a.trawl", "--all")
        #expect(removed.status == 0 && removed.errors.contains("3 documents"), "\(removed.errors)")
    }

    @Test func anIndexThatMayNotBeReadIsNamedAsSuch() throws {
        // Root may read anything: another user asks.
        guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv") else { return }
        let outcome = try shell(
            """
            chmod 755 . a.trawl; chmod 600 a.trawl/data.mdb; cp $TRAWL ./trawl
            setpriv --reuid=65534 --clear-groups env HOME=/tmp ./trawl query ./a.trawl alpha
            """)
        #expect(
            outcome.status == 2 && outcome.errors.contains("data.mdb: the index cannot be read"), "\(outcome.errors)")
    }

    @Test func aMisspeltCommandIsGuessed() throws {
        let misspelt = try run("qurey", "a.trawl", "x")
        #expect(misspelt.status == 64 && misspelt.errors.contains("did you mean 'query'"), "\(misspelt.errors)")
        let nested = try run("train", "wieghts")
        #expect(nested.status == 64 && nested.errors.contains("did you mean 'weights'"), "\(nested.errors)")
        #expect(try run("frobnicate").errors.contains("the commands are index, query"))
        #expect(try run("help", "query").status == 0)
    }
}
