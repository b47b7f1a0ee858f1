import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Verify the integrity of an index: every structure against its documents.",
        discussion: """
            Exit code 0 when all checks pass, 1 when one fails.

            --repair NEW writes what is intact to the new index NEW and leaves the damaged one as it is. Sound segments are \
            copied. Documents of damaged segments are indexed again if they match their checksums, which takes the models \
            that the index was built with; what is lost is listed. Exit code 0 when nothing is lost, 1 when something \
            is, 2 when there is no new index.

            EXAMPLES
              trawl check wikipedia
              trawl check wikipedia --sample 100
              trawl check notes.trawl --repair saved.trawl
            """)

    @OptionGroup var index: IndexArgument

    @Option(help: ArgumentHelp("How many passages the slow checks verify; 0 for all.", valueName: "n")) var sample = 200

    @Option(
        help: ArgumentHelp("Save what is intact as a new index, in this folder.", valueName: "new"))
    var repair: String?

    @Flag(help: "Print one JSON object per check, or one for the repair.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if sample < 0 { throw ValidationError("--sample must not be negative") }
    }

    func run() async throws {
        if let repair { return try save(to: repair) }
        let results = try Engine().check(
            index.path, sample: sample == 0 ? .max : sample, progress: progress.reporter)
        try Self.show(results, json: json)
    }

    /// Prints the results; exits with 1 when one failed.
    static func show(_ results: [CheckResult], json: Bool) throws {
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

    private func save(to output: String) throws {
        let report = try Engine().repair(
            index.path, to: output, sample: sample == 0 ? .max : sample, progress: progress.reporter)
        if json { try Output.json(report) } else { printLines(report) }
        if !report.isComplete { throw ExitCode(1) }
    }

    private func printLines(_ report: RepairReport) {
        for segment in report.segments {
            let documents = counted(segment.documents, "document")
            switch segment.outcome {
            case .copied: Output.line("ok    segment \(segment.segment): \(documents) copied")
            case .rebuilt:
                Output.line(
                    "built segment \(segment.segment): \(documents) indexed again"
                        + (segment.damage.map { "; damaged: \($0.visible)" } ?? ""))
            }
        }
        for segment in report.resurrectedSegments {
            Output.line("LOST  segment \(segment): which documents were deleted; all were saved")
        }
        for problem in report.problems { Output.line("LOST  \(problem.visible)") }
        for lost in report.lost {
            let name =
                lost.document.map { "document \($0.rawValue.visibleLine)" } ?? "a document whose id cannot be read"
            Output.line("LOST  \(name) (number \(lost.number) of segment \(lost.segment))")
        }
        for check in report.unverified { Output.line("?     not verified: \(check.visible)") }
        let index = report.index
        Output.line(
            "\(index.path.visibleLine): \(counted(index.documents, "document")) saved, \(grouped(report.lostDocuments)) lost"
        )
    }
}
