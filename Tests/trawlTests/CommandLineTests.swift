import Foundation
import Testing
import TrawlTestSupport

/// The command line as scripts use it: forms, exit codes, streams.
@Suite struct CommandLineTests {
    let folder: TemporaryFolder

    static let corpus = """
        {"_id": "moon", "title": "Tides", "text": "The moon pulls the oceans, which rise and fall twice a day."}
        {"_id": "leaf", "title": "Photosynthesis", "text": "Plants turn light, water and carbon dioxide into sugar."}
        {"_id": "wall", "title": "Great Wall", "text": "The wall was built across the north of China."}
        """

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(Self.corpus, to: "corpus.jsonl")
    }

    private func run(_ arguments: String..., input: String = "") throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, input: input, folder: folder.path)
    }

    private func buildLexical() throws {
        let built = try run("index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical", "--quiet")
        try #require(built.status == 0, "\(built.errors)")
    }

    @Test func indexQueryEvaluateInAllThreeWays() throws {
        let built = try run("index", "corpus.jsonl", "--output", "a.trawl", "--json", "--quiet")
        try #require(built.status == 0, "\(built.errors)")
        #expect(built.objects.first?["documents"] as? Int == 3)
        for (mode, query) in [
            ("lexical", "oceans rise"), ("dense", "why is the sea level changing"), ("hybrid", "sea and moon"),
            ("generative", "The moon pulls the"),
        ] {
            let answer = try run("query", "a.trawl", query, "--mode", mode, "-k", "2", "--json", "--quiet")
            #expect(answer.status == 0, "\(mode): \(answer.errors)")
            #expect(answer.objects.first?["document"] as? String == "moon", "\(mode): \(answer.output)")
            #expect(answer.objects.count <= 2)
        }
        let checked = try run("check", "a.trawl", "--quiet")
        #expect(checked.status == 0, "\(checked.output)")
        try folder.write(#"{"_id": "q1", "text": "sugar from light"}"#, to: "queries.jsonl")
        try folder.write("query-id\tcorpus-id\tscore\nq1\tleaf\t1\n", to: "qrels.tsv")
        let scored = try run(
            "eval", "a.trawl", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--mode", "lexical,dense",
            "--json",
            "--quiet")
        #expect(scored.status == 0, "\(scored.errors)")
        #expect(scored.objects.map { $0["nDCG@10"] as? Double } == [1, 1])
        let counted = try run("count", "a.trawl", "the oceans")
        #expect(counted.output == "1\n")
        let found = try run("find", "a.trawl", "the oceans", "--json")
        #expect(((found.objects.first?["passages"] as? [[String: Any]])?.first)?["document"] as? String == "moon")
        #expect(try run("count", "a.trawl", "no such phrase at all").status == 1)
    }

    @Test(arguments: [
        "index", "query", "eval", "embed", "count", "find", "next", "ls", "show", "export", "rm", "compact", "check",
        "models",
    ])
    func noTwoFlagsOfACommandHaveOneName(_ command: String) throws {
        // The argument parser looks for this in debug builds only.
        var names: [String] = []
        for line in try run(command, "--help").output.split(separator: "\n") where line.hasPrefix("  -") {
            for word in line.split(separator: " ") {
                guard word.hasPrefix("-") else { break }
                names.append(String(word.prefix { $0 != "," }))
            }
        }
        #expect(names.contains("--help") && Set(names).count == names.count, "\(names)")
    }

    @Test func exitCodesTellHitsFromNoneFromErrorsFromUsage() throws {
        try buildLexical()
        #expect(try run("query", "a.trawl", "oceans").status == 0)
        #expect(try run("query", "a.trawl", "zebra").status == 1)
        #expect(try run("query", "a.trawl", "oceans", "--mode", "dense").status == 2)
        #expect(try run("query", "nowhere.trawl", "oceans").status == 2)
        #expect(try run("query", "a.trawl", "oceans", "--mode", "psychic").status == 64)
        #expect(try run("frobnicate").status == 64)
        #expect(try run("--help").status == 0)
        #expect(try run("--version").output == "0.1.0\n")
    }

    @Test func dataGoToOutputAndEverythingElseToErrors() throws {
        try buildLexical()
        let answer = try run("query", "a.trawl", "oceans", "--json")
        #expect(answer.objects.count == answer.output.split(separator: "\n").count)
        let failed = try run("query", "nowhere.trawl", "oceans", "--json")
        #expect(failed.output.isEmpty)
        #expect(failed.errors.contains("nowhere.trawl"))
    }

    @Test func queriesComeFromFilesAndStandardInput() throws {
        try buildLexical()
        let piped = try run("query", "a.trawl", "--json", input: "oceans\nsugar\n")
        #expect(piped.objects.map { $0["document"] as? String } == ["moon", "leaf"])
        try folder.write("q7\twall of China\n", to: "queries.tsv")
        let filed = try run("query", "a.trawl", "--queries", "queries.tsv", "--json")
        #expect(filed.objects.first?["query_id"] as? String == "q7")
        #expect(try run("query", "a.trawl", "--queries", "queries.tsv", "--run", "out.trec").status == 0)
        #expect(try String(contentsOfFile: folder.path + "/out.trec", encoding: .utf8).hasPrefix("q7 Q0 wall 1 "))
    }

    @Test func queryWithoutTokensFindsNothing() throws {
        try buildLexical()
        #expect(try run("query", "a.trawl", "  ").status == 1)
        #expect(try run("query", "a.trawl", "!?").status == 1)
    }

    @Test func closedPipeIsNoError() throws {
        try buildLexical()
        // From a file: a command that writes the queries into a pipe would itself report the closed pipe wherever
        // the test process ignores SIGPIPE, as it does after a test of the server.
        try folder.write(String(repeating: "oceans\n", count: 20_000), to: "queries.txt")
        let outcome = try TrawlProcess.shell(
            "set -o pipefail; $TRAWL query a.trawl --json --quiet < queries.txt | head -n 1",
            folder: folder.path)
        #expect(outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(outcome.objects.count == 1)
    }

    @Test func addingDocumentsKeepsTheOldOnes() throws {
        try buildLexical()
        try folder.write(#"{"_id": "sand", "text": "Deserts move with the wind."}"#, to: "more.jsonl")
        #expect(try run("index", "more.jsonl", "--output", "a.trawl", "--add", "--quiet").status == 0)
        #expect(try run("query", "a.trawl", "wind", "--json").objects.first?["document"] as? String == "sand")
        #expect(try run("query", "a.trawl", "oceans", "--json").objects.first?["document"] as? String == "moon")
        #expect(try run("check", "a.trawl", "--quiet").status == 0)
        let again = try run("index", "more.jsonl", "--output", "a.trawl", "--add", "--quiet")
        #expect(again.status == 2)
        #expect(again.errors.contains("sand") && again.errors.contains("more.jsonl:1"))
        #expect(try run("show", "a.trawl", "--json").objects.first?["documents"] as? Int == 4)
    }

    @Test func textsThatAreCutAreCounted() throws {
        let long = String(repeating: "word ", count: 400)
        #expect(
            try run("embed", input: "short\n\(long)\n").errors.contains("1 of 2 texts are longer than the 256 tokens"))
        #expect(try !run("embed", input: "short\n").errors.contains("longer than"))
    }

    @Test func passagesThatAreCutAreCountedThroughAllChanges() throws {
        let long = String(repeating: "word ", count: 400)
        func index(_ name: String, _ texts: [String: String], _ flags: String...) throws -> TrawlProcess.Outcome {
            let lines = texts.map { #"{"_id": "\#($0.key)", "text": "\#($0.value)"}"# }
            try folder.write(lines.sorted().joined(separator: "\n"), to: name)
            return try TrawlProcess.run(["index", name, "--output", "cut.trawl"] + flags, folder: folder.path)
        }
        func cut() throws -> String { try run("show", "cut.trawl").output }
        let built = try index(
            "a.jsonl", ["a": "short", "b": long, "c": "short"], "--build", "dense", "--passage-size", "none")
        #expect(built.errors.contains("1 of 3 passages are longer than the 256 tokens"))
        #expect(try cut().contains("; 1 passage not read to the end\n"))
        #expect(try index("b.jsonl", ["d": "short", "e": long, "f": long], "--add").status == 0)
        #expect(try cut().contains("; 3 passages not read to the end\n"))
        #expect(try run("rm", "cut.trawl", "e").status == 0)
        #expect(try cut().contains("; 2 passages not read to the end\n"))
        #expect(try run("compact", "cut.trawl").status == 0)
        #expect(try cut().contains("; 2 passages not read to the end\n"))
        #expect(try run("rm", "cut.trawl", "a", "b", "f").status == 0)
        #expect(try !cut().contains("not read to the end"))
        #expect(try run("check", "cut.trawl").status == 0)
    }

    @Test func embeddingsHaveTheFormatThatWasAskedFor() throws {
        let lines = try run("embed", input: "one text\nanother text\n")
        #expect(lines.objects.map { ($0["embedding"] as? [Double])?.count } == [384, 384])
        #expect(try run("embed", "--format", "npy", "--output", "v.npy", input: "a\nb\nc\n").status == 0)
        let npy = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/v.npy"))
        #expect(String(decoding: npy.dropFirst(10).prefix(70), as: UTF8.self).contains("'shape': (3, 384)"))
        #expect(npy.count == 128 + 3 * 384 * 4)
        #expect(
            try run("embed", "--format", "f32", "--dimensions", "64", "--output", "v.f32", input: "a\n").status == 0)
        let raw = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/v.f32"))
        #expect(raw.count == 64 * 4)
        let norm = raw.withUnsafeBytes { $0.bindMemory(to: Float.self).reduce(0) { $0 + $1 * $1 } }
        #expect(abs(norm - 1) < 1e-5)
    }

    @Test func smallerEmbeddingsHaveTheTypeAndTheRangesThatWereAskedFor() throws {
        func type(_ name: String, _ more: String...) throws -> TrawlProcess.Outcome {
            try TrawlProcess.run(
                ["embed", "--output-type", name] + more, input: "a tide\na river\n", folder: folder.path)
        }
        let corpus = try type("int8", "--format", "npy", "--output", "c.npy", "--write-ranges", "r.npy")
        #expect(corpus.status == 0)
        let npy = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/c.npy"))
        #expect(String(decoding: npy.dropFirst(10).prefix(70), as: UTF8.self).contains("'|i1'"))
        #expect(npy.count == 128 + 2 * 384)
        // Of two embeddings each value is in the first or the last step, up to rounding.
        #expect(Set(npy.dropFirst(128)).isSubset(of: [0x80, 0x7E, 0x7F]))
        let again = try type("int8", "--ranges", "r.npy").objects.map { $0["embedding"] as? [Int] ?? [] }
        #expect(again.flatMap { $0 } == npy.dropFirst(128).map { Int(Int8(bitPattern: $0)) })
        #expect(try type("ubinary").objects.map { ($0["embedding"] as? [Int])?.count } == [48, 48])
        #expect(try type("float16").objects.map { ($0["embedding"] as? [Double])?.count } == [384, 384])

        #expect(try type("binary", "--format", "f32").status == 64)
        #expect(try type("binary", "--ranges", "r.npy").status == 64)
        let wrong = try type("int8", "--ranges", "c.npy")
        #expect(wrong.status == 2 && wrong.errors.contains("c.npy") && wrong.errors.contains("--write-ranges"))
        let other = try type("int8", "--ranges", "r.npy", "--dimensions", "64")
        #expect(other.status == 2 && other.errors.contains("384 dimensions"))
        let one = try TrawlProcess.run(["embed", "--output-type", "int8"], input: "a\n", folder: folder.path)
        #expect(one.status == 2 && one.errors.contains("--ranges"))
    }

    @Test func indexesAreListedShownAndRemoved() throws {
        try buildLexical()
        #expect(try run("ls").output.contains("a.trawl"))
        #expect(try run("show", "a").output.contains("documents   3"))
        #expect(try run("show", "a", "leaf").output.contains("carbon dioxide"))
        #expect(try run("show", "a", "nobody").status == 2)
        #expect(try run("rm", "a", "--all").status == 0)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/a.trawl"))
        #expect(try run("rm", "a", "--all").status == 2)
    }

    @Test func everyCommandHasExamplesInItsHelp() throws {
        for command in [
            "index", "query", "eval", "embed", "count", "find", "next", "ls", "show", "export", "rm", "compact",
            "check",
            "models",
        ] {
            let help = try run(command, "--help")
            #expect(help.status == 0 && help.output.contains("trawl \(command)"), "\(command)")
        }
    }

    @Test func optionsOfAQueryAreGroupedInItsHelp() throws {
        let lines = try run("query", "--help").output.split(separator: "\n").map(String.init)
        let groups = [
            "ARGUMENTS:", "INPUT:", "RETRIEVAL:", "LEXICAL RETRIEVAL:", "DENSE RETRIEVAL:", "GENERATIVE RETRIEVAL:",
            "HYBRID RETRIEVAL:", "RERANKING:", "OUTPUT:", "OPTIONS:",
        ]
        let found = lines.filter { groups.contains($0) }
        #expect(found == groups)
    }

    @Test func environmentAndCompletionsAreInTheHelp() throws {
        let help = try run("--help").output
        for name in ["TRAWL_HOME", "TRAWL_ISA", "NO_COLOR", "--generate-completion-script"] {
            #expect(help.contains(name), "\(name)")
        }
        #expect(try run("--generate-completion-script", "bash").output.contains("trawl"))
    }

    @Test func modelsAreListedAndDescribed() throws {
        let all = try run("models", "--json").objects
        #expect(all.contains { $0["name"] as? String == "all-MiniLM-L6-v2" && $0["parameters"] as? Int == 22_713_216 })
        let missing = try run("models", "gpt-9000")
        #expect(missing.status == 2 && missing.errors.contains("all-MiniLM-L6-v2"))
    }
}
