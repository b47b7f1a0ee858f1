import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation
import TrawlTensors

struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Say how good an index, or a run, is.",
        discussion: """
            Measures have the names of ir_measures: nDCG@10, AP, RR@10, R@100, P@5, Rprec, Success@5, Judged@10; those \
            of trec_eval (map, ndcg_cut_10, recip_rank, recall_100) are understood too. Scores are of documents: a \
            document counts with its best passage.

            EXAMPLES
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --mode dense
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --mode lexical,dense,hybrid --json
              trawl eval --run bm25.trec --qrels qrels.txt --measures "nDCG@10 AP" -q
              trawl eval scifact --queries queries.jsonl --qrels qrels/train.tsv --sweep prompts.yaml
              trawl eval --benchmark eval/benchmarks/scifact.yaml --data ~/data
              trawl eval --sts stsb/test.tsv --model all-MiniLM-L6-v2
            """)

    @Argument(help: "The index: a path or a name. Not needed with --run, --benchmark or --sts.")
    var index: String?

    @Option(help: "The queries: JSON lines (BEIR) or TSV (id, text).")
    var queries: String?

    @Option(help: "The judgements: BEIR TSV or TREC qrels.")
    var qrels: String?

    @Option(help: "Modes to compare, separated by commas: generative, dense, lexical, hybrid.")
    var mode: String?

    @Option(name: .customLong("run"), help: "A TREC run to evaluate.")
    var runFile: String?

    @Option(help: "A benchmark definition (YAML) with expected scores.")
    var benchmark: String?

    @Option(help: "The folder that holds the data sets of benchmark definitions.")
    var data: String?

    @Option(
        parsing: .upToNextOption,
        help: "Files of scored pairs of sentences (TSV: score, sentence1, sentence2, or columns of these names).")
    var sts: [String] = []

    @Option(help: "The embedding model to evaluate with --sts: a name or a path.")
    var model: String?

    @Option(help: "The name of one of the model's own prompts, for --sts.")
    var promptName: String?

    @Option(
        help:
            "A YAML file of prompts, instructions and examples to try before the queries of dense search; says what helps."
    )
    var sweep: String?

    @Option(help: "Measures, separated by spaces or commas.")
    var measures = "nDCG@10 AP RR@10 R@100"

    @Option(help: "How many documents to retrieve for each query.")
    var depth = 1000

    @Option(help: "Evaluate only the first queries of the judged ones.")
    var firstQueries: Int?

    @Option(help: "Write the TREC run that was evaluated to this file (one mode only).")
    var writeRun: String?

    @Flag(name: .short, help: "Show the scores of each query.")
    var q = false

    @Flag(help: "Print one JSON object a mode, or an expected score of a benchmark.")
    var json = false

    @OptionGroup var tuning: TuningFlags

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if !sts.isEmpty {
            if index != nil || runFile != nil || benchmark != nil || qrels != nil || queries != nil || mode != nil {
                throw ValidationError("--sts stands alone, with --model, --prompt-name and --precision")
            }
            return
        }
        if model != nil || promptName != nil { throw ValidationError("--model and --prompt-name go with --sts") }
        if benchmark != nil {
            if index != nil || runFile != nil { throw ValidationError("--benchmark stands alone") }
            return
        }
        guard qrels != nil else { throw ValidationError("name the judgements with --qrels") }
        if (index == nil) == (runFile == nil) { throw ValidationError("name either an INDEX or a --run") }
        if index != nil, queries == nil { throw ValidationError("name the queries with --queries") }
        if sweep != nil, index == nil { throw ValidationError("--sweep goes with an INDEX") }
        if depth < 1 { throw ValidationError("--depth must be at least 1") }
        if let firstQueries, firstQueries < 1 { throw ValidationError("--first-queries must be at least 1") }
    }

    func run() async throws {
        if !sts.isEmpty {
            try STSRunner(
                files: sts, model: model ?? ModelCatalogue.defaultEmbedder, promptName: promptName,
                precision: tuning.generative.precision ?? .f32, progress: progress.reporter, json: json
            ).run()
            return
        }
        if let benchmark {
            try BenchmarkRunner(definition: benchmark, data: data, progress: progress.reporter, json: json).run()
            return
        }
        let measures = try Measure.list(self.measures)
        let qrels = try Qrels(path: self.qrels ?? "")
        var reports: [(name: String, report: Report)] = []
        var recall: Double?
        if let runFile {
            reports.append((runFile, try Report(of: Run(path: runFile), against: qrels, measures)))
        } else {
            let index = try SearchIndex(path: IndexPath.resolve(self.index ?? ""))
            let judged = try judgedQueries(qrels)
            let qrels = firstQueries == nil ? qrels : try qrels.restricted(to: judged.map(\.id))
            if let sweep {
                guard let measure = measures.first else { return }
                var options = try tuning.options(mode: .dense, recipe: index.recipe)
                options.limit = depth
                try SweepRunner(
                    file: sweep, index: index, options: options, queries: judged, qrels: qrels, measure: measure,
                    progress: progress.reporter, json: json
                ).run()
                return
            }
            for mode in try modes(index) {
                let pipeline = try pipeline(index, mode: mode)
                let run = try Run(pipeline.rankDocuments(judged))
                recall = try recall ?? pipeline.denseRecall(judged)
                if let writeRun { try run.write(path: writeRun, tag: "trawl-\(mode.rawValue)") }
                reports.append((mode.rawValue, try Report(of: run, against: qrels, measures)))
            }
        }
        show(reports)
        if let recall { show(denseRecall: recall) }
    }

    /// How much of an exact dense search the structure of the vectors finds.
    private func show(denseRecall recall: Double) {
        if json {
            Output.line("{\"dense\": {\"recall@10 of exact search\": \(recall)}}")
        } else {
            Output.line(
                "\ndense search finds \(String(format: "%.4f", recall)) of the 10 nearest passages (--exact: all)")
        }
    }

    private func modes(_ index: SearchIndex) throws -> [SearchMode] {
        guard let mode else { return [index.recipe.standardMode] }
        let modes = try mode.split(separator: ",").map { name in
            guard let mode = SearchMode(rawValue: String(name)) else {
                throw ValidationError("'\(name)' is none of generative, dense, lexical, hybrid")
            }
            return mode
        }
        if writeRun != nil, modes.count > 1 { throw ValidationError("--write-run goes with one mode") }
        return modes
    }

    private func judgedQueries(_ qrels: Qrels) throws -> [Query] {
        let all = try QueryReader().read(queries ?? "").filter { qrels[$0.id] != nil }
        guard !all.isEmpty else {
            throw TrawlError(
                .invalidInput, "none of the queries is judged", path: queries,
                remedy: "check that --queries and --qrels belong together")
        }
        return Array(all.prefix(firstQueries ?? all.count))
    }

    private func pipeline(_ index: SearchIndex, mode: SearchMode) throws -> SearchPipeline {
        var options = try tuning.options(mode: mode, recipe: index.recipe)
        options.limit = depth
        return try SearchPipeline(index: index, options: options, progress: progress.reporter)
    }

    private func show(_ reports: [(name: String, report: Report)]) {
        if json {
            for (_, report) in reports {
                Output.line(report.json(perQuery: q).replacingOccurrences(of: "\n", with: ""))
            }
        } else if q {
            for (name, report) in reports { Output.line("## \(name)\n\n" + report.markdown(perQuery: true)) }
        } else {
            Output.write(Array(Report.markdown(reports).utf8))
        }
    }
}
