import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Show the n-grams of a corpus that the generator writes for a query.",
        discussion: """
            Every n-gram occurs in the corpus. Its weight is high if it is more likely given the query than overall. \
            'trawl query --mode generative' finds the passages that contain the n-grams with the highest weights.

            EXAMPLES
              trawl generate wikipedia "who painted the ceiling of the Sistine Chapel"
              trawl generate wikipedia "tidal forces" --json | jq -r .text
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The query.") var text: String

    @Option(name: [.customShort("k"), .long], help: ArgumentHelp("How many n-grams to show.", valueName: "n"))
    var limit = 25

    @Option(help: ArgumentHelp("How many documents to name per n-gram.", valueName: "n")) var documents = 3

    @Flag(help: "Print one JSON object per n-gram.") var json = false

    @OptionGroup var generative: GenerativeFlags

    @Option(help: ArgumentHelp("When to print colours.", valueName: "when")) var color = ColorChoice.auto

    func validate() throws {
        if limit < 1 { throw ValidationError("-k must be at least 1") }
        if documents < 0 { throw ValidationError("--documents must not be negative") }
    }

    func run() async throws {
        let engine = Engine()
        let index = try index.open(engine)
        var settings = index.settings
        try generative.apply(to: &settings)
        let writer = try NGramWriter(index: index, settings: settings.generative, models: engine.models)
        let keys = try writer.write(text, limit: limit, documentLimit: documents)
        if json {
            for key in keys { try Output.json(key) }
        } else {
            NGramPrinter(style: Style(color)).show(keys)
        }
        if keys.isEmpty {
            if !json { Diagnostics.line("no n-grams for \"\(text)\"") }
            throw ExitCode(ExitStatus.noHits)
        }
    }
}
