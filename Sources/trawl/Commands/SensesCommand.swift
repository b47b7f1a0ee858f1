import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlWorkbench

struct SensesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "senses",
        abstract: "List the senses that a word has in an index.",
        discussion: """
            For each sense: its share of the occurrences, the words that occur in similar contexts, and the passages \
            that are most like it. 'trawl train senses' learns them first. Occurrences are those of the documents as \
            they are now. Words are compared in the form that the index has, mostly without endings: "banks" is "bank".

            --plot draws the senses and their nearest words in two dimensions (principal components).

            EXAMPLES
              trawl train senses scifact
              trawl senses scifact culture
              trawl senses scifact culture --plot culture.svg --json
              trawl query scifact "culture of stem cells" --sense culture#1
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The word.") var word: String

    @Option(help: ArgumentHelp("How many of the nearest words of a sense to show.", valueName: "n")) var words = 10
    @Option(help: ArgumentHelp("How many passages of a sense to show.", valueName: "n")) var passages = 2
    @Option(help: ArgumentHelp("Draw the senses into this file, as SVG.", valueName: "file")) var plot: String?
    @Flag(help: "Print one JSON object.") var json = false
    @Option(help: ArgumentHelp("When to print colours.", valueName: "when")) var color = ColorChoice.auto

    func validate() throws {
        if words < 0 || passages < 0 { throw ValidationError("--words and --passages must not be negative") }
        if plot == "-" { throw ValidationError("--plot - and the senses would both write to standard output") }
    }

    func run() async throws {
        let plot = try plot.map { try OutputFile($0) }
        let index = try self.index.open()
        let found = try WordSenses(word, of: index, neighbours: words, examples: passages)
        try plot?.write(try SensePicture(word, of: index).svg())
        if !found.isCurrent {
            Diagnostics.warning(
                "the documents have changed since the senses were learnt; 'trawl train senses --force' learns them again"
            )
        }
        if json { try Output.json(found) } else { show(found) }
        if found.occurrences == 0 { throw ExitCode(ExitStatus.noHits) }
    }

    private func show(_ found: WordSenses) {
        let style = Style(color)
        Output.line(
            "\(style.bold(found.word.visibleLine))  \(counted(found.occurrences, "occurrence")), "
                + counted(found.senses.count, "sense"))
        for sense in found.senses {
            let name = "\(found.word)#\(sense.sense)".visibleLine
            Output.line(
                "\n\(style.title(name))  " + String(format: "%.0f%%", 100 * sense.share)
                    + style.dim("  " + counted(sense.occurrences, "occurrence")))
            if !sense.neighbours.isEmpty {
                Output.line("   " + sense.neighbours.map(\.word.visibleLine).joined(separator: ", "))
            }
            for example in sense.examples {
                let reference = PassageReference(DocumentID(example.document), example.passage ?? 0)
                let text = Snippet(example.text, highlights: example.ranges.map(\.bytes)).rendered(
                    plain: \.visibleLine, highlight: { style.highlight($0.visibleLine) })
                Output.line("   \(style.dim(reference.description.visibleLine))  \(text)")
            }
        }
    }
}
