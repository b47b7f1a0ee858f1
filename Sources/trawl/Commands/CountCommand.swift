import ArgumentParser
import Core
import Foundation
import Retrieval

struct CountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count",
        abstract: "Count how often phrases occur in a corpus.",
        discussion: """
            A phrase is looked up as the tokens that the index's tokenizer makes of it behind a space; its count is exact.

            EXAMPLES
              trawl count wikipedia "general relativity"
              trawl count wikipedia "general relativity" "special relativity" --json
              trawl count wikipedia "Black hole" --any-case
            """)

    @Argument(help: "The index: a path or a name.")
    var index: String

    @Argument(help: "Phrases; without any, standard input has one a line.")
    var phrases: [String] = []

    @Flag(help: "Print one JSON object a phrase.")
    var json = false

    @OptionGroup var variants: PhraseOptions

    func run() async throws {
        let phrases = self.phrases.isEmpty ? readLines() : self.phrases
        let counter = try PhraseFinder(index: SearchIndex(path: IndexPath.resolve(index)))
        var total = 0
        for phrase in phrases {
            let found = try counter.find(phrase, anyCase: variants.anyCase, passages: 0, continuations: 0)
            total += found.count
            if json {
                try Output.json(found)
            } else {
                Output.line(phrases.count == 1 ? "\(found.count)" : "\(found.count)\t\(phrase)")
            }
        }
        if total == 0 { throw ExitCode(ExitStatus.noHits) }
    }
}

struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find the passages in which a phrase occurs, and what follows it.",
        discussion: """
            EXAMPLES
              trawl find wikipedia "general relativity"
              trawl find wikipedia "general theory of" -k 3 --next 10 --json
            """)

    @Argument(help: "The index: a path or a name.")
    var index: String

    @Argument(help: "The phrase.")
    var phrase: String

    @Option(name: [.customShort("k"), .long], help: "How many passages to show.")
    var limit = 10

    @Option(help: "How many next tokens to show.")
    var next = 5

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "When to colour: auto, always, never.")
    var color = ColorChoice.auto

    @OptionGroup var variants: PhraseOptions

    func validate() throws {
        if limit < 0 || next < 0 { throw ValidationError("-k and --next must not be negative") }
    }

    func run() async throws {
        let finder = try PhraseFinder(index: SearchIndex(path: IndexPath.resolve(index)))
        let found = try finder.find(phrase, anyCase: variants.anyCase, passages: limit, continuations: next)
        if json {
            try Output.json(found)
        } else {
            let style = Style(color)
            Output.line("\(style.bold(grouped(found.count))) occurrences, \(grouped(found.passageCount)) passages")
            for passage in found.passages {
                let name = passage.document + (passage.passage > 0 ? "#\(passage.passage)" : "")
                Output.line("\(style.title(passage.title.isEmpty ? name : passage.title))  \(style.dim(name))")
                Output.line("   " + Snippet(passage.text, highlights: passage.ranges.map(\.range)).rendered(style))
            }
            if !found.next.isEmpty {
                Output.line(
                    "next: " + found.next.map { "\"\($0.text)\" \(grouped($0.count))" }.joined(separator: "  "))
            }
        }
        if found.count == 0 { throw ExitCode(ExitStatus.noHits) }
    }
}

struct PhraseOptions: ParsableArguments {
    @Flag(help: "Count the phrase in lower case, capitalised and in capitals too.")
    var anyCase = false
}

/// The lines of standard input that are not empty.
private func readLines() -> [String] {
    var lines: [String] = []
    while let line = readLine() { if !line.isEmpty { lines.append(line) } }
    return lines
}
