public import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation
import TrawlLexicalIndex
public import TrawlWorkbench

struct EvalTuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Find the settings of searches that suit judged queries best.",
        discussion: """
            Tries every combination of the values that --vary and --space name. Settings have the names that recipes have, \
            from the group on: lexical.k1, lexical.b, fusion.method, fusion.depth, fusion.weights.dense, \
            dense.queryPrompt, dense.feedback, generative.parameters.body.beams and so on (docs/recipes.md). Combinations \
            that differ in fusion alone share their searches.

            What the best settings are worth is measured on other queries: on those of --test-qrels, or else by nested \
            cross-validation, in which each part of the queries is scored by the settings that suit the other parts best.

            EXAMPLES
              trawl eval tune scifact --queries queries.jsonl --qrels qrels/train.tsv --test-qrels qrels/test.tsv \
            --mode lexical --vary lexical.k1=0.6,0.9,1.2,1.6 --vary lexical.b=0.2,0.4,0.6,0.8
              trawl eval tune notes --queries q.tsv --qrels qrels.txt --vary fusion.weights.dense=0.5,1,1.5,2 -o tuned.yaml
              trawl query notes "why is the sky blue" --settings tuned.yaml
            """)

    @OptionGroup var index: IndexArgument

    @Option(
        help: ArgumentHelp("The queries: JSON lines (BEIR), TSV (id, text), CSV or TREC topics.", valueName: "file"))
    var queries: String
    @Option(help: ArgumentHelp("The judgements to choose by: BEIR TSV or TREC qrels.", valueName: "file"))
    var qrels: String
    @Option(help: ArgumentHelp("Judgements to test the choice on. (default: cross-validation)", valueName: "file"))
    var testQrels: String?
    @Option(help: ArgumentHelp("The queries of --test-qrels. (default: those of --queries)", valueName: "file"))
    var testQueries: String?

    @Option(
        help: ArgumentHelp(
            "A setting with its values, as in lexical.k1=0.6,0.9; may be given several times.", valueName: "setting"))
    var vary: [String] = []
    @Option(help: ArgumentHelp("A YAML file of settings with lists of values.", valueName: "file")) var space: String?
    @Option(help: ArgumentHelp("The mode to search in. (default: the index's)", valueName: "mode")) var mode:
        SearchMode?
    @Option(help: ArgumentHelp("The measure to choose by.", valueName: "name")) var measure = "nDCG@10"
    @Option(
        help: ArgumentHelp(
            "How to search: grid tries all combinations on all queries, halving drops the worse half round by round, on "
                + "more queries each time.", valueName: "strategy"))
    var strategy = SearchTuning.Strategy.grid
    @Option(help: ArgumentHelp("The parts of cross-validation.", valueName: "n")) var folds = 5
    @Option(help: ArgumentHelp("The seed of the random numbers.", valueName: "n")) var seed: UInt64 = 1

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Write the best settings to this YAML file, which --settings reads.", valueName: "file"))
    var output: String?
    @Flag(
        help: "Make the best settings the index's defaults, if other queries improve significantly (p <= 0.05).")
    var save = false
    @Flag(help: "Save them even if other queries do not improve.") var force = false
    @Flag(help: "Print the result as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if vary.isEmpty, space == nil { throw ValidationError("name settings to try with --vary or --space") }
        for text in vary where SearchSpace.dimension(text) == nil {
            throw ValidationError("--vary \(text) is not of the form NAME=VALUE,VALUE")
        }
        if folds < 2 { throw ValidationError("--folds must be at least 2") }
        try StandardInput.requireOneReader([
            ("--queries", queries), ("--qrels", qrels), ("--test-queries", testQueries), ("--test-qrels", testQrels),
            ("--space", space),
        ])
    }

    func run() async throws {
        let engine = Engine()
        let index = try self.index.open(engine)
        if save { try OutputFolder.check(index.path) }
        let output = try self.output.map { try OutputFile($0) }
        let measure = try Measure(self.measure)
        let space = try SearchSpace(
            vary.compactMap(SearchSpace.dimension)
                + (self.space.map { try SearchSpace.dimensions(contentsOf: $0) } ?? []))
        var settings = index.settings
        if let mode { settings.mode = mode }
        settings.lexical.syntax = .plain
        var tuning = SearchTuning(measure: measure)
        (tuning.strategy, tuning.folds, tuning.seed) = (strategy, folds, seed)
        let asked = try evaluation(engine, index, queries, qrels, measure)
        let test = try testQrels.map { try evaluation(engine, index, testQueries ?? queries, $0, measure) }
        Interruption.await()
        var (best, outcome) = try tuning.run(
            space, settings, of: index, engine, on: asked, test: test, progress: progress.reporter,
            cancellation: Interruption.cancellation)
        Interruption.release()
        best.lexical.syntax = index.settings.lexical.syntax
        try output?.write(try file(best, index, outcome))
        let isSaved = save && !outcome.best.values.isEmpty && (outcome.verdict.improves || force)
        if isSaved {
            // The mode that was searched in stays a choice of each search, unless it is what was tuned.
            if !space.names.contains("search.mode") { best.mode = index.settings.mode }
            try engine.setDefaults(best, of: index.path)
        }
        if json { return try Output.json(Answer(outcome: outcome, isSaved: isSaved)) }
        show(outcome)
        if save { Output.line(isSaved ? "saved: searches of \(index.path) have these settings" : "not saved") }
    }

    private func evaluation(
        _ engine: Engine, _ index: SearchIndex, _ queries: String, _ qrels: String, _ measure: Measure
    ) throws -> IndexEvaluation {
        do {
            let judgements = try Qrels(path: qrels)
            let evaluation = try IndexEvaluation(
                engine, index, queries: QueryReader().read(queries), qrels: judgements, measures: [measure])
            let coverage = try evaluation.coverage().warnings("the file of queries")
            progress.reporter.warn(judgements.warnings + coverage, of: qrels)
            return evaluation
        } catch let error as TrawlError where error.path == nil {
            throw error.at(path: qrels)
        }
    }

    /// The settings with how they were found.
    private func file(_ settings: SearchSettings, _ index: SearchIndex, _ outcome: SearchTuning.Outcome) throws
        -> String
    {
        let verdict = outcome.verdict
        let lines = [
            "# \(CommandLine.arguments.joined(separator: " "))",
            "# trawl \(ThisProgram.version), index \(try index.digest().prefix(16)), seed \(seed)",
            "# \(outcome.measure) on \(verdict.queries) other queries: \(number(verdict.before)) before, "
                + "\(number(verdict.after)) after, p \(number(verdict.chance))",
        ]
        return lines.map { $0.visible }.joined(separator: "\n") + "\n" + (try settings.yaml())
    }

    private struct Answer: Encodable {
        let outcome: SearchTuning.Outcome
        let isSaved: Bool

        enum CodingKeys: String, CodingKey { case isSaved = "is_saved" }

        func encode(to encoder: any Encoder) throws {
            try outcome.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(isSaved, forKey: .isSaved)
        }
    }

    private func show(_ outcome: SearchTuning.Outcome) {
        Output.line("\(outcome.tried) settings on \(outcome.queries) queries, the best by \(outcome.measure):\n")
        for trial in outcome.trials.prefix(10) {
            let values = trial.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let text = values.isEmpty ? "as it was" : values.joined(separator: " ")
            Output.line("  \(number(trial.score))  \(text)".visible)
        }
        if outcome.trials.count > 10 { Output.line("  and \(outcome.trials.count - 10) more") }
        let verdict = outcome.verdict
        let how = verdict.isCrossValidated ? "cross-validated, settings chosen without them" : "test queries"
        Output.line(
            "\n\(verdict.queries) queries (\(how)): \(number(verdict.before)) as it was, \(number(verdict.after)) tuned; "
                + "\(verdict.wins) better, \(verdict.losses) worse, p \(number(verdict.chance)) (randomisation test)")
        if let costs = verdict.costs, let before = costs[0].medianMilliseconds, let after = costs[1].medianMilliseconds
        {
            Output.line("ms/query: \(number(before)) as it was, \(number(after)) tuned")
        }
        if !verdict.improves { Output.line("other queries do not improve significantly") }
    }

    private func number(_ value: Double) -> String { String(format: "%.4f", value) }
}

extension SearchTuning.Strategy: ExpressibleByArgument {}
