import ArgumentParser
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlWorkbench

struct EvalKILTCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kilt",
        abstract: "Evaluate predictions, a TREC run or an index on a task of KILT.",
        discussion: """
            GOLD and predictions are JSON lines in the layout of KILT. Provenance is scored by R-precision, and by \
            precision, recall and success rate at cutoffs, where a set of evidence counts when it is complete. Answers \
            are scored by accuracy, exact match, F1 and ROUGE-L, and again only where R-precision is 1 (KILT-em, \
            KILT-f1, …). A run names pages by their Wikipedia ids, and so do the documents of an index.

            EXAMPLES
              trawl eval kilt nq-dev-kilt.jsonl --predictions guess.jsonl
              trawl eval kilt nq-dev-kilt.jsonl --run bm25.trec --cutoffs 1,5,20
              trawl eval kilt fever-dev-kilt.jsonl --index kilt-wikipedia --mode lexical,generative
            """)

    @Argument(help: "The gold file.") var gold: String
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Files of predictions in the layout of KILT.", valueName: "file"))
    var predictions: [String] = []
    @Option(
        name: .customLong("run"), parsing: .upToNextOption,
        help: ArgumentHelp("TREC runs, whose queries are KILT's ids.", valueName: "file"))
    var runs: [String] = []
    @OptionGroup var index: IndexSearchOptions
    @Option(
        help: ArgumentHelp(
            "The fields that name a piece of evidence, separated by commas, for predictions: paragraphs are "
                + "wikipedia_id,start_paragraph_id. (default: wikipedia_id)", valueName: "names"))
    var rankKeys: String?
    @Option(help: ArgumentHelp("The ranks of precision, recall and success rate.", valueName: "ranks"))
    var cutoffs = "1,5,10,20"
    @Flag(name: .short, help: "Show the scores of each record.") var q = false
    @Flag(help: "Print one JSON object per system.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if predictions.isEmpty, runs.isEmpty, index.index == nil {
            throw ValidationError("name what to evaluate with --predictions, --run or --index")
        }
        _ = try TaskScores.cutoffs(cutoffs)
        try StandardInput.requireOneReader(
            [("GOLD", gold), ("--examples", index.tuning.examples)] + predictions.map { ("--predictions", $0) }
                + runs.map { ("--run", $0) })
    }

    func run() async throws {
        let ranks = try TaskScores.cutoffs(cutoffs)
        let keys = (rankKeys ?? "wikipedia_id").split(separator: ",").map(String.init)
        let goldFile = try KILTFile(path: gold, keys: keys)
        var reports: [(system: String, report: KILTReport)] = []
        for path in predictions {
            let guess = try KILTPredictions(KILTFile(path: path, keys: keys))
            reports.append((path, try KILTReport(guess, against: goldFile, cutoffs: ranks)))
        }
        for path in runs {
            reports.append((path, try KILTReport(KILTPredictions(Run(path: path)), against: goldFile, cutoffs: ranks)))
        }
        if let name = index.index { reports += try search(name, goldFile, ranks) }
        for (system, report) in reports { warn(of: report, system) }
        // Runs have no answers: their cells are empty beside those of predictions.
        let measures = reports.map(\.report.measures).max { $0.count < $1.count } ?? []
        try TaskScores.show(
            reports.map { system, report in
                TaskScores(system, report.measures, report.means, report.queries, q ? report.perQuery : nil)
            }, measures, order: goldFile.records.map(\.id), json: json)
    }

    private func search(
        _ name: String, _ gold: KILTFile, _ ranks: [Int]
    ) throws -> [(system: String, report: KILTReport)] {
        let engine = Engine()
        let index = try engine.open(IndexCatalogue.path(of: name))
        let searches = try self.index.searches(of: index, depth: ranks.max() ?? 1)
        let evaluation = try KILTEvaluation(engine, index, gold: gold)
        let pages = try evaluation.missingPages()
        if pages.missing > 0 {
            progress.reporter.warn("gold pages that are not in the index: \(pages.missing) of \(pages.all)")
        }
        return try searches.map { settings in
            let found = try evaluation.evaluate(settings, cutoffs: ranks, progress: progress.reporter)
            return (found.mode.rawValue, found.report)
        }
    }

    private func warn(of report: KILTReport, _ system: String) {
        let all = report.queries.count
        if report.missing > 0 {
            progress.reporter.warn(
                "\(system): gold records without a prediction, which count with 0: \(report.missing) of \(all)")
        }
        if report.unknown > 0 {
            progress.reporter.warn(
                "\(system): predictions that are not in the gold file, which do not count: \(report.unknown)")
        }
        if report.unanswerable > 0 {
            progress.reporter.warn(
                "\(system): gold records without an answer, which count with 0 for answers: \(report.unanswerable) of \(all)"
            )
        }
    }
}
