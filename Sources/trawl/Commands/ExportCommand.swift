import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the documents of an index as JSON lines.",
        discussion: """
            Each line has id, title, text and metadata; 'trawl index' makes the same documents from it. Numbers have the \
            digits that they had in the input, and keys with several values are arrays. --vectors adds the fields \
            passages (their ranges) and vectors (one per passage); 'trawl index' would read them as metadata.

            EXAMPLES
              trawl export notes --output notes.jsonl
              trawl export wikipedia --where "year>=1999" | zstd > recent.jsonl.zst
              trawl export notes --vectors | jq '.vectors[0]'
            """)

    @OptionGroup var index: IndexArgument

    @OptionGroup var filter: FilterOptions

    @Flag(help: "Add the vector of each passage.") var vectors = false

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The file to write; - for standard output. (default: standard output)", valueName: "file"))
    var output: String?

    @OptionGroup var progress: ProgressOptions

    func run() async throws {
        let file = try OutputFile(output ?? "-")
        let index = try index.open()
        try file.requireNone(of: [index.path])
        let export = try DocumentExport(index, meeting: filter.conditions, vectors: vectors)
        var count = 0
        try file.write { sink throws(TrawlError) in
            do {
                count = try export.forEachLine { try sink.append($0) }
            } catch let error as TrawlError {
                throw error
            } catch {
                throw TrawlError(.io, "the documents cannot be written", path: file.path, cause: error)
            }
        }
        if let output, output != "-", !progress.quiet {
            Diagnostics.line("\(output): \(counted(count, "document"))")
        }
        if count == 0 { throw ExitCode(ExitStatus.noHits) }
    }
}
