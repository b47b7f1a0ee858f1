import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find the passages in which phrases occur, and what follows them.",
        discussion: """
            Phrases are joined by AND and OR; OR binds tighter. With AND, what is counted are occurrences of the \
            rarest clause in passages that hold the others too, with --within K no further than K tokens away. A \
            phrase that holds another of its clause adds nothing: "York OR New York" counts York. Put a phrase in \
            double quotes when it holds AND or OR as words.

            EXAMPLES
              trawl find wikipedia "general relativity"
              trawl find wikipedia "general theory of" -k 3 --next 10 --json
              trawl find wikipedia "moon AND tide OR tides" --within 20
              trawl find wikipedia "ebb and flow" --any-case
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The phrase, or several.") var phrase: String

    @Option(name: [.customShort("k"), .long], help: "How many passages to show.") var limit = 10

    @Option(help: "How many next tokens to show; a query with AND has none.") var next = 5

    @Flag(help: "Print one JSON object.") var json = false

    @Option(help: "When to colour: auto, always, never.") var color = ColorChoice.auto

    @OptionGroup var options: PhraseOptions

    func validate() throws {
        if limit < 0 || next < 0 { throw ValidationError("-k and --next must not be negative") }
    }

    func run() async throws {
        let query = try PhraseQuery(phrase)
        try self.options.check([query])
        if query.clauses.count > 1, GivenFlags.current.contains("--next") {
            throw ValidationError("--next has no effect with phrases that are joined by AND")
        }
        let finder = try PhraseFinder(index: index.open())
        var options = self.options.options
        options.passages = limit
        options.continuations = next
        let found = try finder.find(query, named: phrase, options)
        if json { try Output.json(found) } else { show(found) }
        if found.count == 0 { throw ExitCode(ExitStatus.noHits) }
    }

    private func show(_ found: PhraseFinder.Result) {
        let style = Style(color)
        Output.line(
            "\(found.isEstimate ? "about " : "")\(style.bold(grouped(found.count))) occurrences, "
                + "\(grouped(found.passageCount)) passages, \(grouped(found.documentCount)) documents"
                + (found.isEstimate ? " (estimates from a sample; --cap reads more)" : ""))
        for passage in found.passages {
            let name = PassageReference(DocumentID(passage.document), passage.passage).description.visibleLine
            Output.line("\(style.title(passage.title.isEmpty ? name : passage.title.visibleLine))  \(style.dim(name))")
            Output.line(
                "   "
                    + Snippet(passage.text, highlights: passage.ranges.map(\.bytes)).rendered(
                        plain: \.visibleLine, highlight: { style.highlight($0.visibleLine) }))
        }
        if !found.next.isEmpty { Output.line("next: " + found.next.map(\.summary).joined(separator: "  ")) }
    }
}

extension PhraseFinder.Continuation {
    /// The token in quotes and its count.
    var summary: String { "\"\(text.visibleLine)\" \(grouped(count))" }
}
