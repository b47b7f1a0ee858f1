import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEmbeddings
import TrawlEngine
import TrawlEvaluation
import Yams

/// Tries prompts, instructions and examples for an index's embedding model, and says what each is worth.
struct SweepRunner {
    let file: String
    let index: SearchIndex
    /// How to search, but for what stands before queries.
    let options: SearchOptions
    let queries: [Query]
    let qrels: Qrels
    /// The measure that is compared.
    let measure: Measure
    let progress: any ProgressReporter
    let json: Bool

    /// One line of the result as scripts get it.
    private struct Row: Encodable {
        let prompt: String?
        let instruction: String?
        let examples: [InstructionExample]?
        let measure: String
        let score: Double
        /// To what is used without the sweep, with the p-value of a paired t-test.
        let difference: Double
        let p: Double?
    }

    func run() throws {
        let candidates = try readCandidates()
        let embedder = try TextEmbedder(
            folder: ModelCatalogue.path(of: options.recipe.dense.model), precision: options.recipe.dense.precision)
        try require(embedder.template?.takesInstruction, for: candidates.instructions.isEmpty, "instructions")
        try require(embedder.template?.takesExamples, for: candidates.examples.isEmpty, "examples")
        var reports: [Report] = []
        func score(_ choice: PromptChoice) throws -> Double {
            var options = options
            options.recipe.dense = options.recipe.dense.choosing(choice)
            let pipeline = try SearchPipeline(index: index, options: options, progress: progress)
            let report = try Report(of: Run(pipeline.rankDocuments(queries)), against: qrels, [measure])
            reports.append(report)
            return report.means[0]
        }
        let trials = try PromptSweep(candidates).run(embed: { try embedder.embed($0) }, score: score)
        let rows = try zip(trials, reports).map { trial, report in
            row(trial, try Comparison(measure, from: reports[0], to: report))
        }
        let order = rows.indices.sorted { (rows[$1].score, $0) < (rows[$0].score, $1) }
        if json {
            for index in order { try Output.json(rows[index]) }
        } else {
            let header = "| \(measure) | difference | p | before a query |\n|---:|---:|---:|---|\n"
            Output.write(Array((header + order.map { line(rows[$0]) }.joined()).utf8))
            Output.line("\n\(trials.count) trials on \(queries.count) queries; judge the best on other queries")
        }
    }

    /// - Throws: `TrawlError` where the model was not made for candidates that there are.
    private func require(_ isFit: Bool?, for areNone: Bool, _ what: String) throws {
        guard areNone || isFit == true else {
            throw TrawlError(
                .invalidInput, "the model takes no \(what)", path: file, remedy: "list prompts instead of \(what)")
        }
    }

    private func row(_ trial: PromptSweep.Trial, _ comparison: Comparison) -> Row {
        var (prompt, instruction): (String?, String?)
        var examples: [InstructionExample]?
        switch trial.choice {
        case .standard: break
        case .prompt(let text): prompt = text
        case .task(let task, let shown): (instruction, examples) = (task, shown)
        }
        return Row(
            prompt: prompt, instruction: instruction, examples: examples, measure: measure.description,
            score: trial.score, difference: comparison.difference, p: comparison.tTest)
    }

    private func line(_ row: Row) -> String {
        var parts: [String] = []
        if let prompt = row.prompt { parts.append("prompt \"\(prompt)\"") }
        if let instruction = row.instruction { parts.append("instruction \"\(instruction)\"") }
        if let examples = row.examples, !examples.isEmpty {
            parts.append("examples " + examples.map { "\"\($0.query.prefix(40))\"" }.joined(separator: ", "))
        }
        let numbers = [row.score, row.difference, row.p ?? 1].map { String(format: "%.4f", $0) }
        let what = parts.isEmpty ? "as without a sweep" : parts.joined(separator: ", ")
        return "| \(numbers.joined(separator: " | ")) | \(what.replacingOccurrences(of: "\n", with: "\\n")) |\n"
    }

    private func readCandidates() throws -> PromptSweep.Candidates {
        do {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            return try YAMLDecoder().decode(PromptSweep.Candidates.self, from: text)
        } catch let error as TrawlError {
            throw error.at(path: file)
        } catch let DecodingError.dataCorrupted(context) where context.underlyingError is TrawlError {
            throw (context.underlyingError as? TrawlError)?.at(path: file) ?? context.underlyingError
                ?? CocoaError(.coderReadCorrupt)
        } catch {
            throw TrawlError(
                .invalidInput, "the candidates cannot be read", path: file,
                remedy: "write YAML with lists of prompts, instructions or examples (query, passage)", cause: error)
        }
    }
}
