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
            Measures have the names of ir_measures: nDCG@10, AP, RR@10, R@100, P@5, Rprec, Success@5, Judged@10. \
            Names of trec_eval (map, ndcg_cut_10, recip_rank, recall_100) are accepted too. Documents are scored: each \
            has the score of its best passage. Queries, judgements and runs may be files (plain, .gz or .zst), pipes, \
            or - for standard input; columns are separated by spaces or tabs.

            EXAMPLES
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --mode dense
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --mode lexical,dense,hybrid --json
              trawl eval --run bm25.trec --qrels qrels.txt --measures "nDCG@10 AP" -q
              trawl eval scifact --queries queries.jsonl --qrels qrels/train.tsv --sweep prompts.yaml
              trawl eval --benchmark eval/benchmarks/scifact.yaml --data ~/data
              trawl query scifact --queries queries.jsonl --run - | trawl eval --run - --qrels qrels/test.tsv
            """)

    @Argument(help: "The index: a path or a name. Not needed with --run or --benchmark.") var index: String?

    @Option(
        help: ArgumentHelp("The queries: JSON lines (BEIR), TSV (id, text) or TREC topics.", valueName: "file"))
    var queries: String?
    @OptionGroup var topics: TopicFlags
    @Option(help: ArgumentHelp("The relevance judgements: BEIR TSV or TREC qrels.", valueName: "file"))
    var qrels: String?
    @Option(
        help: ArgumentHelp(
            "Modes to compare, separated by commas: \(SearchMode.allValueStrings.joined(separator: ", ")). "
                + "(default: the index's)", valueName: "modes"))
    var mode: String?
    @Option(name: .customLong("run"), help: ArgumentHelp("A TREC run to evaluate.", valueName: "file"))
    var runFile: String?
    @Option(help: ArgumentHelp("A benchmark definition (YAML) with expected scores.", valueName: "file"))
    var benchmark: String?
    @Option(help: ArgumentHelp("The folder with the data sets of benchmark definitions.", valueName: "folder"))
    var data: String?

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
    @Option(help: ArgumentHelp("Write the evaluated TREC run to this file (one mode only).", valueName: "file"))
    var writeRun: String?
    @Flag(name: .short, help: "Show the scores of each query.") var q = false
    @Flag(help: "Print one JSON object per mode, or per expected score of a benchmark.") var json = false

    @OptionGroup var tuning: TuningFlags

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if benchmark != nil { return }
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
        if let benchmark { return try run(IndexBenchmark(contentsOf: benchmark), engine) }
        let measures = try Measure.list(self.measures)
        let output = try writeRun.map { try OutputFile($0) }
        let qrels = try Qrels(path: self.qrels ?? "")
        if let runFile { return try evaluate(runFile, qrels, measures) }
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
            let result = try evaluation.evaluate(
                settings, measuresRecall: results.allSatisfy(\.recall.isEmpty), progress: progress.reporter)
            try output?.write(result.run.trecText(tag: "trawl-\(result.mode)"))
            results.append(result)
        }
        show(results.map { ($0.mode.rawValue, $0.report) })
        if let (method, recall) = results.lazy.flatMap(\.recall).first { show(recall: recall, of: method) }
    }

    private func settings(of index: SearchIndex, mode: SearchMode?) throws -> SearchSettings {
        var settings = try tuning.settings(of: index, mode: mode)
        settings.limit = depth
        settings.excludesQueryDocument = settings.excludesQueryDocument || excludeSelf
        return settings
    }

    private func evaluate(_ runFile: String, _ qrels: Qrels, _ measures: [Measure]) throws {
        var run = try Run(path: runFile)
        do {
            for warning in try Coverage(of: run.queries, by: qrels).warnings("the run") {
                progress.reporter.warn(warning)
            }
        } catch {
            throw error.at(path: runFile)
        }
        if excludeSelf { run = run.excludingQueryDocuments() }
        show([(runFile, try Report(of: run, against: qrels, measures))])
    }

    /// The modes to compare; nil stands for that of the index's settings.
    private func modes() throws -> [SearchMode?] {
        if sweep != nil, (mode ?? "dense") != "dense" {
            throw ValidationError("--sweep tries prompts of dense search and has no effect with --mode \(mode ?? "")")
        }
        guard let mode else { return [sweep == nil ? nil : .dense] }
        let modes = try mode.split(separator: ",").map { name in
            guard let mode = SearchMode(argument: String(name)) else {
                throw ValidationError("'\(name)' is not one of \(SearchMode.allValueStrings.joined(separator: ", "))")
            }
            return mode
        }
        if writeRun != nil, modes.count > 1 { throw ValidationError("--write-run goes with one mode") }
        return modes
    }

    private func run(_ benchmark: IndexBenchmark, _ engine: Engine) throws {
        let result = try benchmark.run(data: data, engine, progress: progress.reporter)
        if json {
            for row in result.rows { try Output.json(row) }
        } else {
            Output.write(Array(result.markdown().utf8))
        }
        if !result.passed {
            throw TrawlError(.invalidInput, "\(result.name) missed its expected scores", path: benchmark.path)
        }
    }

    private func run(
        _ sweep: PromptSweepRun, _ index: SearchIndex, _ engine: Engine, _ evaluation: IndexEvaluation,
        _ settings: SearchSettings
    ) throws {
        let rows = try sweep.run(index, engine, settings, evaluation, progress: progress.reporter)
        if json {
            for row in rows { try Output.json(row) }
            return
        }
        Output.write(Array(PromptSweepRun.markdown(rows).utf8))
        Output.line("\n\(rows.count) trials on \(evaluation.queries.count) queries; test the best on other queries")
    }

    private func show(_ reports: [(name: String, report: Report)]) {
        if json {
            for (_, report) in reports {
                Output.line(report.json(perQuery: q).replacingOccurrences(of: "\n", with: ""))
            }
        } else if q {
            for (name, report) in reports { Output.line("## \(name)\n\n" + report.markdown(perQuery: true).visible) }
        } else {
            Output.write(Array(Report.markdown(reports).visible.utf8))
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
