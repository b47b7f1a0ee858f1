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

    /// All trials, the best first.
    ///
    /// - Parameter settings: How to search, but for the prompt of queries.
    /// - Throws: `TrawlError.invalidInput` for candidates that the model was not made for.
    public func run(
        _ index: SearchIndex, _ engine: Engine, _ settings: SearchSettings, _ evaluation: IndexEvaluation,
        progress: any ProgressReporter = .silent
    ) throws -> [Row] {
        let dense = index.recipe.dense
        let embedder = try engine.models.embedder(
            dense.model, precision: settings.dense.queryPrecision ?? dense.precision)
        try require(embedder.template?.takesInstruction, unless: candidates.instructions.isEmpty, "instructions")
        try require(embedder.template?.takesExamples, unless: candidates.examples.isEmpty, "examples")
        var reports: [Report] = []
        func score(_ choice: PromptChoice) throws -> Double {
            var settings = settings
            settings.mode = .dense
            settings.dense.choose(choice)
            let report = try evaluation.evaluate(settings, progress: progress).report
            reports.append(report)
            return report.means[0]
        }
        let trials = try PromptSweep(candidates).run(embed: { try embedder.embed($0) }, score: score)
        let measure = evaluation.measures[0]
        let rows = try zip(trials, reports).map { trial, report in
            Row(trial, measure, try Comparison(measure, from: reports[0], to: report))
        }
        return rows.indices.sorted { (rows[$1].score, $0) < (rows[$0].score, $1) }.map { rows[$0] }
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
