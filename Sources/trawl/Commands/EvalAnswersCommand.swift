public import ArgumentParser
import TrawlCore
import TrawlEngine
public import TrawlEvaluation
import TrawlWorkbench

struct EvalAnswersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answers",
        abstract: "Evaluate whether the texts found for questions hold their answers (A@k).",
        discussion: """
            A@k is the share of questions with an answer in one of the first k texts, as DPR counts it: the tokens of \
            the answer stand next to each other in the text, whatever their case. The texts are the documents (or with \
            --passages the passages) that a search of the index finds, or the documents of a TREC run, whose texts the \
            index has. QUESTIONS are JSON lines with question (or text) and answers, or DPR's TSV. Questions without an \
            id have the number of their line; in TSV and JSON arrays they are counted from 0.

            EXAMPLES
              trawl eval answers questions.jsonl --index squad --mode lexical,dense,hybrid
              trawl eval answers nq-test.qa.csv --index wikipedia --run dpr.trec --cutoffs 20,100
              trawl eval answers curated-trec.tsv --index wikipedia --match regex
            """)

    @Argument(help: "The questions with their answers.") var questions: String
    @Option(
        name: .customLong("run"), parsing: .upToNextOption,
        help: ArgumentHelp("TREC runs to evaluate, in place of searches.", valueName: "file"))
    var runs: [String] = []
    @OptionGroup var search: IndexSearchOptions
    @Flag(help: "Look for answers in the passages that were found, not in their whole documents.") var passages = false
    @Option(help: "How answers are found in texts: string or regex.") var match = AnswerMatcher.Rule.string
    @Option(help: ArgumentHelp("The ranks k of A@k.", valueName: "ranks")) var cutoffs = "1,5,20,100"
    @Option(help: ArgumentHelp("Evaluate only the first questions. (default: all)", valueName: "n"))
    var firstQueries: Int?
    @Flag(name: .short, help: "Show whether each question has an answer.") var q = false
    @Flag(help: "Print one JSON object per system.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if search.index == nil { throw ValidationError("name the index that has the texts with --index") }
        if let firstQueries, firstQueries < 1 { throw ValidationError("--first-queries must be at least 1") }
        _ = try TaskScores.cutoffs(cutoffs)
        try StandardInput.requireOneReader(
            [("QUESTIONS", questions), ("--examples", search.tuning.examples)] + runs.map { ("--run", $0) })
    }

    func run() async throws {
        let ranks = try TaskScores.cutoffs(cutoffs)
        var asked = try AnsweredQuestions(path: questions)
        if asked.withoutAnswers > 0 {
            progress.reporter.warn("questions without an answer, which do not count: \(asked.withoutAnswers)")
        }
        if let firstQueries { asked = asked.first(firstQueries) }
        let engine = Engine()
        let index = try engine.open(IndexCatalogue.path(of: search.index ?? ""))
        let evaluation = AnswerEvaluation(engine, index, asked, cutoffs: ranks, rule: match)
        var results: [(system: String, accuracy: AnswerAccuracy)] = []
        for path in runs {
            do {
                let (accuracy, gaps) = try evaluation.evaluate(Run(path: path))
                warn(of: gaps, path, asked.questions.count)
                results.append((path, accuracy))
            } catch let error as TrawlError {
                throw error.at(path: path)
            }
        }
        if runs.isEmpty {
            for settings in try search.searches(of: index, depth: ranks.max() ?? 1) {
                var settings = settings
                settings.collapsesDocuments = !passages
                let found = try evaluation.evaluate(settings, progress: progress.reporter)
                results.append((found.mode.rawValue, found.accuracy))
            }
        }
        if let first = evaluation.invalidExpressions.first {
            progress.reporter.warn(
                "answers that are no regular expressions, or take too many steps, and match nothing: "
                    + "\(evaluation.invalidExpressions.count); "
                    + "the first is \(first)")
        }
        try TaskScores.show(
            results.map { system, accuracy in
                TaskScores(
                    system, accuracy.measures, accuracy.means, accuracy.queries,
                    q ? accuracy.ranks.map { rank in ranks.map { k in rank.map { $0 <= k } == true ? 1 : 0 } } : nil)
            }, ranks.map { "A@\($0)" }, order: asked.questions.map(\.id), json: json)
    }

    private func warn(of gaps: AnswerEvaluation.Gaps, _ run: String, _ questions: Int) {
        if gaps.unanswered > 0 {
            progress.reporter.warn(
                "\(run): questions that are not in the run and count as misses: \(gaps.unanswered) of \(questions)")
        }
        if gaps.unknownQueries > 0 {
            progress.reporter.warn("\(run): queries that are none of the questions: \(gaps.unknownQueries)")
        }
        if let first = gaps.missingDocuments.sorted().first {
            progress.reporter.warn(
                "\(run): documents that are not in the index, where no answer was found before: "
                    + "\(gaps.missingDocuments.count); the first is \(first)")
        }
    }
}

extension AnswerMatcher.Rule: ExpressibleByArgument {}
