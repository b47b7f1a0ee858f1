import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTraining
import TrawlWorkbench

struct TrainQueryAdapterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query-adapter",
        abstract: "Fit the vectors of queries to judged queries.",
        discussion: """
            Dense search improves without a new model, and no document is embedded again. A query adapter has two parts. \
            A map of low rank moves the vector of a query towards those of its answers: it learns what questions look \
            like beside answers, and helps new documents too. A memory of the judged queries raises what answered one \
            of them for queries like it.

            Cross-validation chooses the strength of both. Queries about documents that answered no judged query may \
            lose 0.005 at most. The table shows dense search with and without, on held-out queries.

            The adapter is stored in the index and becomes the default of its searches if held-out queries improve \
            significantly (nDCG@10, p <= 0.05), or with --force. 'trawl query --no-adapter' switches it off, \
            --explain shows the judged query that raised a hit. Give 20 judged queries at least; 100 make a fit to rely on.

            EXAMPLES
              trawl train query-adapter scifact --queries queries.jsonl --qrels qrels/train.tsv
              trawl query scifact "does vitamin D prevent falls" --explain
              trawl eval scifact --queries queries.jsonl --qrels qrels/test.tsv --no-adapter
            """)

    @OptionGroup var index: IndexArgument

    @Option(help: ArgumentHelp("The queries: JSON lines (BEIR) or TSV (id, text).", valueName: "file"))
    var queries: String
    @Option(
        help: ArgumentHelp(
            "The relevance judgements of these queries: BEIR TSV or TREC qrels.", valueName: "file"))
    var qrels: String

    @Option(help: ArgumentHelp("The most queries to fit to.", valueName: "n")) var limit = 3000
    @Option(help: ArgumentHelp("The rank of the map.", valueName: "n")) var rank = 128
    @Option(help: ArgumentHelp("How often the map sees each query.", valueName: "n")) var rounds = 10
    @Option(help: ArgumentHelp("The highest learning rate of the map.", valueName: "rate"))
    var learningRate: Float = 1e-3
    @Option(help: ArgumentHelp("The seed of the random numbers.", valueName: "n")) var seed: UInt64 = 1
    @Flag(help: "Fit the map alone.") var noMemory = false
    @Flag(help: "Remember queries alone.") var noMap = false
    @Flag(help: "Store the adapter even if held-out queries do not improve, or in place of another.") var force = false
    @Flag(help: "Print the report as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        try StandardInput.requireOneReader([("--queries", queries), ("--qrels", qrels)])
        for (name, value, most) in [("limit", limit, 20_000), ("rank", rank, 4096), ("rounds", rounds, 10_000)]
        where !(1...most ~= value) {
            throw ValidationError("--\(name) must be from 1 to \(most)")
        }
        if !(learningRate > 0 && learningRate < 1) { throw ValidationError("--learning-rate must be between 0 and 1") }
    }

    func run() async throws {
        let engine = Engine()
        let index = try self.index.open(engine)
        try OutputFolder.check(index.path)
        if try index.queryAdapter() != nil, !force {
            throw TrawlError(
                .invalidInput, "a query adapter was fitted before", path: index.path, remedy: "keep it",
                topic: .replacement)
        }
        var training = QueryAdapterTraining()
        (training.limit, training.moves, training.remembers) = (limit, !noMap, !noMemory)
        (training.fit.rank, training.fit.rounds, training.fit.seed) = (rank, rounds, seed)
        training.fit.learningRate = learningRate
        let judged = try JudgedIndex(index, queries: queries, qrels: qrels)
        Interruption.await()
        let (adapter, report) = try training.run(
            judged, engine, progress: progress.reporter, cancellation: Interruption.cancellation)
        Interruption.release()
        let changes = adapter.moves || adapter.memory != nil
        let isKept = changes && (report.improves || force)
        if isKept { try engine.setQueryAdapter(adapter, of: index.path) }
        if json { return try Output.json(FitReport(report: report, isKept: isKept)) }
        show(report)
        Output.line("")
        if isKept {
            var parts = adapter.moves ? ["the map at strength \(short(report.strength))"] : []
            if let weight = report.weight, let threshold = report.threshold {
                parts.append(
                    "a memory of \(report.queries) queries (weight \(short(weight)), cosine above \(short(threshold)))")
            }
            Output.line("kept: dense search of \(index.path.visibleLine) uses " + parts.joined(separator: " and "))
        } else {
            Output.line(
                changes
                    ? "not kept: held-out queries do not improve significantly; --force keeps it"
                    : "not kept: neither helps held-out queries")
        }
    }

    private func show(_ report: QueryAdapterTraining.Report) {
        Output.line(
            "\(report.queries) queries, cross-validated; p against the search as it is (randomisation test)\n")
        let width = (report.rows.map(\.search.count).max() ?? 0) + 2
        Output.line(
            "search".padding(toLength: width, withPad: " ", startingAt: 0)
                + "nDCG@10  new documents        p  wins/losses")
        for row in report.rows {
            var line = row.search.padding(toLength: width, withPad: " ", startingAt: 0)
            line += String(format: "%7.4f", row.score)
            line += row.newDocuments.map { String(format: "  %13.4f", $0) } ?? "              -"
            if let chance = row.chance, let wins = row.wins, let losses = row.losses {
                line += String(format: "  %7.4f  %d/%d", chance, wins, losses)
            }
            Output.line(line)
        }
    }

    private func short(_ value: Float) -> String { String(format: "%g", value) }
}
