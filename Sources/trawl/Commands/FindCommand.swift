import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find the passages in which phrases occur, and the tokens that follow.",
        discussion: """
            AND and OR join phrases; OR binds tighter. AND counts the occurrences of the rarest clause in passages that \
            contain the other clauses too, with --within N at most N tokens away. A phrase that contains another one of \
            its clause adds nothing: "York OR New York" counts York. A phrase with the word AND or OR must be in \
            double quotes.

            EXAMPLES
              trawl find wikipedia "general relativity"
              trawl find wikipedia "general theory of" -k 3 --next 10 --json
              trawl find wikipedia "moon AND tide OR tides" --within 20
              trawl find wikipedia "ebb and flow" --any-case
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The phrase, or several.") var phrase: String

    @Option(name: [.customShort("k"), .long], help: ArgumentHelp("How many passages to show.", valueName: "n"))
    var limit = 10

    @Option(help: ArgumentHelp("How many next tokens to show; a query with AND has none.", valueName: "n")) var next = 5

    @Flag(help: "Print one JSON object.") var json = false

    @Option(help: ArgumentHelp("When to print colours.", valueName: "when")) var color = ColorChoice.auto

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
        let finder = try index.openToSearch(Engine()).phrases()
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
            "\(found.isEstimate ? "about " : "")\(style.bold(grouped(found.count))) occurrence\(found.count == 1 ? "" : "s"), "
                + "\(counted(found.passageCount, "passage")), \(counted(found.documentCount, "document"))"
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
