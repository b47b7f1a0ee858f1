import ArgumentParser
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlWorkbench

struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List installed models, show one, install others, or measure speed.",
        discussion: """
            EXAMPLES
              trawl models
              trawl models all-MiniLM-L6-v2
              trawl models pull multilingual-e5-small
              trawl models bench all-MiniLM-L6-v2
            """,
        subcommands: [ModelsShowCommand.self, ModelsPullCommand.self, ModelsBenchCommand.self],
        defaultSubcommand: ModelsShowCommand.self)
}

struct ModelsShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "List the models that are installed, or show one.")

    @Argument(help: "A model: a name or a path. (default: all)") var model: String?

    @Flag(help: "Print one JSON object per model.") var json = false

    func run() async throws {
        for name in model.map({ [$0] }) ?? ModelCatalogue.names() {
            do {
                let description = try ModelDescription(model: name)
                if json { try Output.json(description) } else { Output.line(description.text.visible) }
            } catch  where model == nil {
                Diagnostics.warning("\(name): \(error)")
            }
        }
    }
}

struct ModelsBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a model's speed on this machine and the accuracy loss of int8.",
        discussion: """
            f32 and int8 take turns, and the medians are printed. A share is the model's arithmetic speed as a part of \
            the speed that this processor reaches with all data in its caches, measured at the same time. Other \
            programs that run meanwhile make the times longer.

            EXAMPLES
              trawl models bench smollm2-135m-instruct
              trawl models bench all-MiniLM-L6-v2 --texts passages.txt --runs 9
            """)

    @Argument(help: "The model: a name or a path.") var model: String

    @Option(
        help: ArgumentHelp(
            "Texts to run on: lines, or JSON lines with a text field. (default: texts that come with Trawl)",
            valueName: "file"))
    var texts: String?

    @Option(help: ArgumentHelp("How many times each precision runs.", valueName: "n")) var runs = 5

    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs must be at least 1") }
    }

    func run() async throws {
        let path = try ModelCatalogue.path(of: model)
        let texts = try texts.map { try self.texts($0) }
        let benchmark = try ModelBenchmark(path: path, texts: texts, runs: runs)
        if json { try Output.json(benchmark) } else { Output.line(benchmark.text(named: model)) }
    }

    private func texts(_ path: String) throws -> [String] {
        let texts = try TextReader().read(path).map(\.text).filter { !$0.allSatisfy(\.isWhitespace) }
        guard !texts.isEmpty else {
            throw TrawlError(.invalidInput, "there is no text in it", path: path, remedy: "write one text per line")
        }
        return texts
    }
}
