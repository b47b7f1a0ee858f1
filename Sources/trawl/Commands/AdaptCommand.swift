import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlGeneration
import TrawlWorkbench

struct AdaptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapt",
        abstract: "Fit an index's searches to judged queries, or to its own text.",
        discussion: """
            A language model writes queries for some passages. Queries whose document is not found by words or vectors \
            are dropped. The others fit the weights of n-grams, train the generator (--train) and fit its weight in \
            hybrid search. A change that improves held-out queries significantly becomes a default of the index; other \
            changes are reported and discarded. Flags of 'trawl query' override these defaults.

            With --queries and --qrels, judged queries are used and none are written. They also fit a query adapter, as \
            'trawl train query-adapter' does, and with it the weight of dense search. --rerank trains a small reranker on \
            them too, which then reorders the best 50 hits of every search. The index changes in one commit at the end. \
            Ctrl-C leaves it as it was.

            Adapt an index again when it has grown. If its generator was trained here (--train), training goes on from it: \
            mostly on the new documents, and on earlier ones against forgetting. A change is then discarded also if queries \
            of earlier documents lose more than 0.01.

            EXAMPLES
              trawl adapt notes
              trawl adapt notes --train --minutes 30
              trawl adapt scifact --queries queries.jsonl --qrels qrels/train.tsv --rerank
            """)

    @OptionGroup var index: IndexArgument

    @Option(help: ArgumentHelp("With --train: about how many minutes all steps take together.", valueName: "n"))
    var minutes = 15.0
    @Option(help: ArgumentHelp("The most passages that queries are written for.", valueName: "n")) var passages = 600
    @Option(
        help: ArgumentHelp("The language model that writes queries: a decoder's name or path.", valueName: "model"))
    var writer = ModelCatalogue.defaultLanguageModel
    @Flag(help: "Train the generator too, in the remaining time.") var train = false
    @Option(
        help: ArgumentHelp(
            "The trained generator: a name in Trawl's models folder, or a path. "
                + "(default: the index's name and -generator, with a number if that exists)", valueName: "model"))
    var output: String?
    @Option(
        help: ArgumentHelp(
            "Judged queries, in place of written ones: JSON lines (BEIR) or TSV (id, text).", valueName: "file"))
    var queries: String?
    @Option(
        help: ArgumentHelp(
            "The relevance judgements of these queries: BEIR TSV or TREC qrels.", valueName: "file"))
    var qrels: String?
    @Flag(
        help: """
            Train a reranker too (Conv-KNRM), as the model that is named like the index and -reranker; takes --queries.
            """) var rerank = false
    @Option(help: ArgumentHelp("The seed of the random numbers.", valueName: "n")) var seed: UInt64 = 1
    @Option(
        help: ArgumentHelp(
            "Draw what each change did to queries of earlier and new documents into this file, as SVG.",
            valueName: "file"))
    var plot: String?
    @Flag(help: "Print the trials as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        try StandardInput.requireOneReader([("--queries", queries), ("--qrels", qrels)])
        if plot == "-" { throw ValidationError("--plot - and the trials would both write to standard output") }
        try TrainingEnd.validate(minutes: minutes)
        guard 1...10_000_000 ~= passages else { throw ValidationError("--passages must be from 1 to 10000000") }
    }

    private static func folder(of generator: String) -> String {
        generator.contains("/") ? generator : ModelCatalogue.folder + "/" + generator
    }

    /// A name for the next model of an index in a role.
    private static func freeName(_ index: String, _ role: String) -> String {
        let first = index + "-" + role
        let names = [first] + (2...9999).map { "\(first)-\($0)" }
        return names.first { !FileManager.default.fileExists(atPath: folder(of: $0)) } ?? first
    }

    func run() async throws {
        let path = try index.path
        try OutputFolder.check(path)
        var adaptation = IndexAdaptation()
        (adaptation.minutes, adaptation.seed) = (minutes, seed)
        (adaptation.writing.passages, adaptation.writing.writer) = (passages, writer)
        adaptation.writing.parameters.sampling.seed = seed
        let name = URL(filePath: path).deletingPathExtension().lastPathComponent
        if rerank {
            let reranker = Self.freeName(name, "reranker")
            try OutputFolder.check(Self.folder(of: reranker))
            adaptation.reranker = reranker
        }
        if train {
            let generator = output ?? Self.freeName(name, "generator")
            let folder = Self.folder(of: generator)
            guard !FileManager.default.fileExists(atPath: folder) else {
                throw TrawlError(
                    .invalidInput, "there is a model of this name", path: folder,
                    remedy: "name another with --output, or remove it")
            }
            try OutputFolder.check(folder)
            adaptation.generator = generator
        }
        let plot = try plot.map { try OutputFile($0) }
        if let queries, let qrels { adaptation.judged = try JudgedQueries(queries: queries, qrels: qrels) }
        Interruption.await()
        let report = try adaptation.run(
            at: path, Engine(), progress: progress.reporter, cancellation: Interruption.cancellation)
        Interruption.release()
        try plot?.write(AdaptationPicture(report).svg)
        if json { return try Output.json(report) }
        Output.line("queries: \(report.queries) to learn from, \(report.heldOut) held out")
        for trial in report.trials {
            Output.line(
                trial.change.padding(toLength: 10, withPad: " ", startingAt: 0)
                    + String(
                        format: "nDCG@10 %.4f -> %.4f, p = %.4f: ", trial.before, trial.after, trial.chance)
                    + (trial.isKept ? "kept" : "not kept"))
            if let earlier = trial.earlier {
                Output.line(
                    String(format: "          earlier documents %.4f -> %.4f", earlier.before, earlier.after))
            }
        }
    }
}
