import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Verify the integrity of an index: every structure against its documents.",
        discussion: """
            Exit code 0 when all checks pass, 1 when one fails.

            EXAMPLES
              trawl check wikipedia
              trawl check wikipedia --sample 100
            """)

    @OptionGroup var index: IndexArgument

    @Option(help: ArgumentHelp("How many passages the slow checks verify; 0 for all.", valueName: "n")) var sample = 200

    @Flag(help: "Print one JSON object per check.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if sample < 0 { throw ValidationError("--sample must not be negative") }
    }

    func run() async throws {
        let results = try Engine().check(
            index.path, sample: sample == 0 ? .max : sample, progress: progress.reporter)
        for result in results {
            if json {
                try Output.json(result)
            } else {
                Output.line(
                    "\(result.passed ? "ok  " : "FAIL") \(result.name)"
                        + (result.detail.map { ": \($0.visible)" } ?? ""))
            }
        }
        if !results.allSatisfy(\.passed) { throw ExitCode(1) }
    }
}
