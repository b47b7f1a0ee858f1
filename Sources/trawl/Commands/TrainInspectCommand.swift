import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlWorkbench

struct TrainInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Look for judged queries that teach an embedding model nothing, or something wrong.",
        discussion: """
            For each judged query and the best of its relevant passages, the embedding model's loss is computed against \
            the best other passages that a search finds, and how the gradient of that loss spreads: its nuclear norm and \
            its effective rank, as means over the attention's matrices of all layers. Means by index are printed, and the \
            pairs of the highest loss with their texts: pairs that do not belong together are among them.

            --plant 0.2 exchanges the passages of a fifth of the pairs and tells how well each number finds them: the area \
            under the ROC curve, 0.5 for chance. Nothing is trained and nothing is written but the picture of --plot.

            EXAMPLES
              trawl train inspect scifact --queries queries.jsonl --qrels qrels/train.tsv
              trawl train inspect notes --queries notes-queries/queries.jsonl --qrels notes-queries/qrels.tsv --plot losses.svg
              trawl train inspect scifact --queries queries.jsonl --qrels qrels/train.tsv --plant 0.2
            """)

    @OptionGroup var index: IndexArgument

    @OptionGroup var judged: JudgedIndexOptions

    @Option(
        help: ArgumentHelp(
            "The model: a BERT encoder with mean or CLS pooling. (default: the index's embedding model)",
            valueName: "model"))
    var embedder: String?

    @Option(help: ArgumentHelp("The most pairs per index.", valueName: "n")) var pairs = 200

    @Option(help: ArgumentHelp("How many pairs of the highest loss to print.", valueName: "n")) var outliers = 10

    @Option(help: ArgumentHelp("The most tokens of a query or a passage.", valueName: "n")) var maximumTokens = 128

    @Option(
        help: ArgumentHelp(
            "The share of pairs whose passages are exchanged, to see what finds them.", valueName: "share")
    )
    var plant = 0.0

    @Option(help: ArgumentHelp("The seed of the exchange.", valueName: "n")) var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Write histograms of the losses to this file, as SVG.", valueName: "file"))
    var plot: String?

    @Flag(help: "Print one JSON object.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        for (name, value, bounds) in [
            ("pairs", pairs, 1...1_000_000), ("outliers", outliers, 0...1_000_000),
            ("maximum-tokens", maximumTokens, 8...8192),
        ] where !bounds.contains(value) {
            throw ValidationError("--\(name) must be from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        if !(0...1 ~= plant) { throw ValidationError("--plant must be from 0 to 1") }
        if plot == "-" { throw ValidationError("--plot - and the report would both write to standard output") }
    }

    func run() async throws {
        let plot = try plot.map { try OutputFile($0) }
        let engine = Engine()
        var inspection = TrainingInspection()
        (inspection.model, inspection.pairs, inspection.outliers) = (embedder, pairs, outliers)
        (inspection.planted, inspection.seed, inspection.maximumTokens) = (plant, seed, maximumTokens)
        let judged = try self.judged.read(index.open(engine), engine)
        Interruption.await()
        let report = try inspection.run(
            judged, engine, progress: progress.reporter, cancellation: Interruption.cancellation)
        Interruption.release()
        try plot?.write(InspectionHistogram(report).svg)
        if json { return try Output.json(report) }
        show(report)
    }

    private typealias Measure = InspectionReport.Measure

    private static let names: [(Measure, String)] = [
        (.loss, "loss"), (.margin, "margin of the search"), (.nuclearNorm, "nuclear norm"),
        (.effectiveRank, "effective rank"), (.rankPerToken, "effective rank per token"),
    ]

    private func show(_ report: InspectionReport) {
        for source in report.sources {
            Output.line(
                "\(source.index.visibleLine): \(source.pairs) pairs, "
                    + String(format: "%.1f%% found before any other passage", 100 * source.first))
            for (measure, name) in Self.names {
                let value = String(format: "%.4f", source.means[measure.rawValue] ?? 0)
                Output.line("  " + name.padding(toLength: 26, withPad: " ", startingAt: 0) + value)
            }
        }
        if let noise = report.noise {
            Output.line(
                "\n\(noise.planted) of \(noise.planted + noise.others) pairs exchanged; area under the ROC curve")
            for (measure, name) in Self.names {
                let area = noise.areas[measure.rawValue].map { String(format: "%.4f", $0) } ?? "-"
                Output.line("  " + name.padding(toLength: 26, withPad: " ", startingAt: 0) + area)
            }
        }
        if !report.outliers.isEmpty { Output.line("\nhighest losses") }
        for pair in report.outliers {
            Output.line(
                String(format: "%8.3f  ", pair.loss) + "\(pair.queryID.visibleLine) \(pair.document.visibleLine)"
                    + (pair.isPlanted ? " (exchanged)" : ""))
            Output.line("          query    \(shortened(pair.query))")
            Output.line("          passage  \(shortened(pair.passage))")
        }
    }

    private func shortened(_ text: String) -> String {
        let line = text.visibleLine
        return line.count > 160 ? line.prefix(159) + "…" : line
    }
}
