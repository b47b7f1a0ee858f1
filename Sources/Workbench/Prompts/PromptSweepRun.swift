import Foundation
public import TrawlCore
public import TrawlEmbeddings
public import TrawlEngine
import TrawlEvaluation
import Yams

/// Tries prompts, instructions and examples for an index's embedding model on judged queries, and compares each with what
/// is used without them.
public struct PromptSweepRun {
    /// The YAML file of candidates, for messages.
    private let path: String
    private let candidates: PromptSweep.Candidates

    /// - Throws: `TrawlError.invalidInput` for a file that cannot be read.
    public init(contentsOf path: String) throws {
        self.path = path
        do {
            candidates = try YAMLDecoder().decode(PromptSweep.Candidates.self, from: ByteSource.text(of: path))
        } catch let error as TrawlError {
            throw error.at(path: path)
        } catch let DecodingError.dataCorrupted(context) where context.underlyingError is TrawlError {
            throw (context.underlyingError as? TrawlError)?.at(path: path) ?? CocoaError(.coderReadCorrupt)
        } catch {
            throw TrawlError(
                .invalidInput, "the candidates cannot be read", path: path,
                remedy: "write YAML with lists of prompts, instructions or examples (query and passage)", cause: error)
        }
    }

    /// One trial and its score.
    public struct Row: Encodable, Sendable {
        public let prompt: String?
        public let instruction: String?
        public let examples: [InstructionExample]?
        public let measure: String
        public let score: Double
        /// To what is used without the sweep, with the p-value of a paired t-test.
        public let difference: Double
        public let p: Double?
    }

    /// Whether what won helps with queries that took no part in the choice.
    public struct Verdict: Encodable, Sendable {
        /// The winner as it was chosen; nil where nothing beat what is used without the sweep.
        public let best: Row?
        /// How many queries tested it, and what they score, to what is used without the sweep.
        public let queries: Int
        public let score: Double
        public let difference: Double
        /// Of a paired randomisation test.
        public let p: Double
        /// Whether the difference is an improvement that is hardly by accident (p < 0.05).
        public let helps: Bool
    }

    public struct Outcome: Sendable {
        /// All trials, the best first, by the queries that they were chosen by.
        public let rows: [Row]
        /// How many queries these are.
        public let queries: Int
        /// nil with too few queries to spare some for a test.
        public let verdict: Verdict?
    }

    /// With fewer queries, all are needed for the choice.
    static let fewestQueries = 40

    /// Tries the candidates on every other query, and tests the best one on the rest.
    ///
    /// - Parameter settings: How to search, but for the prompt of queries.
    /// - Throws: `TrawlError.invalidInput` for candidates that the model was not made for.
    public func run(
        _ index: SearchIndex, _ engine: Engine, _ settings: SearchSettings, _ evaluation: IndexEvaluation,
        progress: any ProgressReporter = .silent
    ) throws -> Outcome {
        let dense = index.recipe.dense
        let embedder = try engine.models.embedder(
            dense.model, precision: settings.dense.queryPrecision ?? dense.precision)
        var candidates = candidates
        try require(embedder.template?.takesInstruction, unless: candidates.instructions.isEmpty, "instructions")
        let hasExamples = !candidates.examples.isEmpty || candidates.judgedExamples != nil
        try require(embedder.template?.takesExamples, unless: !hasExamples, "examples")
        candidates.examples +=
            try candidates.judgedExamples?.examples(
                index, engine, settings, excluding: Set(evaluation.queries.map(\.text))
            ) { try embedder.embed($0) } ?? []
        let halves = Halves(evaluation.queries.map(\.id))
        var reports: [(chosen: Report, tested: Report?)] = []
        func score(_ choice: PromptChoice) throws -> Double {
            var settings = settings
            settings.mode = .dense
            settings.dense.choose(choice)
            let run = try evaluation.evaluate(settings, progress: progress).run
            func report(_ queries: [String]) throws -> Report {
                try Report(of: run, against: evaluation.qrels.restricted(to: queries), evaluation.measures)
            }
            reports.append((try report(halves.choosing), halves.testing.isEmpty ? nil : try report(halves.testing)))
            return reports.last?.chosen.means[0] ?? 0
        }
        let trials = try PromptSweep(candidates).run(embed: { try embedder.embed($0) }, score: score)
        let measure = evaluation.measures[0]
        let rows = try zip(trials, reports).map { trial, report in
            Row(trial, measure, try Comparison(measure, from: reports[0].chosen, to: report.chosen))
        }
        let order = rows.indices.sorted { (rows[$1].score, $0) < (rows[$0].score, $1) }
        var verdict: Verdict?
        if let best = order.first, let before = reports[0].tested, let after = reports[best].tested {
            let comparison = try Comparison(measure, from: before, to: after)
            verdict = Verdict(
                best: best == 0 ? nil : rows[best], queries: halves.testing.count, score: after.means[0],
                difference: comparison.difference, p: comparison.randomisation,
                helps: comparison.difference > 0 && comparison.randomisation < 0.05)
        }
        return Outcome(rows: order.map { rows[$0] }, queries: halves.choosing.count, verdict: verdict)
    }

    /// The queries that choose and those that test: every other one, or all and none.
    struct Halves {
        let choosing, testing: [String]

        init(_ queries: [String]) {
            guard queries.count >= PromptSweepRun.fewestQueries else {
                (choosing, testing) = (queries, [])
                return
            }
            choosing = queries.indices.filter { $0 % 2 == 0 }.map { queries[$0] }
            testing = queries.indices.filter { $0 % 2 == 1 }.map { queries[$0] }
        }
    }

    /// - Throws: `TrawlError` where the model was not made for candidates that there are.
    private func require(_ isFit: Bool?, unless areNone: Bool, _ what: String) throws {
        guard areNone || isFit == true else {
            throw TrawlError(
                .invalidInput, "the model takes no \(what)", path: path, remedy: "list prompts instead of \(what)")
        }
    }
}

extension PromptSweepRun.Row {
    fileprivate init(_ trial: PromptSweep.Trial, _ measure: Measure, _ comparison: Comparison) {
        var (prompt, instruction): (String?, String?)
        var examples: [InstructionExample]?
        switch trial.choice {
        case .default: break
        case .prompt(let text): prompt = text
        case .task(let task, let shown): (instruction, examples) = (task, shown)
        }
        self.init(
            prompt: prompt, instruction: instruction, examples: examples, measure: measure.description,
            score: trial.score, difference: comparison.difference, p: comparison.tTest)
    }
}

extension PromptSweepRun {
    /// What the queries that did not choose say of the choice.
    public static func conclusion(_ outcome: Outcome) -> String {
        let trials = "\(outcome.rows.count) trials on \(outcome.queries) queries"
        guard let verdict = outcome.verdict else {
            return trials + ", too few to test the choice: test the best on other queries"
        }
        guard verdict.best != nil else { return trials + ": none is better than what is used without them" }
        let more = verdict.difference < 0 ? "less" : "more"
        return trials + "; on \(verdict.queries) other queries the best has \(fixed(verdict.score, 4)), "
            + "\(fixed(abs(verdict.difference), 4)) \(more) than without it (p = \(fixed(verdict.p, 3))): "
            + (verdict.helps ? "it helps" : "none helps")
    }

    /// A table of the trials.
    public static func markdown(_ rows: [Row]) -> String {
        let header = "| \(rows.first?.measure ?? "") | difference | p | before a query |\n|---:|---:|---:|---|\n"
        return header + rows.map(\.markdown).joined()
    }
}

extension PromptSweepRun.Row {
    fileprivate var markdown: String {
        var parts: [String] = []
        if let prompt { parts.append("prompt \"\(prompt)\"") }
        if let instruction { parts.append("instruction \"\(instruction)\"") }
        if let examples, !examples.isEmpty {
            parts.append("examples " + examples.map { "\"\($0.query.prefix(40))\"" }.joined(separator: ", "))
        }
        let numbers = [score, difference, p ?? 1].map { fixed($0, 4) }
        let what = parts.isEmpty ? "as without a sweep" : parts.joined(separator: ", ")
        return "| \(numbers.joined(separator: " | ")) | \(what.replacingOccurrences(of: "\n", with: "\\n")) |\n"
    }
}
