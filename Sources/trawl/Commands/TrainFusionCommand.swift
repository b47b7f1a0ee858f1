import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlWorkbench

struct TrainFusionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fusion",
        abstract: "Fit hybrid search to judged queries.",
        discussion: """
            Hybrid search adds up the scores of its methods. A fitted fusion adds blocks of two neurons to that \
            sum, which read how each method ranks a document, how much of the query it has, its length and the query's \
            words. Blocks are fitted one after the other to what the ranking still lacks; cross-validation over queries \
            chooses how many.

            The fusion is stored in the index and becomes the default of hybrid search if held-out queries improve \
            significantly (nDCG@10, p <= 0.05), or with --force. It holds for the methods and weights that it was \
            fitted to. 'trawl query --fusion adaptive' switches it off, --blocks leaves off its last blocks. Give 50 \
            judged queries at least; 300 make a fit to rely on.

            The table compares it with equal weights, with the present weights and with the best weights of a grid, \
            all on queries that they were not fitted to.

            EXAMPLES
              trawl train fusion scifact --queries queries.jsonl --qrels qrels/train.tsv
              trawl query scifact "does vitamin D prevent falls" --explain
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --fusion adaptive
            """)

    @OptionGroup var index: IndexArgument

    @OptionGroup var judged: JudgedIndexOptions

    @Option(help: ArgumentHelp("The most queries to fit to per index.", valueName: "n")) var limit = 500

    @Option(help: ArgumentHelp("The most blocks.", valueName: "n")) var blocks = 60

    @Option(help: ArgumentHelp("The seed of the random numbers.", valueName: "n")) var seed: UInt64 = 1

    @Flag(help: "Store the fusion even if held-out queries do not improve.") var force = false

    @Flag(help: "Print the report as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        for (name, value) in [("limit", limit), ("blocks", blocks)] where value < 1 {
            throw ValidationError("--\(name) must be at least 1")
        }
    }

    func run() async throws {
        let engine = Engine()
        let index = try self.index.open(engine)
        try OutputFolder.check(index.path)
        var fit = FusionFit()
        (fit.blocks, fit.limit, fit.seed) = (blocks, limit, seed)
        let judged = try self.judged.read(index, engine)
        Interruption.await()
        let (fusion, report) = try fit.run(
            judged, engine, progress: progress.reporter, cancellation: Interruption.cancellation)
        Interruption.release()
        let isKept = fusion.blockCount > 0 && (report.improves || force)
        if isKept { try engine.setFusion(fusion, of: index.path) }
        if json { return try Output.json(FitReport(report: report, isKept: isKept)) }
        show(report)
        Output.line(
            isKept
                ? "\nkept: hybrid search of \(index.path) now adds \(report.blocks) blocks"
                : "\nnot kept: "
                    + (fusion.blockCount > 0
                        ? "held-out queries do not improve significantly; --force keeps it"
                        : "no block helps held-out queries"))
    }

    private func show(_ report: FusionFit.Report) {
        Output.line(
            "\(report.queries) queries, cross-validated; p against the present weights (randomisation test)\n")
        let rows = report.rows.map { row in
            let weights = row.weights.map { weights in
                " (" + weights.sorted { $0.key < $1.key }.map { "\($0.key)=\(short($0.value))" }.joined(separator: ",")
                    + ")"
            }
            let blocks = row.weights == nil ? " (\(report.blocks) blocks)" : ""
            return (row.fusion + (weights ?? blocks), row)
        }
        let width = (rows.map(\.0.count).max() ?? 0) + 2
        Output.line("fusion".padding(toLength: width, withPad: " ", startingAt: 0) + "nDCG@10        p  wins/losses")
        for (name, row) in rows {
            var line = name.padding(toLength: width, withPad: " ", startingAt: 0) + String(format: "%7.4f", row.score)
            if let chance = row.chance, let wins = row.wins, let losses = row.losses {
                line += String(format: "  %7.4f  %d/%d", chance, wins, losses)
            }
            Output.line(line)
        }
        if report.falling > 0 {
            Output.line(
                String(
                    format: "\n%.1f%% of the candidates would lose if every method ranked them first",
                    100 * report.falling))
        }
    }

    private func short(_ value: Float) -> String { String(format: "%g", value) }
}
