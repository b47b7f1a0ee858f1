import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine

struct CountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count",
        abstract: "Count how often phrases occur in a corpus.",
        discussion: """
            A phrase is tokenized as after a space, and its count is exact. AND and OR join phrases as in 'trawl find'. \
            Several phrases print one line each: count, tab, phrase. '~' marks an estimate.

            EXAMPLES
              trawl count wikipedia "general relativity"
              trawl count wikipedia "general relativity" "special relativity" --json
              trawl count wikipedia "Black hole" --any-case
              trawl count wikipedia "Einstein AND general relativity OR special relativity" --within 20
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The phrases. (default: one per line of standard input)") var phrases: [String] = []

    @Option(
        name: .customLong("phrases"),
        help: ArgumentHelp(
            "A file with one phrase per line (plain, .gz or .zst), a pipe, or - for standard input.",
            valueName: "file"))
    var phraseFile: String?

    @Flag(help: "Print one JSON object per phrase.") var json = false

    @OptionGroup var options: PhraseOptions

    func run() async throws {
        let phrases = try self.phrases.isEmpty ? LineFile.read(phraseFile ?? "-") : self.phrases
        let queries = try phrases.map { try PhraseQuery($0) }
        try options.check(queries)
        let counter = try index.openToSearch(Engine()).phrases()
        var total = 0
        for (phrase, query) in zip(phrases, queries) {
            let found = try counter.count(query, named: phrase, options.options)
            total += found.count
            if json {
                try Output.json(found)
            } else {
                let count = (found.isEstimate ? "~" : "") + "\(found.count)"
                Output.line(phrases.count == 1 ? count : "\(count)\t\(phrase.visibleLine)")
            }
        }
        if total == 0 { throw ExitCode(ExitStatus.noHits) }
    }
}

/// How phrases are looked up.
struct PhraseOptions: ParsableArguments {
    @Flag(help: "Also count the phrase in lower case, capitalised and in capitals.") var anyCase = false

    @Flag(help: "Also count it without a space before it: after a bracket, or at the end of a longer word.")
    var anySpace = false

    @Option(
        help: ArgumentHelp(
            "With AND: the most tokens between the phrases. (default: anywhere in a passage)", valueName: "n"))
    var within: Int?

    @Option(
        help: ArgumentHelp(
            "With --within: the most passages to read. If there are more, a sample is read and counts are estimates.",
            valueName: "n"))
    var cap = 10_000

    func validate() throws {
        if let within, within < 0 { throw ValidationError("--within must not be negative") }
        if cap < 1 { throw ValidationError("--cap must be at least 1") }
    }

    /// - Throws: `ValidationError` for a distance where no query has two clauses to be near each other.
    func check(_ queries: [PhraseQuery]) throws {
        if within != nil, !queries.isEmpty, queries.allSatisfy({ $0.clauses.count < 2 }) {
            throw ValidationError("--within has no effect without phrases that are joined by AND")
        }
    }

    var options: PhraseFinder.Options {
        var options = PhraseFinder.Options()
        options.variants = PhraseVariants(anyCase: anyCase, anySpace: anySpace)
        options.within = within
        options.readLimit = cap
        return options
    }
}
