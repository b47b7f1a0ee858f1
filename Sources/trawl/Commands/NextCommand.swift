import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct NextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next",
        abstract: "Show next-token probabilities after a context in a corpus.",
        discussion: """
            Probabilities are given the longest suffix of the context that occurs in the corpus, of any length: the \
            infinity-gram language model. --text prints the probability of each token of a continuation, with the \
            length and the count of its matching context, and how often the token follows.

            EXAMPLES
              trawl next wikipedia "the general theory of" -k 10
              trawl next wikipedia "the general theory of" --text " relativity"
              trawl next wikipedia "the capital of" --json
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The context. (default: empty, for the most frequent tokens)") var context = ""

    @Option(name: [.customShort("k"), .long], help: ArgumentHelp("How many next tokens to show.", valueName: "n"))
    var limit = 10

    @Option(help: "A continuation whose probability to print; begin it with a space for a new word.") var text: String?

    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        if text?.isEmpty == true { throw ValidationError("--text must not be empty") }
        if limit < 1 { throw ValidationError("-k must be at least 1") }
    }

    func run() async throws {
        let finder = try index.openToSearch(Engine()).phrases()
        if let text { try showProbability(of: text, finder) } else { try showNext(finder) }
    }

    private func showNext(_ finder: any PhraseSearcher) throws {
        let found = try finder.predict(after: context, limit: limit)
        if json { return try Output.json(found) }
        Output.line("\"\(found.context.visibleLine)\" \(grouped(found.count))")
        for next in found.next {
            let share = Double(next.count) / Double(max(1, found.count))
            Output.line("  \(String(format: "%.4f", share))  \(next.summary)")
        }
    }

    private func showProbability(of text: String, _ finder: any PhraseSearcher) throws {
        let found = try finder.probabilities(of: text, after: context)
        guard !found.tokens.isEmpty else {
            throw TrawlError(.invalidInput, "'\(text)' has no tokens", remedy: "give at least one word")
        }
        if json { return try Output.json(found) }
        for step in found.tokens {
            Output.line(
                "\(String(format: "%.4f", step.probability))  \"\(step.text.visibleLine)\"  \(grouped(step.count)) of "
                    + "\(counted(step.contextCount, "occurrence")) after this \(step.contextLength)-token context")
        }
        Output.line("log probability \(String(format: "%.4f", found.logProbability ?? -.infinity))")
    }
}
