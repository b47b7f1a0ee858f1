import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the indexes in ./indexes, $TRAWL_HOME/indexes and the current folder.",
        discussion: """
            EXAMPLES
              trawl ls
              trawl ls --json
            """)

    @Flag(help: "Print one JSON object per index.") var json = false

    func run() async throws {
        for path in IndexCatalogue.all() {
            do {
                let summary = try Engine().open(path).summary
                if json {
                    try Output.json(summary)
                } else {
                    Output.line(
                        "\(path)\t\(grouped(summary.documents)) documents\t\(summary.segments) segments\t\(grouped(summary.bytesOnDisk / 1_000_000)) MB\t"
                            + summary.components.joined(separator: ","))
                }
            } catch {
                Diagnostics.warning("\(error)")
            }
        }
    }
}

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an index, or one of its documents.",
        discussion: """
            EXAMPLES
              trawl show wikipedia
              trawl show wikipedia Photosynthesis
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The id of a document.") var document: String?

    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let index = try self.index.open()
        if let document {
            guard let found = try index.documents.document(DocumentID(document)) else {
                throw TrawlError(.notFound, "no document \"\(document)\"", path: index.path)
            }
            if json {
                try Output.json(found)
            } else {
                if !found.title.isEmpty { Output.line(found.title + "\n") }
                Output.line(found.text)
            }
        } else if json {
            try Output.json(index.summary)
        } else {
            let summary = index.summary
            Output.line("path        \(summary.path)")
            Output.line("documents   \(grouped(summary.documents))" + deleted(summary.deletedDocuments))
            Output.line("passages    \(grouped(summary.passages))" + deleted(summary.deletedPassages))
            Output.line("segments    \(summary.segments)")
            Output.line("size        \(grouped(summary.bytesOnDisk / 1_000_000)) MB")
            Output.line("components  \(summary.components.joined(separator: ", "))")
            for part in try index.partSummaries() {
                Output.line(part.name.padding(toLength: 12, withPad: " ", startingAt: 0) + part.summary)
            }
            for part in try index.sizes() { Output.line("  \(part.name): \(grouped(part.bytes)) bytes") }
            Output.line("\nrecipe\n" + (try RecipeFile(index.recipe, settings: index.settings).yaml()))
        }
    }

    private func deleted(_ count: Int) -> String {
        count > 0 ? "  (\(grouped(count)) deleted, not yet reclaimed)" : ""
    }
}

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

    @Option(help: "How many passages to verify for the costly checks; 0 is all.") var sample = 200

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
                    "\(result.passed ? "ok  " : "FAIL") \(result.name)" + (result.detail.map { ": \($0)" } ?? ""))
            }
        }
        if !results.allSatisfy(\.passed) { throw ExitCode(1) }
    }
}
