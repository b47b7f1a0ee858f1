import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Show the n-grams of a corpus that the generator writes for a query.",
        discussion: """
            Every n-gram occurs in the corpus. Its weight says how much likelier it is behind the query than anywhere; \
            the passages that have the weightiest are what 'trawl query --mode generative' finds.

            EXAMPLES
              trawl generate wikipedia "who painted the ceiling of the Sistine Chapel"
              trawl generate wikipedia "tidal forces" --json | jq -r .text
            """)

    @Argument(help: "The index: a path or a name.")
    var index: String

    @Argument(help: "The query.")
    var text: String

    @Option(name: [.customShort("k"), .long], help: "How many n-grams to show.")
    var limit = 25

    @Option(help: "How many of the documents that have an n-gram to name.")
    var documents = 3

    @Flag(help: "Print one JSON object an n-gram.")
    var json = false

    @OptionGroup var generative: GenerativeFlags

    @Option(help: "When to colour: auto, always, never.")
    var color = ColorChoice.auto

    func validate() throws {
        if limit < 1 { throw ValidationError("-k must be at least 1") }
        if documents < 0 { throw ValidationError("--documents must not be negative") }
    }

    func run() async throws {
        let index = try SearchIndex(path: IndexPath.resolve(self.index))
        var recipe = index.recipe
        try generative.apply(to: &recipe)
        let keys = try NGramWriter(index: index, recipe: recipe).write(text, limit: limit, documentLimit: documents)
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
