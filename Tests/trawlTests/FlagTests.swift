import Foundation
import Testing
import TrawlTestSupport

/// Every flag of every command has an effect, or is refused with the reason.
@Suite struct FlagTests {
    /// A flag as the parser describes it.
    private struct Flag {
        let names: [String]
        let takesValue: Bool
        let isRepeating: Bool
        /// The long name, or the only one.
        var name: String { names.first { $0.hasPrefix("--") } ?? names[0] }
    }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            #"{"_id":"d1","text":"alpha beta"}"# + "\n" + #"{"_id":"d2","text":"beta"}"#, to: "corpus.jsonl")
        try folder.write("1\talpha\n", to: "queries.tsv")
        try folder.write("1 0 d1 1\n", to: "qrels.txt")
        try folder.write("1 Q0 d1 1 1.0 r\n", to: "run.txt")
        try folder.write("query\tpassage\n", to: "examples.tsv")
        try folder.write(
            #"{"id":"1","input":"alpha","output":[{"provenance":[{"wikipedia_id":"d1"}]}]}"#, to: "gold.jsonl")
        try folder.write(#"{"id":"1","question":"alpha","answers":["beta"]}"#, to: "answers.jsonl")
        let built = try run(["index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical", "--quiet"])
        try #require(built.status == 0, "\(built.errors)")
    }

    private func run(_ arguments: [String]) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private static let generative = [
        "--generator", "--alpha", "--seal-weights", "--query-ngrams", "--beams", "--soft-constraint", "--scoring",
    ]
    private static let dense = [
        "--instruction", "--examples", "--query-prompt", "--exact", "--ef-search", "--feedback", "--feedback-weight",
        "--no-adapter",
    ]
    private static let late = ["--probes", "--candidates"]
    private static let fusion = ["--fusion", "--weights", "--blocks"]
    private static let ofAnIndex =
        generative + dense + late + [
            "--queries", "--mode", "--depth", "--first-queries", "--write-run", "--sweep", "--rerank", "--reranker",
            "--k1", "--b", "--syntax", "--where", "--topic-fields", "--rerank-weight", "--settings",
        ] + fusion

    /// What only searches for other tasks take.
    private static let taskSearch =
        generative + dense + late + fusion + [
            "--mode", "--rerank", "--reranker", "--k1", "--b", "--syntax", "--where", "--settings",
        ]

    /// The flags that do nothing in a command line, with what their messages must name. All others are accepted there.
    private struct Case {
        let command: String
        let line: [String]
        let refused: [String: String]
        /// The code of accepted flags: 2 where the index or model does not exist, so that nothing runs.
        var status: Set<Int32> = [2]
    }

    private static func all(_ flags: [String], _ other: String) -> [String: String] {
        Dictionary(uniqueKeysWithValues: flags.map { ($0, other) })
    }

    private static let cases: [Case] = [
        // With an index: what depends on the retrieval methods.
        Case(
            command: "query", line: ["a.trawl", "alpha", "--mode", "lexical"],
            refused: all(generative + dense + late + fusion + ["--precision"], "--mode").merging([
                "--queries": "TEXT", "--exclude-self": "TEXT", "--topic-fields": "TEXT", "--depth": "--run",
                "--rerank-depth": "--rerank", "--rerank-weight": "--rerank", "--no-rerank": "reranker",
            ]) { $1 },
            status: [0, 1, 2]),
        Case(
            command: "query", line: ["a.trawl", "alpha", "--mode", "lexical", "--rerank", "nothing:5@0.5"],
            refused: all(generative + dense + late + fusion, "--mode").merging([
                "--queries": "TEXT", "--exclude-self": "TEXT", "--topic-fields": "TEXT", "--depth": "--run",
                "--rerank-depth": "--rerank NAME:DEPTH", "--rerank-weight": "--rerank NAME@WEIGHT",
                "--no-rerank": "--rerank",
                "--reranker": "--rerank CHAIN",
            ]) { $1 }),
        Case(
            command: "query", line: ["a.trawl", "alpha", "--mode", "lexical", "--rerank", "cross,nothing"],
            refused: all(generative + dense + late + fusion, "--mode").merging([
                "--queries": "TEXT", "--exclude-self": "TEXT", "--topic-fields": "TEXT", "--depth": "--run",
                "--rerank-depth": "--rerank NAME,NAME", "--rerank-weight": "--rerank NAME,NAME",
                "--no-rerank": "--rerank",
                "--reranker": "--rerank CHAIN",
            ]) { $1 }),
        Case(
            command: "query", line: ["a.trawl", "alpha", "--run", "out"],
            refused: all(generative + dense + late + fusion + ["--precision"], "--mode").merging([
                "--queries": "TEXT", "--exclude-self": "TEXT", "--topic-fields": "TEXT", "--passages": "--run",
                "--limit": "--run", "--explain": "--run", "--rerank-depth": "--rerank", "--rerank-weight": "--rerank",
                "--no-rerank": "reranker",
            ]) { $1 },
            status: [0, 1, 2]),
        Case(
            command: "query", line: ["a.trawl", "--queries", "queries.tsv", "--mode", "dense"],
            refused: all(generative + late + fusion + ["--k1", "--b", "--syntax"], "--mode dense").merging([
                "--feedback-weight": "--feedback", "--no-adapter": "query adapter",
                "--depth": "--run", "--rerank-depth": "--rerank", "--rerank-weight": "--rerank",
                "--no-rerank": "reranker",
            ]) { $1 }),
        Case(
            command: "query", line: ["a.trawl", "--queries", "queries.tsv", "--mode", "generative"],
            refused: all(dense + late + fusion + ["--k1", "--b", "--syntax"], "--mode generative").merging([
                "--depth": "--run", "--rerank-depth": "--rerank", "--rerank-weight": "--rerank",
                "--no-rerank": "reranker",
            ]) { $1 }),
        Case(
            command: "query",
            line: ["a.trawl", "--queries", "queries.tsv", "--mode", "hybrid", "--weights", "dense=1,generative=1"],
            refused: [
                "--k1": "--weights", "--b": "--weights", "--syntax": "--weights", "--depth": "--run",
                "--probes": "--weights", "--candidates": "--weights",
                "--blocks": "--fusion fitted", "--feedback-weight": "--feedback", "--no-adapter": "query adapter",
                "--rerank-depth": "--rerank",
                "--rerank-weight": "--rerank", "--no-rerank": "reranker",
            ]),
        Case(
            command: "eval retrieval",
            line: ["a.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--mode", "lexical"],
            refused: all(generative + dense + late + fusion + ["--precision"], "--mode").merging([
                "--run": "INDEX", "--benchmark": "INDEX", "--results": "--benchmark",
                "--data": "--benchmark", "--rerank-depth": "--rerank", "--rerank-weight": "--rerank",
                "--no-rerank": "reranker",
                "--sweep": "--mode",
            ]) { $1 },
            status: [0, 2]),
        // Without one: what the command line alone decides.
        Case(
            command: "eval retrieval", line: ["--run", "missing.txt", "--qrels", "qrels.txt"],
            refused: all(ofAnIndex, "--run").merging([
                "--queries": "INDEX", "--first-queries": "INDEX", "--write-run": "INDEX", "--rerank": "INDEX",
                "--reranker": "INDEX", "--topic-fields": "INDEX", "--settings": "INDEX",
                "--data": "--benchmark", "--precision": "INDEX",
                "--results": "--benchmark", "--timed-queries": "INDEX",
                "--rerank-depth": "--rerank", "--rerank-weight": "--rerank", "--no-rerank": "--run",
                "--benchmark": "--run",
            ]) { $1 }),
        Case(
            command: "eval retrieval", line: ["--benchmark", "missing.yaml", "--data", "."],
            refused: all(ofAnIndex + ["--qrels", "--measures", "--exclude-self", "-q"], "INDEX").merging([
                "--precision": "INDEX", "--rerank-depth": "--rerank",
                "--rerank-weight": "--rerank", "--no-rerank": "INDEX", "--run": "--benchmark",
            ]) { $1 }),
        Case(
            command: "eval tune",
            line: ["missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--vary", "lexical.b=0.1,0.2"],
            refused: ["--test-queries": "--test-qrels", "--force": "--save"]),
        Case(
            command: "eval compare", line: ["missing.txt", "run.txt", "--qrels", "qrels.txt"],
            refused: [
                "--title": "--format html", "--queries": "--format html", "--corpus": "--format html",
                "--topic-fields": "--queries",
            ]),
        Case(
            command: "eval compare",
            line: ["missing.txt", "run.txt", "--qrels", "qrels.txt", "--format", "html", "--queries", "queries.tsv"],
            refused: [:]),
        Case(
            command: "eval compare", line: ["missing.txt", "--qrels", "qrels.txt"],
            refused: all(["--baseline", "--pairs", "--test", "--correction", "--alpha"], "one run").merging([
                "--title": "--format html", "--queries": "--format html", "--corpus": "--format html",
                "--topic-fields": "--queries", "--names": "1 run",
            ]) { $1 }),
        Case(
            command: "eval kilt", line: ["missing.jsonl", "--predictions", "missing.jsonl"],
            refused: all(taskSearch + ["--precision"], "--index").merging([
                "--rerank-depth": "--rerank", "--rerank-weight": "--rerank", "--no-rerank": "--index",
            ]) { $1 }),
        Case(
            command: "eval kilt", line: ["gold.jsonl", "--index", "a.trawl"],
            refused: all(generative + dense + late + fusion + ["--precision"], "--mode").merging([
                "--rank-keys": "--predictions", "--rerank-depth": "--rerank", "--rerank-weight": "--rerank",
                "--no-rerank": "reranker",
            ]) { $1 },
            status: [0, 2]),
        Case(
            command: "eval answers", line: ["answers.jsonl", "--index", "a.trawl"],
            refused: all(generative + dense + late + fusion + ["--precision"], "--mode").merging([
                "--rerank-depth": "--rerank", "--rerank-weight": "--rerank", "--no-rerank": "reranker",
            ]) { $1 },
            status: [0, 2]),
        Case(
            command: "eval answers", line: ["answers.jsonl", "--index", "a.trawl", "--run", "run.txt"],
            refused: all(taskSearch + ["--precision", "--passages"], "--run").merging([
                "--rerank-depth": "--rerank", "--rerank-weight": "--rerank", "--no-rerank": "--run",
            ]) { $1 },
            status: [0]),
        Case(
            command: "eval embeddings", line: ["clustering", "missing.jsonl"],
            refused: ["--samples-per-label": "classification"]),
        Case(
            command: "eval embeddings", line: ["sts", "missing.jsonl", "--vectors", "missing.npy"],
            refused: [
                "--model": "--vectors", "--prompt-name": "--vectors", "--instruction": "--vectors",
                "--precision": "--vectors", "--samples-per-label": "classification", "--sample": "clustering",
                "--experiments": "classification", "--seed": "classification",
            ]),
        Case(
            command: "eval embeddings",
            line: ["classification", "missing.jsonl", "missing.jsonl", "--vectors", "missing.npy", "missing.npy"],
            refused: [
                "--model": "--vectors", "--prompt-name": "--vectors", "--instruction": "--vectors",
                "--precision": "--vectors", "--sample": "clustering",
            ]),
        Case(
            command: "eval embeddings", line: ["clustering", "missing.jsonl", "--prompt-name", "q"],
            refused: [
                "--instruction": "--prompt-name", "--vectors": "--prompt-name", "--samples-per-label": "classification",
            ]),
        Case(
            command: "index", line: ["corpus.jsonl", "--output", "missing.trawl", "--add"],
            refused: all(
                [
                    "--recipe", "--build", "--language", "--embedder", "--generator", "--precision", "--passage-size",
                    "--passage-overlap", "--vector-structure", "--codes", "--code-bits", "--vector-format",
                    "--late-model", "--late-bits", "--replace",
                    "--sync", "--watch",
                ], "--add"
            ).merging(all(["--exclude", "--no-ignore"], "PATH that is a folder")) { $1 }),
        Case(
            command: "index", line: ["missing", "--output", "missing.trawl", "--sync", "--build", "lexical"],
            refused: all(["--recipe", "--pseudo-queries", "--add", "--replace", "--watch"], "--sync").merging(
                all(
                    [
                        "--embedder", "--generator", "--precision", "--vector-structure", "--codes", "--code-bits",
                        "--vector-format",
                        "--late-model", "--late-bits",
                    ], "--build")
            ) { $1 }),
        Case(
            command: "index", line: ["missing.jsonl", "--output", "new.trawl", "--build", "lexical"],
            refused: all(
                [
                    "--embedder", "--generator", "--precision", "--vector-structure", "--codes", "--code-bits",
                    "--vector-format",
                    "--late-model", "--late-bits", "--pseudo-queries", "--add", "--replace",
                ], "--build")),
        Case(
            command: "index", line: ["missing.jsonl", "--output", "new.trawl", "--vector-structure", "graph"],
            refused: all(["--codes", "--code-bits", "--build", "--add", "--replace"], "--vector-structure").merging(
                all(["--late-model", "--late-bits"], "--build")
            ) { $1 }),
        Case(command: "shards manifest", line: ["missing.trawl", "--output", "new.shards.json"], refused: [:]),
        Case(command: "shards list", line: ["missing.shards.json"], refused: [:]),
        Case(command: "shards check", line: ["missing.shards.json"], refused: [:]),
        Case(command: "shards build", line: ["missing.yaml"], refused: [:]),
        Case(command: "shards serve", line: ["missing.shards.json"], refused: [:]),
        Case(command: "embed", line: ["missing.txt", "--model", "nothing", "--output-type", "int8"], refused: [:]),
        Case(
            command: "embed", line: ["missing.txt", "--model", "nothing"],
            refused: ["--ranges": "--output-type", "--write-ranges": "--output-type"]),
        Case(
            command: "embed", line: ["missing.txt", "--model", "nothing", "--prompt", "x"],
            refused: [
                "--ranges": "--output-type", "--write-ranges": "--output-type", "--prompt-name": "--prompt",
                "--role": "--prompt", "--instruction": "--prompt", "--examples": "--prompt",
            ]),
        Case(command: "generate", line: ["missing.trawl", "x"], refused: [:]),
        Case(
            command: "count", line: ["missing.trawl", "x"],
            refused: ["--phrases": "PHRASES", "--cap": "--within", "--within": "AND"]),
        Case(command: "count", line: ["missing.trawl", "x AND y", "--within", "3"], refused: ["--phrases": "PHRASES"]),
        Case(command: "find", line: ["missing.trawl", "x"], refused: ["--cap": "--within", "--within": "AND"]),
        Case(command: "find", line: ["missing.trawl", "x AND y", "--within", "3"], refused: ["--next": "AND"]),
        Case(command: "next", line: ["missing.trawl", "x", "--text", "y"], refused: ["--limit": "--text"]),
        Case(command: "ls", line: [], refused: all(["--where", "--limit"], "INDEX"), status: [0]),
        Case(command: "ls", line: ["missing.trawl"], refused: [:]),
        Case(command: "export", line: ["missing.trawl"], refused: [:]),
        Case(command: "show", line: ["missing.trawl"], refused: [:]),
        Case(command: "rm", line: ["missing.trawl", "d1"], refused: ["--all": "DOCUMENTS"]),
        Case(
            command: "rm", line: ["missing.trawl", "--all"], refused: ["--ids": "--all", "--ignore-missing": "--all"]),
        Case(command: "compact", line: ["missing.trawl"], refused: [:]),
        Case(command: "check", line: ["missing.trawl"], refused: [:]),
        Case(
            command: "train generator", line: ["missing.trawl", "--output", "new", "--steps", "1"],
            refused: [
                "--queries": "--qrels", "--qrels": "--queries", "--hold-out": "--queries", "--query-share": "--queries",
                "--sampling-start": "--self-samples", "--sample-share": "--self-samples",
                "--ranking-weight": "--self-samples", "--replay-share": "--new-after",
                "--encoder-interval": "--encoder-layers", "--pacing": "--queries", "--reweight-strength": "--reweight",
            ]),
        Case(
            command: "train generator",
            line: [
                "missing.trawl", "--output", "new", "--steps", "1", "--queries", "queries.tsv", "--qrels", "qrels.txt",
                "--resume",
            ],
            refused: [
                "--force": "--resume", "--replay-share": "--new-after", "--encoder-interval": "--encoder-layers",
                "--reweight-strength": "--reweight",
            ]),
        Case(
            command: "train reranker",
            line: [
                "missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--output", "new", "--steps", "1",
            ],
            refused: [
                "--teacher": "--loss", "--curriculum-samples": "--curriculum", "--anti-curriculum": "--curriculum",
                "--reweight-strength": "--reweight",
            ]),
        Case(
            command: "train embedder",
            line: [
                "missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--output", "new", "--steps", "1",
            ],
            refused: ["--reweight-strength": "--reweight", "--late-dimension": "--late"]),
        Case(
            command: "train embedder",
            line: [
                "missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--output", "new", "--steps", "1",
                "--late",
            ],
            refused: [
                "--reweight-strength": "--reweight", "--order": "--late", "--sts": "--late", "--instruction": "--late",
                "--examples-shown": "--late",
            ]),
        Case(
            command: "train embedder",
            line: [
                "missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--output", "new", "--steps", "1",
                "--pacing", "linear",
            ],
            refused: [
                "--reweight-strength": "--reweight", "--order": "--pacing", "--late-dimension": "--late",
            ]),
        Case(
            command: "train weights", line: ["missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt"],
            refused: [:]),
        Case(
            command: "train fusion", line: ["missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt"],
            refused: [:]),
        Case(
            command: "train query-adapter",
            line: ["missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt"], refused: [:]),
        Case(
            command: "train query-adapter",
            line: ["missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--no-map"],
            refused: [
                "--rank": "--no-map", "--rounds": "--no-map", "--learning-rate": "--no-map", "--no-memory": "--no-map",
            ]),
        Case(
            command: "train inspect", line: ["missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt"],
            refused: [:]),
        Case(command: "train senses", line: ["missing.trawl"], refused: [:]),
        Case(command: "senses", line: ["missing.trawl", "word"], refused: [:]),
        Case(command: "train queries", line: ["missing.trawl", "--output", "new"], refused: [:]),
        Case(
            command: "adapt", line: ["missing.trawl"],
            refused: [
                "--queries": "--qrels", "--qrels": "--queries", "--output": "--train", "--minutes": "--train",
                "--rerank": "--queries",
            ]),
        Case(
            command: "adapt", line: ["missing.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt"],
            refused: [
                "--writer": "--queries", "--passages": "--queries", "--output": "--train", "--minutes": "--train",
            ]),
        Case(
            command: "classify train", line: ["missing.tsv", "--output", "new"],
            refused: all(["--writer", "--precision"], "--write-examples")),
        Case(
            command: "classify train", line: ["missing.tsv", "--output", "new", "--vectors", "nothing.npy"],
            refused: all(["--model", "--prompt", "--instruction", "--descriptions", "--write-examples"], "--vectors")
                .merging(all(["--writer", "--precision"], "--write-examples")) { $1 }),
        Case(
            command: "classify train",
            line: ["missing.tsv", "--output", "new", "--prompt", "p: ", "--write-examples", "2"],
            refused: ["--instruction": "--prompt", "--vectors": "--prompt"]),
        Case(
            command: "classify train", line: ["--output", "new", "--descriptions", "queries.tsv"],
            refused: [
                "--label": "SOURCE", "--text": "SOURCE", "--vectors": "--descriptions", "--head": "--descriptions",
                "--write-examples": "SOURCE", "--writer": "--write-examples", "--precision": "--write-examples",
            ]),
        Case(command: "classify apply", line: ["missing.classifier"], refused: [:]),
        Case(command: "classify eval", line: ["missing.classifier", "missing.tsv"], refused: [:]),
        Case(command: "classify add", line: ["missing.classifier", "missing.tsv"], refused: [:]),
        Case(command: "classify show", line: ["missing.classifier"], refused: [:]),
        Case(command: "serve", line: ["missing.trawl"], refused: [:]),
        Case(command: "mcp", line: ["missing.trawl"], refused: [:]),
        Case(command: "models show", line: ["nothing"], refused: [:]),
        Case(command: "models pull", line: [], refused: all(["--force", "--quiet"], "NAMES"), status: [0]),
        Case(command: "models pull", line: ["nothing"], refused: [:]),
        Case(command: "models bench", line: ["nothing"], refused: [:]),
    ]

    /// The flags of each command, from the description that the parser gives of itself.
    private func commands() throws -> [String: [Flag]] {
        let text = try run(["--experimental-dump-help"]).output
        let tool = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        var commands: [String: [Flag]] = [:]
        func visit(_ command: [String: Any], _ path: [String]) {
            let children = command["subcommands"] as? [[String: Any]] ?? []
            for child in children { visit(child, path + [child["commandName"] as? String ?? ""]) }
            if !children.isEmpty || path.first == "help" { return }
            commands[path.joined(separator: " ")] = (command["arguments"] as? [[String: Any]] ?? []).compactMap {
                guard let kind = $0["kind"] as? String, kind != "positional" else { return nil }
                let names = ($0["names"] as? [[String: Any]] ?? []).map { name in
                    (name["kind"] as? String == "long" ? "--" : "-") + (name["name"] as? String ?? "")
                }
                return Flag(
                    names: names, takesValue: kind == "option", isRepeating: $0["isRepeating"] as? Bool ?? false)
            }.filter { !["--help", "--version"].contains($0.name) }
        }
        visit(try #require(tool["command"] as? [String: Any]), [])
        return commands
    }

    private func words(_ flag: Flag, _ command: String) throws -> [String] {
        guard flag.takesValue else { return [flag.name] }
        let value = Self.values["\(command) \(flag.name)"] ?? Self.values[flag.name]
        return [flag.name, try #require(value, "give \(command) \(flag.name) a value in this test")]
    }

    @Test func everyFlagHasAnEffectOrIsRefusedWithTheReason() throws {
        let commands = try commands()
        #expect(Set(commands.keys) == Set(Self.cases.map(\.command)))
        for test in Self.cases {
            let flags = commands[test.command] ?? []
            #expect(Set(test.refused.keys).isSubset(of: flags.map(\.name)), "\(test.command)")
            for flag in flags where !test.line.contains(flag.name) {
                let outcome = try run(
                    test.command.split(separator: " ").map(String.init) + test.line + words(flag, test.command))
                let line = "\(test.command) \(test.line.joined(separator: " ")) \(flag.name)"
                // No case is about a cluster.
                let other = test.refused[flag.name] ?? (flag.name == "--allow-partial" ? ".shards.json" : nil)
                if let other {
                    let isNamed = outcome.errors.contains(flag.name) && outcome.errors.contains(other)
                    #expect(outcome.status == 64 && isNamed, "\(line): \(outcome.status) \(outcome.errors)")
                } else {
                    #expect(test.status.contains(outcome.status), "\(line): \(outcome.status) \(outcome.errors)")
                }
            }
        }
    }

    @Test func anOptionWithOneValueIsRefusedTwice() throws {
        for (command, flags) in try commands() {
            let test = try #require(Self.cases.first { $0.command == command })
            for flag in flags where flag.takesValue {
                let words = try words(flag, command)
                let given = test.line.contains(flag.name) ? words : words + words
                let outcome = try run(command.split(separator: " ").map(String.init) + test.line + given)
                let isRefused = outcome.errors.contains("is given twice")
                #expect(isRefused != flag.isRepeating, "\(command) \(flag.name): \(outcome.errors)")
            }
        }
    }

    @Test func shortNamesCountAsTheLongOnes() throws {
        let twice = try run(["query", "a.trawl", "alpha", "-k", "3", "--limit", "4"])
        #expect(twice.status == 64 && twice.errors.contains("-k is given twice"), "\(twice.errors)")
        let useless = try run(["query", "a.trawl", "alpha", "--run", "out", "-k", "3"])
        #expect(useless.status == 64 && useless.errors.contains("-k has no effect with --run"), "\(useless.errors)")
        let cluster = try run(["query", "a.trawl", "alpha", "-ek", "3", "--json"])
        #expect(cluster.status == 0)
        #expect(try run(["query", "a.trawl", "--json", "--json", "--", "alpha"]).status == 0)
    }

    /// Other names of one flag, which rules must know.
    @Test func everyFlagWithSeveralNamesIsKnownByEach() throws {
        for (command, flags) in try commands() {
            let test = try #require(Self.cases.first { $0.command == command })
            for flag in flags where flag.names.count > 1 && flag.takesValue {
                let words = try words(flag, command)
                for name in flag.names where name != flag.name {
                    let given = test.line.contains(flag.name) ? [] : words
                    let outcome = try run(
                        command.split(separator: " ").map(String.init) + test.line + given + [name, words[1]])
                    #expect(outcome.errors.contains("given twice"), "\(command) \(name): \(outcome.errors)")
                }
            }
        }
    }
}
