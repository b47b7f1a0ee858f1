import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEmbeddings
import TrawlEngine
import TrawlEvaluation
import TrawlTensors
import TrawlWorkbench

struct EvalRetrievalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retrieval",
        abstract: "Evaluate an index or a TREC run against relevance judgements (qrels).",
        discussion: """
            Measures have the names of ir_measures (nDCG@10, AP(rel=2)@100, RR@10, R@100, ERR@20, RBP(p=0.9), Bpref, \
            infAP), of trec_eval (map, ndcg_cut_10, gm_map, P.5,10) or of ranx (ndcg@10, hit_rate@5); docs/measures.md \
            lists them. Runs are TREC (6 columns), MS MARCO (query, document, rank) or JSON; judgements are TREC, BEIR or \
            JSON. All may be files (plain, .gz or .zst), pipes, or - for standard input. Documents are scored: each \
            has the score of its best passage.

            EXAMPLES
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --mode dense
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --mode lexical,dense,hybrid --json
              trawl eval --run bm25.trec --qrels qrels.txt --measures "nDCG@10 AP" -q
              trawl eval scifact --queries queries.jsonl --qrels qrels/train.tsv --sweep prompts.yaml
              trawl eval --benchmark eval/benchmarks/scifact.yaml --data ~/data
              trawl query scifact --queries queries.jsonl --run - | trawl eval --run - --qrels qrels/test.tsv
            """)

    @Argument(
        help: "The index: a path or a name. Not needed with --benchmark, or a run that is not reranked.")
    var index: String?

    @Option(
        help: ArgumentHelp("The queries: JSON lines (BEIR), TSV (id, text), CSV or TREC topics.", valueName: "file"))
    var queries: String?
    @OptionGroup var topics: TopicFlags
    @Option(help: ArgumentHelp("The relevance judgements: BEIR TSV or TREC qrels.", valueName: "file"))
    var qrels: String?
    @Option(
        help: ArgumentHelp(
            "Modes to compare, separated by commas: \(SearchMode.allValueStrings.joined(separator: ", ")). "
                + "(default: the index's)", valueName: "modes"))
    var mode: String?
    @Option(
        name: .customLong("run"),
        help: ArgumentHelp(
            "A TREC run to evaluate; with an index, --queries and --rerank to rerank by the index's texts.",
            valueName: "file"))
    var runFile: String?
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Benchmarks (YAML): data set, index, systems and expected scores. Indexes that are missing are built.",
            discussion: "Exit code 1: an expected score was missed. docs/benchmarks.md describes the files.",
            valueName: "file"))
    var benchmark: [String] = []
    @Option(help: ArgumentHelp("The folder with the data sets of benchmarks.", valueName: "folder"))
    var data: String?
    @Option(
        help: ArgumentHelp(
            "Write a page for each benchmark to this folder, and a README.md that lists all.", valueName: "folder"))
    var results: String?

    @Option(
        help: ArgumentHelp(
            "A YAML file of prompts, instructions and examples to compare as query prompts of dense search.",
            valueName: "file"))
    var sweep: String?

    @Option(help: ArgumentHelp("Measures, separated by spaces or commas.", valueName: "names"))
    var measures = "nDCG@10 AP RR@10 R@100"
    @Option(help: ArgumentHelp("How many documents to retrieve per query.", valueName: "n")) var depth = 1000
    @Flag(help: "Leave out the document that has the id of the query.") var excludeSelf = false
    @Option(help: ArgumentHelp("Evaluate only the first judged queries. (default: all)", valueName: "n"))
    var firstQueries: Int?
    @Option(
        help: ArgumentHelp(
            "Write the evaluated TREC run to this file (one mode only), and how it came about (digests, settings, cost) to "
                + "the same with .json after it.", valueName: "file"))
    var writeRun: String?
    @Option(
        help: ArgumentHelp(
            "Time at most this many queries one by one, for ten seconds at most; 0 for none.", valueName: "n"))
    var timedQueries = 50
    @Flag(name: .short, help: "Show the scores of each query.") var q = false
    @Flag(help: "Print one JSON object per mode, or per expected score of a benchmark.") var json = false

    @OptionGroup var tuning: TuningFlags

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if timedQueries < 0 { throw ValidationError("--timed-queries must be at least 0") }
        if !benchmark.isEmpty {
            // Beside an index or a run, benchmarks are refused by the rules of flags.
            guard data != nil || index != nil || runFile != nil else {
                throw ValidationError("name the folder of the data sets with --data")
            }
            return
        }
        if index == nil, runFile == nil { throw ValidationError("name an INDEX, or a run with --run") }
        guard qrels != nil else { throw ValidationError("name the judgements with --qrels") }
        if index != nil, queries == nil { throw ValidationError("name the queries with --queries") }
        if depth < 1 { throw ValidationError("--depth must be at least 1") }
        if let firstQueries, firstQueries < 1 { throw ValidationError("--first-queries must be at least 1") }
        if writeRun == "-" { throw ValidationError("--write-run - and the scores would both write to standard output") }
        try StandardInput.requireOneReader([
            ("--run", runFile), ("--queries", queries), ("--qrels", qrels), ("--examples", tuning.examples),
        ])
    }

    func run() async throws {
        let engine = Engine()
        if !benchmark.isEmpty { return try runBenchmarks(engine) }
        let measures = try Measure.list(self.measures)
        let output = try writeRun.map { (run: try OutputFile($0), record: try OutputFile(RunRecord.path(ofRun: $0))) }
        for written in [output?.run, output?.record] {
            try written?.requireNone(
                of: [runFile, queries, self.qrels, index.map { try IndexCatalogue.path(of: $0) }])
        }
        // Another kind of file that has the record's name is the user's.
        _ = try writeRun.map { try RunRecord(ofRun: $0) }
        let qrels = try Qrels(path: self.qrels ?? "")
        progress.reporter.warn(qrels.warnings, of: self.qrels ?? "")
        if let runFile, index == nil { return try evaluate(runFile, qrels, measures) }
        let index = try engine.open(IndexCatalogue.path(of: self.index ?? ""))
        let searches = try modes().map { try settings(of: index, mode: $0) }
        try SearchFlags.check(.current, searches, index)
        let evaluation: IndexEvaluation
        do {
            evaluation = try IndexEvaluation(
                engine, index, queries: topics.reader.read(queries ?? ""), qrels: qrels, measures: measures,
                firstQueries: firstQueries)
        } catch let error as TrawlError where error.code == .invalidInput {
            throw error.at(path: queries ?? "")
        }
        for warning in try evaluation.coverage().warnings("the file of queries") { progress.reporter.warn(warning) }
        if let sweep { return try run(PromptSweepRun(contentsOf: sweep), index, engine, evaluation, searches[0]) }
        var results: [IndexEvaluation.Result] = []
        for settings in searches {
            let result: IndexEvaluation.Result
            if let runFile {
                result = try rerank(runFile, evaluation, settings)
            } else {
                result = try evaluation.evaluate(
                    settings, measuresRecall: results.allSatisfy(\.recall.isEmpty), timedQueries: timedQueries,
                    progress: progress.reporter)
            }
            if let output {
                try output.run.write(result.run.trecText(tag: "trawl-\(result.mode)"))
                try output.record.write(record(of: result, index, engine).json())
            }
            results.append(result)
        }
        let names = runFile.map { ["\($0), reranked"] } ?? results.map(\.mode.rawValue)
        try show(zip(names, results).map { ($0, $1.report, timedQueries > 0 ? $1.cost : nil) })
        if let (method, recall) = results.lazy.flatMap(\.recall).first { show(recall: recall, of: method) }
    }

    private func rerank(
        _ runFile: String, _ evaluation: IndexEvaluation, _ settings: SearchSettings
    ) throws -> IndexEvaluation.Result {
        let run = try read(runFile)
        do {
            let (result, missing) = try evaluation.rerank(
                run, settings, timedQueries: timedQueries, progress: progress.reporter)
            if missing > 0 {
                progress.reporter.warn("documents of the run that are not in the index and stay below: \(missing)")
            }
            return result
        } catch let error as TrawlError where error.code == .invalidInput && error.path == nil {
            throw error.at(path: runFile)
        }
    }

    private func read(_ runFile: String) throws -> Run {
        let run = try Run(path: runFile)
        progress.reporter.warn(run.warnings, of: runFile)
        return excludeSelf ? run.excludingQueryDocuments() : run
    }

    private func record(
        of result: IndexEvaluation.Result, _ index: SearchIndex, _ engine: Engine
    ) throws -> RunRecord {
        var record = RunRecord(system: runFile.map { "\($0), reranked" } ?? result.mode.rawValue)
        ThisProgram.note(in: &record)
        try record.note(index, result.settings, engine)
        record.queries = queries.flatMap { RunRecord.Source(fileAt: $0) }
        record.qrels = qrels.flatMap { RunRecord.Source(fileAt: $0) }
        record.cost = result.cost
        return record
    }

    private func settings(of index: SearchIndex, mode: SearchMode?) throws -> SearchSettings {
        var settings = try tuning.settings(of: index, mode: mode)
        settings.limit = depth
        settings.excludesQueryDocument = settings.excludesQueryDocument || excludeSelf
        return settings
    }

    private func evaluate(_ runFile: String, _ qrels: Qrels, _ measures: [Measure]) throws {
        let run = try read(runFile)
        do {
            for warning in try Coverage(of: run.queries, by: qrels).warnings("the run") {
                progress.reporter.warn(warning)
            }
        } catch {
            throw error.at(path: runFile)
        }
        try show([(runFile, try Report(of: run, against: qrels, measures), nil)])
    }

    /// The modes to compare; nil stands for that of the index's settings.
    private func modes() throws -> [SearchMode?] {
        if sweep != nil, (mode ?? "dense") != "dense" {
            throw ValidationError("--sweep tries prompts of dense search and has no effect with --mode \(mode ?? "")")
        }
        guard let mode else { return [sweep == nil ? nil : .dense] }
        let modes = try SearchMode.list(mode)
        if writeRun != nil, modes.count > 1 { throw ValidationError("--write-run goes with one mode") }
        return modes
    }

    private func runBenchmarks(_ engine: Engine) throws {
        let files = try benchmark.map { try BenchmarkFile(contentsOf: $0) }
        let folder = try results.map { try ResultsFolder($0, benchmarks: files.map(\.name)) }
        var runner = BenchmarkRun(engine, data: data ?? "")
        runner.timedQueries = timedQueries
        ThisProgram.note(in: &runner.record)
        var missed: [String] = []
        for file in files {
            let result = try runner.run(file, progress: progress.reporter)
            if json {
                for row in result.rows { try Output.json(row) }
            } else {
                let tables = [result.scores(), result.expectations(), result.costs()].filter { !$0.isEmpty }
                Output.write(Array(("# \(file.name)\n\n" + tables.joined(separator: "\n") + "\n").visible.utf8))
            }
            try folder?.write(result, of: file)
            if !result.passed { missed.append(file.name) }
        }
        guard missed.isEmpty else {
            Diagnostics.line("trawl: expected scores were missed: \(missed.joined(separator: ", "))")
            throw ExitCode(ExitStatus.regression)
        }
    }

    private func run(
        _ sweep: PromptSweepRun, _ index: SearchIndex, _ engine: Engine, _ evaluation: IndexEvaluation,
        _ settings: SearchSettings
    ) throws {
        let outcome = try sweep.run(index, engine, settings, evaluation, progress: progress.reporter)
        if json {
            for row in outcome.rows { try Output.json(row) }
            if let verdict = outcome.verdict { try Output.json(["verdict": verdict]) }
            return
        }
        Output.write(Array(PromptSweepRun.markdown(outcome.rows).visible.utf8))
        Output.line("\n" + PromptSweepRun.conclusion(outcome).visible)
    }

    private func show(_ systems: [(name: String, report: Report, cost: RunRecord.Cost?)]) throws {
        if json {
            for (_, report, cost) in systems {
                Output.line(try report.json(perQuery: q, cost: cost).replacingOccurrences(of: "\n", with: ""))
            }
        } else if q {
            for (name, report, _) in systems { Output.line("## \(name)\n\n" + report.markdown(perQuery: true).visible) }
        } else {
            Output.write(Array(Report.markdown(systems).visible.utf8))
        }
    }

    /// The share of an exact search that an approximate method finds.
    private func show(recall: Double, of method: String) {
        if json {
            Output.line("{\"\(method)\": {\"recall_of_exact_search\": \(recall)}}")
        } else {
            Output.line(
                "\napproximate \(method) search: recall@10 \(String(format: "%.4f", recall)) against exact (--exact)")
        }
    }
}
