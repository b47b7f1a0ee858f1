public import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
public import TrawlEvaluation
import TrawlWorkbench

struct EvalCompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare TREC runs: means with intervals, significance tests, reports.",
        discussion: """
            Every judged query counts for every run, with 0 where a run does not answer it. The mean of each measure has a \
            bootstrap interval (BCa). Differences from the baseline, or of all pairs, have an interval, a p-value that is \
            corrected for the number of pairs under the measure, effect sizes, wins, ties and losses, and the number of \
            queries that a paired t-test needs to see them (power 0.8, alpha 0.05).

            If a record RUN.json stands beside a run ('trawl eval --write-run' writes both), its cost is shown and the \
            report has its provenance. With one run, there are means only.

            --format csv prints the score of each query. --format html makes a page that needs no network and no script: \
            differences by query, precision and recall, quality against cost, a heat map, and the hits of the ten queries \
            that differ most in the first measure, with their texts if --queries and --corpus name them.

            EXAMPLES
              trawl eval compare bm25.trec dense.trec hybrid.trec --qrels qrels.txt
              trawl eval compare runs/*.trec --qrels qrels.txt --pairs all --test randomisation --measures "nDCG@10 AP"
              trawl eval compare a.trec b.trec --qrels qrels.txt --format latex --output table.tex
              trawl eval compare runs/*.trec --qrels qrels.txt --baseline bm25 --format html --output report.html \
            --queries queries.jsonl --corpus scifact
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case markdown, latex, csv, json, html
    }

    @Argument(help: ArgumentHelp("The TREC runs.", valueName: "runs")) var runs: [String]

    @Option(help: ArgumentHelp("The relevance judgements: BEIR TSV or TREC qrels.", valueName: "file"))
    var qrels: String
    @Option(help: ArgumentHelp("Measures, separated by spaces or commas.", valueName: "names"))
    var measures = "nDCG@10 AP RR@10 R@100"
    @Option(
        help: ArgumentHelp(
            "The names of the systems, separated by commas, in the order of the runs. (default: the names of the files)",
            valueName: "names"))
    var names: String?
    @Option(
        help: ArgumentHelp(
            "The system that the others are compared with. (default: the first)", valueName: "name"))
    var baseline: String?
    @Option(
        help: ArgumentHelp(
            "What is tested: each run against the baseline, or all pairs.", valueName: "baseline|all"))
    var pairs = ComparisonSettings.Pairs.baseline
    @Option(help: ArgumentHelp("The significance test.", valueName: "t|wilcoxon|randomisation"))
    var test = SignificanceTest.t
    @Option(
        help: ArgumentHelp(
            "How p-values are corrected for several pairs.", valueName: "holm|bonferroni|bh|none"))
    var correction = Correction.holm
    @Option(help: ArgumentHelp("The largest corrected p-value that is significant.", valueName: "p")) var alpha = 0.05
    @Option(help: ArgumentHelp("The confidence of intervals.", valueName: "share")) var confidence = 0.95
    @Option(help: ArgumentHelp("The samples of bootstrap and randomisation test.", valueName: "n"))
    var samples = 10_000
    @Option(help: ArgumentHelp("The seed of these samples.", valueName: "n")) var seed: UInt64 = 1
    @Flag(help: "Leave out the document that has the id of the query.") var excludeSelf = false

    @Option(help: ArgumentHelp("The form of the output.", valueName: "markdown|latex|csv|json|html"))
    var format = Format.markdown
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The file to write; - for standard output. (default: standard output)", valueName: "file"))
    var output: String?
    @Option(help: ArgumentHelp("The heading of the HTML page.", valueName: "text")) var title: String?
    @Option(
        help: ArgumentHelp(
            "The queries, to show their texts in HTML: JSON lines (BEIR), TSV (id, text), CSV or TREC topics.",
            valueName: "file"))
    var queries: String?
    @OptionGroup var topics: TopicFlags
    @Option(
        help: ArgumentHelp(
            "The documents, to show their titles and texts in HTML: an index, a file or a folder.",
            valueName: "index|path"))
    var corpus: String?

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if !(0 < alpha && alpha < 1) { throw ValidationError("--alpha must be between 0 and 1") }
        if !(0 < confidence && confidence < 1) { throw ValidationError("--confidence must be between 0 and 1") }
        if samples < 100 { throw ValidationError("--samples must be at least 100") }
        if samples > 10_000_000 { throw ValidationError("--samples must be at most 10,000,000") }
        if let names, nameList(names).count != runs.count {
            throw ValidationError(
                "--names has \(counted(nameList(names).count, "name")) for \(counted(runs.count, "run"))")
        }
        try StandardInput.requireOneReader(
            runs.map { ("RUNS", $0) } + [("--qrels", qrels), ("--queries", queries), ("--corpus", corpus)])
    }

    /// Flags that do nothing beside others: after the parser has seen that none is given twice.
    private func requireEffect() throws {
        if format != .html {
            for (name, value) in [("--title", title), ("--queries", queries), ("--corpus", corpus)] where value != nil {
                throw ValidationError("\(name) has no effect without --format html")
            }
        }
        if runs.count == 1,
            let flag = ["--baseline", "--pairs", "--test", "--correction", "--alpha"].first(
                where: GivenFlags.current.contains)
        {
            throw ValidationError("\(flag) has no effect with one run; give two or more")
        }
    }

    func run() async throws {
        try requireEffect()
        let file = try OutputFile(output ?? "-")
        try file.requireNone(of: runs + runs.map(RunRecord.path) + [qrels, queries, corpus])
        let measures = try Measure.list(self.measures)
        let texts = try ComparisonTextSource(queries: queries, reader: topics.reader, corpus: corpus, Engine())
        let qrels = try Qrels(path: self.qrels)
        let comparison = try RunComparison(
            systems(), qrels, measures, baseline: baseline, settings)
        for warning in comparison.warnings { progress.reporter.warn(warning) }
        switch format {
        case .markdown: try write(comparison.markdown().visible, to: file)
        case .latex: try write(comparison.latex(), to: file)
        case .csv: try write(comparison.csv(), to: file)
        case .json: try write(comparison.json(provenance(texts)), to: file)
        case .html:
            let hits = HitComparison(of: comparison)
            let texts = (try texts.read(for: hits, progress: progress.reporter), provenance(texts))
            try write(comparison.html(title: title, hits: hits, texts: texts.0, texts.1), to: file)
        }
    }

    private var settings: ComparisonSettings {
        var settings = ComparisonSettings()
        settings.pairs = pairs
        settings.test = test
        settings.correction = correction
        settings.alpha = alpha
        settings.confidence = confidence
        settings.samples = samples
        settings.seed = seed
        return settings
    }

    private func systems() throws -> [ComparedSystem] {
        let records = try runs.map { try RunRecord(ofRun: $0) }
        let names = try self.names.map(nameList) ?? ComparedSystem.names(ofRuns: runs, records: records)
        return try zip(zip(runs, names), records).map { named, record in
            let run = try Run(path: named.0)
            return ComparedSystem(
                name: named.1, run: excludeSelf ? run.excludingQueryDocuments() : run,
                source: RunRecord.Source(fileAt: named.0), record: record)
        }
    }

    private func nameList(_ names: String) -> [String] {
        names.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private func provenance(_ texts: ComparisonTextSource) -> ComparisonProvenance {
        ComparisonProvenance(
            version: ThisProgram.version, command: ["trawl"] + CommandLine.arguments.dropFirst(),
            qrels: RunRecord.Source(fileAt: qrels), queries: texts.queriesSource, corpus: texts.corpusSource)
    }

    private func write(_ text: String, to file: OutputFile) throws {
        try file.write(text)
        if let output, output != "-", !progress.quiet { Diagnostics.line("\(output): written") }
    }
}

extension ComparisonSettings.Pairs: ExpressibleByArgument {}
extension SignificanceTest: ExpressibleByArgument {}
extension Correction: ExpressibleByArgument {}
